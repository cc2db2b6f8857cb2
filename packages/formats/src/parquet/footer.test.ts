import { Arena, batchFromRows, batchToRows, createContext, unlimited } from '@deltaworks/columnar'
import { field, float64, int32, string, type Schema, type Value } from '@deltaworks/schema'
import { MemoryStore } from '@deltaworks/storage'
import { fileScan, scanMetrics, type ScanMetrics } from '../file-scan.js'
import { fetchPlan, type FetchChunk } from './fetch-plan.js'
import { wholeFileBytes } from './footer.js'
import type { PageLocation } from './page-index.js'
import { ParquetWriter } from './parquet-writer.js'
import { scanParquet } from './scan-parquet.js'
import type { ParquetWriteOptions } from './write-options.js'

const context = createContext()
const store = new MemoryStore('memory://footer')
const schema: Schema = { fields: [field('a', int32), field('b', string), field('c', float64)] }

async function write(rowCount: number, options: ParquetWriteOptions): Promise<{ sizeBytes: number; rows: Value[][] }> {
  const rows = Array.from({ length: rowCount }, (_, i): Value[] => [i, `text ${i * 7919} ${i * 104_729}`, i / 3])
  const arena = new Arena(context.heap)
  const writer = new ParquetWriter(context, unlimited, schema, options)
  writer.write(batchFromRows(arena, schema, rows))
  arena.close()
  const parts: Uint8Array[] = []
  const file = writer.finish()
  parts.push(...file.parts)
  await store.put('f.parquet', parts, 'overwrite')
  return { sizeBytes: file.sizeBytes, rows }
}

async function read(sizeBytes: number, names: readonly string[]): Promise<{ rows: Value[][]; metrics: ScanMetrics }> {
  const wanted = { fields: schema.fields.filter(({ name }) => names.includes(name)) }
  const metrics = scanMetrics()
  const rows: Value[][] = []
  const scan = fileScan({ store, path: 'f.parquet', sizeBytes, schema: wanted })
  for await (const batch of scanParquet(context, unlimited, scan, metrics))
    rows.push(...batchToRows(context.heap, batch))
  return { rows, metrics }
}

describe('what is read of a file', () => {
  it('a small one at once', async () => {
    const { sizeBytes, rows } = await write(1000, {})
    expect(sizeBytes).toBeLessThan(wholeFileBytes)
    const { rows: found, metrics } = await read(sizeBytes, ['a', 'b', 'c'])
    expect(found).toEqual(rows)
    expect(metrics.bytesRead).toBe(sizeBytes)
  })

  it('a large one: its end, and the columns asked for', async () => {
    const { sizeBytes, rows } = await write(60_000, { compression: 'none', rowGroupRows: 25_000 })
    expect(sizeBytes).toBeGreaterThan(wholeFileBytes)
    const { rows: found, metrics } = await read(sizeBytes, ['a'])
    expect(found).toEqual(rows.map(([a]) => [a]))
    expect(metrics.bytesRead).toBeLessThan(60_000 * 4 + 2 * 65_536)
    expect((await read(sizeBytes, ['a', 'b', 'c'])).rows).toEqual(rows)
    expect(context.heap.usedBytes).toBe(0)
  })

  it('a footer that is longer than what is read at first', async () => {
    const { sizeBytes, rows } = await write(4000, { rowGroupRows: 1 })
    expect(sizeBytes).toBeGreaterThan(wholeFileBytes)
    expect((await read(sizeBytes, ['a', 'c'])).rows).toEqual(rows.map(([a, , c]) => [a, c]))
  })

  it('chunks that lie close together in one request', () => {
    const chunk = (start: number, compressedBytes: number): FetchChunk => ({
      chunk: { start, compressedBytes },
      pages: null,
    })
    const chunks = [chunk(1_000_000, 10), chunk(4, 100), chunk(150, 50), chunk(5_000_000, 7)]
    expect(fetchPlan(chunks, null, 100)).toEqual({
      requests: [
        { start: 4, end: 200 },
        { start: 1_000_000, end: 1_000_010 },
        { start: 5_000_000, end: 5_000_007 },
      ],
      chunks: [
        [{ start: 1_000_000, end: 1_000_010, firstRow: 0 }],
        [{ start: 4, end: 104, firstRow: 0 }],
        [{ start: 150, end: 200, firstRow: 0 }],
        [{ start: 5_000_000, end: 5_000_007, firstRow: 0 }],
      ],
      pagesTotal: 0,
      pagesSkipped: 0,
    })
  })

  it('E-33: only pages that have wanted rows, and the dictionary before them', () => {
    const page = (offset: number, sizeBytes: number, firstRow: number): PageLocation => ({
      offset,
      sizeBytes,
      firstRow,
    })
    const pages = [
      page(600_000, 1000, 0),
      page(601_000, 900_000, 100),
      page(1_501_000, 500, 200),
      page(1_501_500, 500, 300),
    ]
    const chunk = { start: 500_000, compressedBytes: 1_002_000 }
    const rows = [
      { start: 50, end: 60 },
      { start: 250, end: 400 },
    ]
    expect(fetchPlan([{ chunk, pages }], rows, 400)).toEqual({
      requests: [
        { start: 500_000, end: 601_000 },
        { start: 1_501_000, end: 1_502_000 },
      ],
      chunks: [
        [
          { start: 500_000, end: 601_000, firstRow: 0 },
          { start: 1_501_000, end: 1_502_000, firstRow: 200 },
        ],
      ],
      pagesTotal: 4,
      pagesSkipped: 1,
    })
  })
})
