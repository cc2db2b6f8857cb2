import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Arena, batchFromRows, batchToRows, createContext, unlimited } from '@deltaworks/columnar'
import { decimal, field, int32, int64, list, string, timestamp, type Schema, type Value } from '@deltaworks/schema'
import { FileStore } from '@deltaworks/storage'
import { DuckDBInstance } from '@duckdb/node-api'
import fc from 'fast-check'
import { fileScan } from '../file-scan.js'
import { tableOf } from '../testing/random-tables.js'
import { FooterCache } from './footer-cache.js'
import { openParquet } from './footer.js'
import { ParquetSplicer } from './parquet-splicer.js'
import { ParquetWriter } from './parquet-writer.js'
import { scanParquet } from './scan-parquet.js'
import { spliceSource, type SpliceFile, type SpliceSource } from './splice-source.js'
import type { ParquetWriteOptions } from './write-options.js'

const folder = mkdtempSync(join(tmpdir(), 'deltaworks-splice-'))
const context = createContext()
const store = new FileStore(folder)
afterAll(() => rmSync(folder, { recursive: true }))

async function write(
  path: string,
  schema: Schema,
  rows: readonly (readonly Value[])[],
  options: ParquetWriteOptions = {},
): Promise<SpliceFile> {
  const arena = new Arena(context.heap)
  const writer = new ParquetWriter(context, unlimited, schema, options)
  writer.write(batchFromRows(arena, schema, rows))
  arena.close()
  const { parts, sizeBytes } = writer.finish()
  await store.put(path, parts, 'overwrite')
  return { store, path, sizeBytes, constants: {}, physicalNames: null }
}

/** All sources in one file, which is returned as what reads it. */
async function splice(sources: readonly SpliceSource[]): Promise<SpliceFile> {
  const parts: Uint8Array[] = []
  const splicer = new ParquetSplicer(context, sources[0]!, async (part) => void parts.push(part))
  for (const source of sources) for (const group of source.rowGroups) await splicer.append(source, group)
  const { sizeBytes } = await splicer.finish()
  splicer.close()
  await store.put('spliced.parquet', parts, 'overwrite')
  expect((await store.head('spliced.parquet')).sizeBytes).toBe(sizeBytes)
  return { store, path: 'spliced.parquet', sizeBytes, constants: {}, physicalNames: null }
}

async function read({ path, sizeBytes }: SpliceFile, schema: Schema): Promise<Value[][]> {
  const rows: Value[][] = []
  for await (const batch of scanParquet(context, unlimited, fileScan({ store, path, sizeBytes, schema })))
    rows.push(...batchToRows(context.heap, batch))
  return rows
}

async function duck(sql: string): Promise<unknown[][]> {
  const connection = await (await DuckDBInstance.create(':memory:')).connect()
  try {
    return (await connection.runAndReadAll(sql)).getRowsJson()
  } finally {
    connection.closeSync()
  }
}

const repackedIn = ({ rowGroups }: SpliceSource): number =>
  rowGroups[0]?.chunks.filter((chunk) => chunk?.kind === 'repacked').length ?? 0

const schema: Schema = {
  fields: [field('id', int64, false), field('name', string), field('at', timestamp), field('price', decimal(12, 2))],
}
const row = (i: number): Value[] => [
  BigInt(i) * 7919n,
  i % 5 === 0 ? null : `name ${i % 40}`,
  BigInt(i) * 1_000_003n,
  i % 7 === 0 ? null : BigInt((i * 104_729) % 100_000),
]
const rowsFrom = (first: number, count: number): Value[][] => Array.from({ length: count }, (_, i) => row(first + i))

describe('row groups of several files in one', () => {
  it('W-04: rows of any tables come out as they went in, those of one file after those of the other', async () => {
    const options = fc.record({
      compression: fc.constantFrom('snappy', 'none', 'gzip', 'zstd' as const, 'lz4_raw'),
      pageVersion: fc.constantFrom(1, 2),
      encoding: fc.constantFrom('auto', 'plain'),
      rowGroupRows: fc.constantFrom(1_048_576, 7),
      pageRows: fc.constantFrom(16_384, 3),
      dictionary: fc.boolean(),
    }) as fc.Arbitrary<ParquetWriteOptions>
    let [copied, made] = [0, 0]
    await fc.assert(
      fc.asyncProperty(tableOf(2), options, options, async (table, first, second) => {
        const isZstd = [first, second].some(({ compression }) => compression === 'zstd')
        if (isZstd && !('zstdCompressSync' in (await import('node:zlib')))) return
        const footers = new FooterCache()
        const halves = [table.rows.slice(0, table.rows.length >> 1), table.rows.slice(table.rows.length >> 1)]
        const sources: (SpliceSource | null)[] = []
        for (const [i, half] of halves.entries()) {
          const file = await write(`half-${i}.parquet`, table.schema, half, i === 0 ? first : second)
          sources.push(await spliceSource(file, table.schema, footers))
        }
        const whole = sources.filter((source) => source !== null)
        copied += whole.reduce((sum, source) => sum + source.schema.fields.length - source.made.fields.length, 0)
        made += whole.reduce((sum, source) => sum + source.made.fields.length, 0)
        if (whole.length === 2) expect(await read(await splice(whole), table.schema)).toEqual(table.rows)
      }),
      { numRuns: 60 },
    )
    expect(copied).toBeGreaterThan(20)
    expect(made).toBeGreaterThan(20)
  })

  it('W-04: pages in DELTA_BINARY_PACKED become plain ones, with their nulls, and another engine reads them', async () => {
    const numbers: Schema = {
      fields: [field('id', int64, false), field('day', int32), field('price', decimal(12, 2)), field('at', timestamp)],
    }
    // Near ones, far ones, equal ones, nulls, and the ends of the range.
    const valueOf = (i: number): bigint =>
      i % 1000 === 0
        ? i % 2000 === 0
          ? 2n ** 63n - 1n
          : -(2n ** 63n)
        : BigInt(Math.floor(i / 3)) * BigInt(i % 2 === 0 ? 1 : 65_537)
    const rows = Array.from({ length: 12_000 }, (_, i): Value[] => [
      valueOf(i),
      i % 7 === 0 ? null : i - 6000,
      i > 6000 && i < 11_000 ? null : BigInt((i * 7919) % 100_000) - 50_000n,
      BigInt(i >> 4) * 86_400_000_000n,
    ])
    const columns = Object.fromEntries(
      numbers.fields.map(({ name }) => [name, { dictionary: false, encoding: 'delta_binary_packed' as const }]),
    )
    for (const compression of ['snappy', 'gzip', 'none'] as const) {
      const file = await write('delta.parquet', numbers, rows, { columns, compression, pageRows: 900 })
      const source = (await spliceSource(file, numbers, new FooterCache()))!
      expect([repackedIn(source), source.made.fields]).toEqual([4, []])
      const spliced = await splice([source])
      expect(await read(spliced, numbers)).toEqual(rows)
      const { metadata } = await openParquet(store, spliced.path)
      const used = metadata.rowGroups[0]!.columns.map(({ dataPages }) => dataPages)
      expect(used).toEqual(numbers.fields.map(() => [{ type: 0, encoding: 0, count: 14 }]))
      const facts = (path: string) =>
        duck(
          `select count(*), count("day"), count(price), sum(id::hugeint), sum("day"), sum(price), sum(hash(id, "day", price, "at")::hugeint) from read_parquet('${join(folder, path)}')`,
        )
      expect(await facts(spliced.path)).toEqual(await facts('delta.parquet'))
    }
  })

  it('damaged pages in DELTA_BINARY_PACKED are told, never anything else', async () => {
    const numbers: Schema = { fields: [field('id', int64, false), field('price', decimal(12, 2))] }
    const rows = Array.from({ length: 2000 }, (_, i): Value[] => [BigInt(i) * 3n, i % 9 === 0 ? null : BigInt(i % 777)])
    const columns = Object.fromEntries(
      numbers.fields.map(({ name }) => [name, { dictionary: false, encoding: 'delta_binary_packed' as const }]),
    )
    const file = await write('whole.parquet', numbers, rows, { columns, compression: 'none', pageRows: 500 })
    const bytes = await store.get(file.path)
    const source = (await spliceSource(file, numbers, new FooterCache()))!
    const { start, end } = source.rowGroups[0]!.chunks[0]!.range
    let told = 0
    for (let at = start; at < Math.min(end, start + 60); at++) {
      for (const value of [0, 0x7f, 0xff]) {
        const damaged = Uint8Array.from(bytes)
        damaged[at] = value
        await store.put('damaged.parquet', [damaged], 'overwrite')
        const broken = { ...source, file: { ...file, path: 'damaged.parquet' }, footers: new FooterCache() }
        await splice([broken]).catch((error: unknown) => {
          told++
          expect(error).toMatchObject({ code: expect.stringMatching(/^DW-FORMAT-/) as string })
        })
      }
    }
    expect(told).toBeGreaterThan(20)
  })

  it('W-04: the bytes of chunks are copied, and another engine reads them', async () => {
    const files = [
      await write('a.parquet', schema, rowsFrom(0, 30_000), { encoding: 'plain', rowGroupRows: 12_000 }),
      await write('b.parquet', schema, rowsFrom(30_000, 20_000), { encoding: 'plain', compression: 'gzip' }),
    ]
    const sources = (await Promise.all(files.map((file) => spliceSource(file, schema, new FooterCache())))).map(
      (source) => source!,
    )
    expect(sources.map(({ made }) => made.fields.length)).toEqual([0, 0])
    const spliced = await splice(sources)
    const { metadata } = await openParquet(store, spliced.path)
    expect(metadata.rowGroups.map(({ rowCount }) => rowCount)).toEqual([12_000, 12_000, 6000, 20_000])
    const bytes = await store.get(spliced.path)
    const original = await store.get('a.parquet')
    const [from, to] = [sources[0]!.rowGroups[1]!.chunks[1]!.range, metadata.rowGroups[1]!.columns[1]!]
    expect(
      Buffer.compare(bytes.subarray(to.start, to.start + to.compressedBytes), original.subarray(from.start, from.end)),
    ).toBe(0)
    const facts = (names: string) =>
      duck(
        `select count(*), count(name), sum(id), sum(price), max("at"), sum(hash(name)) from read_parquet([${names}])`,
      )
    expect(await facts(`'${join(folder, spliced.path)}'`)).toEqual(
      await facts(`'${join(folder, 'a.parquet')}', '${join(folder, 'b.parquet')}'`),
    )
  })

  it('W-04: columns that the file lacks are made: partition values, new columns, other encodings, wider types', async () => {
    const inFile: Schema = { fields: [field('renamed', int64), field('day', int32), field('small', int32)] }
    const count = 20_000
    const rows = Array.from({ length: count }, (_, i): Value[] => [BigInt(i), i % 365, i])
    const wanted: Schema = {
      fields: [
        field('month', string),
        field('id', int64),
        field('day', int32),
        field('new', string),
        field('small', int64),
        field('none', list(string)),
      ],
    }
    const written = await write('c.parquet', inFile, rows, { encoding: 'plain' })
    const file = { ...written, constants: { month: '2024-05' }, physicalNames: { id: 'renamed' } }
    const source = (await spliceSource(file, wanted, new FooterCache()))!
    expect(source.made.fields.map(({ name }) => name)).toEqual(['month', 'new', 'small', 'none'])
    const found = await read(await splice([source]), wanted)
    expect(found).toEqual(rows.map(([id, day, small]) => ['2024-05', id, day, null, BigInt(small as number), null]))
  })

  it('a file that would mostly be decoded is left to those who do that on many threads', async () => {
    const file = await write('v2.parquet', schema, rowsFrom(0, 5000), { pageVersion: 2 })
    expect(await spliceSource(file, schema, new FooterCache())).toBeNull()
  })

  it('files whose pages allow nulls in different columns do not go into one file', async () => {
    const strict: Schema = { fields: schema.fields.map((each) => ({ ...each, nullable: false })) }
    const full = rowsFrom(1, 4).filter((values) => !values.includes(null))
    const sources = [
      await spliceSource(await write('d.parquet', schema, full), schema, new FooterCache()),
      await spliceSource(await write('e.parquet', strict, full), schema, new FooterCache()),
    ].map((source) => source!)
    expect(sources[0]!.nulls).not.toBe(sources[1]!.nulls)
    await expect(splice(sources)).rejects.toThrow(TypeError)
    expect(await read(await splice([sources[1]!]), schema)).toEqual(full)
  })

  it('a file that another engine wrote', async () => {
    const path = join(folder, 'duck.parquet')
    await duck(
      `copy (select i::bigint as id, 'n' || (i % 9) as name, make_timestamptz(i * 1000003) as "at", (i % 77)::decimal(12,2) as price from range(20000) r(i)) to '${path}' (format parquet)`,
    )
    const { sizeBytes } = await store.head('duck.parquet')
    const file = { store, path: 'duck.parquet', sizeBytes, constants: {}, physicalNames: null }
    const source = await spliceSource(file, schema, new FooterCache())
    // It tells nothing of its pages: who cannot tell copies nothing.
    if (source === null) return
    expect(await read(await splice([source]), schema)).toEqual(await read(file, schema))
  })
})
