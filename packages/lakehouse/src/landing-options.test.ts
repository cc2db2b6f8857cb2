import { existsSync, readdirSync, readFileSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod/mini'
import { bigint, integer, string } from './column-definition.js'
import { defineLakehouse } from './lakehouse-definition.js'
import type { LandingSelection } from './landing.js'
import { quarantinePath } from './quarantine.js'
import { runLakehouse } from './run.js'
import { csvFiles } from './source-definition.js'
import { defineTable } from './table-definition.js'
import { errorOf, testClock, TestLake } from './testing/test-lake.js'

type SourceOptions = NonNullable<Parameters<typeof csvFiles>[1]>

/** One raw table, whose source has the given options. */
function stock(options: SourceOptions = {}, pattern = '**/stock*.csv') {
  const kept = options.corruptColumn === undefined ? {} : { [options.corruptColumn]: string().derived() }
  const table = defineTable({
    name: 'stock',
    layer: 'raw',
    columns: { id: bigint(), items: integer(), ...kept },
    source: csvFiles(pattern, options),
  })
  return defineLakehouse({
    name: 'stock',
    description: 'For tests.',
    tables: [table],
    configuration: z.strictObject({}),
    environments: '.',
  })
}

const lines = (...rows: readonly string[]): string => `id,items\n${rows.map((row) => `${row}\n`).join('')}`

describe.each([
  ['in memory', undefined],
  ['streamed', 0],
])('landing options, %s', (_, inMemoryBytes) => {
  let lake: TestLake
  beforeEach(() => {
    lake = new TestLake()
  })
  afterEach(() => lake.close())
  const run = (options: SourceOptions = {}, selection: LandingSelection = {}, nowMicros = testClock) =>
    runLakehouse({
      ...lake.options(stock(options), {}, nowMicros),
      selection,
      ...(inMemoryBytes === undefined ? {} : { inMemoryBytes }),
    })
  const rows = () => lake.rows('raw/stock', 'id', 'items')
  const landed = (): string[] =>
    readdirSync(lake.landing, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.csv/.test(name))
      .sort()

  describe('malformed rows', () => {
    const dirty = lines('1,10', 'x,20', '3,30', '4,lots')

    it('M-008 M-019: are dropped and counted', async () => {
      lake.land('stock.csv', dirty)
      const result = await run({ malformed: 'drop' })
      expect(await rows()).toEqual(['{"id":1,"items":10}', '{"id":3,"items":30}'])
      expect(result.steps[0]).toMatchObject({
        rowsIn: 4,
        rowsOut: 2,
        rowsQuarantined: 0,
        note: '2 malformed rows dropped',
      })
      expect((await errorOf(() => lake.open(quarantinePath))).code).toBe('DW-DELTA-0001')
    })

    it('M-008 M-019: are kept, with nulls and their text', async () => {
      lake.land('stock.csv', dirty)
      const result = await run({ malformed: 'keep', corruptColumn: 'corrupt' })
      expect(await lake.rows('raw/stock', 'id', 'items', 'corrupt')).toEqual([
        '{"id":1,"items":10,"corrupt":null}',
        '{"id":3,"items":30,"corrupt":null}',
        '{"id":4,"items":null,"corrupt":"4,lots"}',
        '{"id":null,"items":20,"corrupt":"x,20"}',
      ])
      expect(result.steps[0]).toMatchObject({ note: '2 malformed rows kept' })
    })

    it('M-008 M-019: fail the run at the first, before anything is written', async () => {
      lake.land('stock.csv', dirty)
      const error = await errorOf(() => run({ malformed: 'fail' }))
      expect(error).toMatchObject({ code: 'DW-LAKEHOUSE-0014', fault: 'data' })
      expect(error.message).toMatch(/^stock\.csv, line 3, .*id.*1 more/)
      expect(lake.files()).toEqual([])
    })

    it('M-018: the column for their text must be one that no file has', () => {
      const define = (options: SourceOptions) => () =>
        defineTable({ name: 't', layer: 'raw', columns: { a: string() }, source: csvFiles('t.csv', options) })
      expect(define({ malformed: 'keep', corruptColumn: 'a' })).toThrow(/derived/)
      expect(define({ malformed: 'keep', corruptColumn: 'none' })).toThrow(/derived/)
      expect(define({ corruptColumn: 'a' })).toThrow(/malformed/)
    })
  })

  describe('selection', () => {
    beforeEach(() => {
      for (const [name, day] of [
        ['a/stock_1.csv', 1],
        ['a/stock_2.csv', 2],
        ['b/stock_3.csv', 3],
      ] as const) {
        lake.land(name, lines(`${day},${day * 10}`))
        const time = new Date(`2026-01-0${day}T12:00:00Z`)
        utimesSync(join(lake.landing, name), time, time)
      }
    })
    const ms = (text: string): number => Date.parse(text)

    it('M-011: since and until take the files delivered then; the others wait for a later run', async () => {
      await run({}, { sinceMs: ms('2026-01-02T00:00:00Z'), untilMs: ms('2026-01-03T12:00:00Z') })
      expect(await rows()).toEqual(['{"id":2,"items":20}'])
      await run({}, { sinceMs: ms('2026-01-03T12:00:00Z') })
      expect(await rows()).toEqual(['{"id":2,"items":20}', '{"id":3,"items":30}'])
      await run()
      expect(await rows()).toHaveLength(3)
    })

    it('M-011: files are taken by globs; none of them is no mistake if the source has others', async () => {
      await run({}, { files: ['b/*', '*/stock_1.csv'] })
      expect(await rows()).toEqual(['{"id":1,"items":10}', '{"id":3,"items":30}'])
      expect((await run({}, { files: ['c/*'] })).status).toBe('unchanged')
    })

    it('M-011: reprocessing replaces the rows of the selected files, and doubles none', async () => {
      await run()
      const before = await lake.version('raw/stock')
      const again = await run({}, { files: ['a/*'], reprocess: true })
      expect(again.files.map((file) => [file.path, file.state])).toEqual([
        ['a/stock_1.csv', 'again'],
        ['a/stock_2.csv', 'again'],
      ])
      expect(await rows()).toHaveLength(3)
      expect(await lake.version('raw/stock')).toBe(before + 1)
      expect((await run()).status).toBe('unchanged')
    })
  })

  describe('after the commit', () => {
    it('M-007: files are kept, unless their source says otherwise', async () => {
      lake.land('stock.csv', lines('1,10'))
      await run()
      expect(landed()).toEqual(['stock.csv'])
    })

    it('M-007 M-011: files are archived, never over another, and not ingested from there', async () => {
      lake.land('in/stock.csv', lines('1,10'))
      await run({ afterIngest: 'archive' })
      expect(landed()).toEqual(['_archive/2026-01-01/in/stock.csv'])
      lake.land('in/stock.csv', lines('1,11', '2,20'))
      await run({ afterIngest: 'archive' })
      const [first, second] = landed()
      expect(readFileSync(join(lake.landing, first!), 'utf8')).toBe(lines('1,10'))
      expect(readFileSync(join(lake.landing, second!), 'utf8')).toBe(lines('1,11', '2,20'))
      expect(await rows()).toEqual(['{"id":1,"items":11}', '{"id":2,"items":20}'])
      expect((await run({ afterIngest: 'archive' })).status).toBe('unchanged')
      // What was delivered again is known, and goes to the archive without being ingested.
      lake.land('in/stock.csv', lines('1,11', '2,20'))
      expect((await run({ afterIngest: 'archive' })).status).toBe('unchanged')
      expect(existsSync(join(lake.landing, 'in/stock.csv'))).toBe(false)
      expect(await rows()).toHaveLength(2)
    })

    it('M-007: files are deleted, but not before their rows are committed', async () => {
      lake.land('stock.csv', lines('1,10', 'x,x', 'y,y'))
      expect((await errorOf(() => run({ afterIngest: 'delete' }))).code).toBe('DW-LAKEHOUSE-0010')
      expect(landed()).toEqual(['stock.csv'])
      await run({ afterIngest: 'delete', maxMalformed: 1 })
      expect([landed(), await rows()]).toEqual([[], ['{"id":1,"items":10}']])
    })
  })
})
