import fc from 'fast-check'
import { MemoryStore } from '@deltaworks/storage'
import { decimal, int32, int64, string, type Json } from '@deltaworks/schema'
import { addFromJson, fileKey, type AddFile } from '../actions/add-file.js'
import type { JsonObject } from '../json.js'
import { parseActions } from '../commit-file.js'
import { locationIn } from '../table-location.js'
import { AddLineReader } from './add-lines.js'
import { factsOf } from './file-facts.js'
import { templateOf, viewOf } from './json-template.js'

/* The slow twin is the JSON parser: whatever the columns take in, they must give back as it does. */

const awkward = fc.constantFrom(
  '',
  'a',
  'é',
  '"',
  '\\',
  '%41',
  'a:b',
  '\u2028',
  'null',
  '{"x":1}',
  '{',
  ',',
  '😀',
  '\\"',
  '\n',
)
const text = fc.oneof(fc.string({ maxLength: 8 }), awkward)
const number = fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }))
const bound = fc.oneof(number, text, fc.constant(null), fc.boolean())
const bounds = fc.record({ id: bound, name: bound }, { requiredKeys: [] })
const statistics = fc.record(
  {
    numRecords: fc.oneof(fc.nat(), fc.constant(null)),
    minValues: bounds,
    maxValues: bounds,
    nullCount: fc.record({ id: fc.nat(), name: fc.nat() }, { requiredKeys: [] }),
    tightBounds: fc.boolean(),
  },
  { requiredKeys: [] },
)
const vector = fc.record({
  storageType: fc.constant('i'),
  pathOrInlineDv: text,
  sizeInBytes: fc.nat(),
  cardinality: fc.nat(),
})
const add = fc.record(
  {
    path: fc.oneof(text, fc.uuid()),
    partitionValues: fc.dictionary(fc.constantFrom('day', 'a b'), fc.oneof(text, fc.constant(null)), { maxKeys: 2 }),
    size: fc.oneof(fc.nat(), fc.constant(null), fc.constant('12')),
    modificationTime: fc.nat(),
    dataChange: fc.boolean(),
    stats: fc.oneof(
      statistics.map((s) => JSON.stringify(s)),
      text,
      fc.constant(null),
    ),
    tags: fc.dictionary(fc.constantFrom('t', 'u'), text, { maxKeys: 2 }),
    baseRowId: fc.nat(),
    deletionVector: fc.oneof(fc.constant(null), vector),
    unknown: fc.jsonValue({ maxDepth: 2 }),
  },
  { requiredKeys: ['path', 'partitionValues'] },
)

const location = locationIn(new MemoryStore('lines'), 't')
const parsed = (text: Buffer): AddFile[] => parseActions(location, 'x', text) as AddFile[]

function read(commit: Buffer): AddFile[] {
  const { chunks, others } = new AddLineReader().read(commit)
  const files = chunks.flatMap((chunk) => Array.from({ length: chunk.rowCount }, (_, row) => chunk.file(row)))
  return [...files, ...others.flatMap(({ start, end }) => parsed(commit.subarray(start, end)))]
}

const sorted = (files: readonly AddFile[]): string[] => files.map((file) => JSON.stringify(file)).sort()
const linesOf = (adds: readonly Json[]): Buffer =>
  Buffer.from(adds.map((a) => JSON.stringify({ add: a }) + '\n').join(''))

describe('lines of commits as columns', () => {
  it('D-05: files are what the JSON parser makes of them, whatever stands in the lines', () => {
    fc.assert(
      fc.property(fc.array(add, { maxLength: 12 }), (adds) => {
        const commit = linesOf(adds as unknown as Json[])
        expect(sorted(read(commit))).toEqual(sorted(parsed(commit)))
      }),
      { numRuns: 400 },
    )
  })

  it('D-05: facts are those of the file', () => {
    fc.assert(
      fc.property(fc.array(add, { minLength: 1, maxLength: 8 }), (adds) => {
        const { chunks } = new AddLineReader().read(linesOf(adds as unknown as Json[]))
        for (const chunk of chunks) {
          for (let row = 0; row < chunk.rowCount; row++) {
            const file = chunk.file(row)
            const facts = factsOf(file)
            expect(chunk.columns.text(chunk.pathColumn, row)).toBe(fileKey(file))
            expect(chunk.sizeBytes(row)).toBe(facts.sizeBytes)
            expect(chunk.physicalRowCount(row)).toBe(facts.physicalRowCount)
            for (const name of ['day', 'a b', 'none']) {
              expect(chunk.partitionValue(row, name)).toBe(facts.partitionValue(name))
            }
            for (const type of [int32, int64, string, decimal(9, 2)]) {
              for (const name of ['id', 'name', 'none']) {
                expect(chunk.bounds(row, [name], type)).toEqual(facts.bounds([name], type))
              }
            }
          }
        }
      }),
      { numRuns: 400 },
    )
  })

  it('D-05: most lines of a usual log become columns', () => {
    const line = (i: number): Json => ({
      path: `day=2020-01-0${i % 9}/part-${i}.parquet`,
      partitionValues: { day: `2020-01-0${i % 9}` },
      size: i * 1000,
      modificationTime: i,
      dataChange: true,
      stats: JSON.stringify({ numRecords: i, minValues: { id: -i, name: 'é' }, maxValues: { id: i / 8, name: 'zz' } }),
    })
    const commit = linesOf(Array.from({ length: 500 }, (_, i) => line(i)))
    const { chunks, others } = new AddLineReader().read(commit)
    expect(others).toEqual([])
    expect(chunks.reduce((sum, { rowCount }) => sum + rowCount, 0)).toBe(500)
    expect(chunks.reduce((sum, { heldBytes }) => sum + heldBytes, 0)).toBeLessThan(commit.length / 2)
  })

  it('D-05: lines whose keys stand in ever another order are left to the parser, and those of the next writer are not', () => {
    const keys = ['a', 'b', 'c', 'd', 'e', 'f']
    const line = (i: number, turn: number): Json => {
      const nullCount = Object.fromEntries(keys.map((_, k) => [keys[(k * (turn % 5 === 0 ? 1 : 5) + turn) % 6]!, k]))
      const minValues = Object.fromEntries(keys.map((_, k) => [keys[(k + Math.floor(turn / 6)) % 6]!, i]))
      return { path: `p-${i}`, partitionValues: {}, size: i, stats: JSON.stringify({ nullCount, minValues }) }
    }
    const mixed = linesOf(Array.from({ length: 400 }, (_, i) => line(i, (i * 7) % 36)))
    const alike = linesOf(Array.from({ length: 400 }, (_, i) => line(1000 + i, 0)))
    const reader = new AddLineReader()
    expect(reader.read(mixed).others.length).toBeGreaterThan(200)
    expect(reader.read(alike).others.length).toBeLessThan(130)
    expect(sorted(read(mixed))).toEqual(sorted(parsed(mixed)))
  })

  it('D-05: a template matches exactly its own text', () => {
    const template = templateOf('{"a":1,"b":"x","c":"{\\"d\\":\\"y\\"}"}', ['c'])!
    expect(template.holes.map(({ path }) => path.join('.'))).toEqual(['a', 'b', 'c.d'])
    const matches = (text: string): boolean => {
      const bytes = Buffer.from(text)
      return template.match(bytes, viewOf(bytes), 0, bytes.length, new Int32Array(6), 0)
    }
    expect(matches('{"a":-2.5e9,"b":"","c":"{\\"d\\":\\"zz\\"}"}')).toBe(true)
    for (const other of [
      '{"a":1,"b":"x","c":"{\\"d\\":\\"y\\"}"} ',
      '{"a":,"b":"x","c":"{\\"d\\":\\"y\\"}"}',
      '{"a":"1","b":"x","c":"{\\"d\\":\\"y\\"}"}',
      '{"a":1,"b":"x\\"","c":"{\\"d\\":\\"y\\"}"}',
      '{"a":1,"b":"x","c":"{\\"d\\":\\"y\\\\\\"\\"}"}',
      '{"a":1,"b":null,"c":"{\\"d\\":\\"y\\"}"}',
      '{"a":1,"b":"x","c":"{\\"d\\":\\"y\\"}"',
      '',
    ]) {
      expect(matches(other)).toBe(false)
    }
  })

  it('D-05: what is no object, or has escapes where templates have none, has no template', () => {
    for (const text of ['', '[]', '{"a":[1]}', '{"a\\n":1}', '{"a":"\\u0041"}', '{"a":1', '{"a":1}x', '{a:1}']) {
      expect(templateOf(text)).toBeNull()
    }
    expect(addFromJson(JSON.parse('{"path":"p"}') as JsonObject).path).toBe('p')
  })
})
