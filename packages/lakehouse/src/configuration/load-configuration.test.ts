import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as z from 'zod/mini'
import { errorOf } from '../testing/test-lake.js'
import { jsonPlaces } from './json-places.js'
import { layeredConfiguration, loadConfiguration } from './load-configuration.js'

const definition = z.strictObject({
  segments: z.strictObject({ high: z.string(), medium: z.string() }),
  families: z.record(z.string(), z.strictObject({ name: z.string(), line: z.optional(z.string()) })),
  top: z.int(),
})

describe('configuration of an environment', () => {
  const folder = mkdtempSync(join(tmpdir(), 'deltaworks-configuration-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  const write = (name: string, value: unknown): void =>
    writeFileSync(join(folder, name), typeof value === 'string' ? value : JSON.stringify(value, null, 2))
  const base = { segments: { high: '10000', medium: '5000' }, families: { S10: { name: 'Cars' } }, top: 10 }
  const load = (environment: string, overrides = {}) =>
    loadConfiguration(folder, environment, definition, { variables: {}, ...overrides })

  beforeEach(() => {
    write('base.json', base)
    write('prod.json', { segments: { high: '20000' }, families: { S12: { name: 'Trains' } } })
  })

  it('O-04 M-119: files, variables and assignments stand over each other, member by member', () => {
    expect(load('prod')).toEqual({
      segments: { high: '20000', medium: '5000' },
      families: { S10: { name: 'Cars' }, S12: { name: 'Trains' } },
      top: 10,
    })
    const variables = { DELTAWORKS_CONFIG__segments__high: '30000', DELTAWORKS_CONFIG__top: '3', OTHER: 'x' }
    expect(load('prod', { variables })).toMatchObject({ segments: { high: '30000', medium: '5000' }, top: 3 })
    expect(load('prod', { variables, assignments: ['top=4', 'families.S12.line=Rail'] })).toMatchObject({
      segments: { high: '30000' },
      families: { S12: { name: 'Trains', line: 'Rail' } },
      top: 4,
    })
  })

  it('O-04 M-119: each value knows where it is from', () => {
    const { origins } = layeredConfiguration(folder, 'prod', { variables: {}, assignments: ['top=4'] })
    const from = Object.fromEntries([...origins].map(([path, layer]) => [path, [layer.name, layer.lines.get(path)]]))
    expect(from).toEqual({
      'segments.high': [join(folder, 'prod.json'), 3],
      'segments.medium': [join(folder, 'base.json'), 4],
      'families.S10.name': [join(folder, 'base.json'), 8],
      'families.S12.name': [join(folder, 'prod.json'), 7],
      top: ['--set top', undefined],
    })
  })

  it.each<[string, unknown, readonly string[], RegExp]>([
    ['a misspelt key', { ...base, tpo: 1 }, [], /unknown key "tpo" \(did you mean "top"\?\) \(line 12\)/i],
    ['a misspelt key within', { segments: { hihg: '1' } }, [], /unknown key "segments\.hihg".*"high".*line 3/i],
    ['a misspelt key in an entry', { families: { A: { nmae: 'x' } } }, [], /families\.A\.nmae.*"name".*line 4/i],
    ['a wrong type', { top: '10' }, [], /"top": .*\(line 2\)/],
    ['a number that is not whole', { top: 1.5 }, [], /"top": .*\(line 2\)/],
    ['null', { segments: null }, [], /"segments": .*\(line 2\)/],
    ['a list', { segments: [] }, [], /"segments": /],
    ['a missing key in an entry', { families: { A: {} } }, [], /"families\.A\.name": .*line 3/],
    ['a wrong value of an assignment', {}, ['top=many'], /"top": .*\(--set top\)/],
    ['an unknown key of an assignment', {}, ['segments.top=1'], /unknown key "segments\.top".*--set segments\.top/],
    ['an assignment that is none', {}, ['top'], /--set top sets nothing/],
    ['no JSON', '{\n  "top": 1,\n}', [], /not JSON \(line 3, column 1/],
    ['an empty file', '', [], /not JSON/],
  ])('O-04: %s is one sentence with its place', async (_, own, assignments, message) => {
    write('prod.json', own)
    const error = await errorOf(() => load('prod', { assignments }))
    expect(error.fault).toBe('usage')
    expect(error.message).toMatch(message)
    expect(error.message).not.toMatch(/\n/)
  })

  it('O-04: an environment that is not there is told with those that are', async () => {
    for (const name of ['production', 'base']) {
      expect((await errorOf(() => load(name))).message).toMatch(/Environments: prod\./)
    }
  })

  it('tells the lines of values, whatever stands in the text', () => {
    const text = '{ "a": "x\\"}",\n "b": [1,\n {"c": true}],\n\n "d": {} }'
    expect([...jsonPlaces(text)]).toEqual([
      ['a', 1],
      ['b', 2],
      ['b.0', 2],
      ['b.1', 3],
      ['b.1.c', 3],
      ['d', 5],
    ])
  })
})
