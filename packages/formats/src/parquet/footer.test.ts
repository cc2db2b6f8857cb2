import { Arena, batchFromRows, batchToRows, createContext, unlimited } from '@deltaworks/columnar'
import { field, float64, int32, string, type Schema, type Value } from '@deltaworks/schema'
import { MemoryStore } from '@deltaworks/storage'
import { fileScan, scanMetrics, type ScanMetrics } from '../file-scan.js'
import { coalesce } from './chunk-loading.js'
import { wholeFileBytes } from './footer.js'
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
    const chunk = (start: number, compressedBytes: number): { start: number; compressedBytes: number } => ({
      start,
      compressedBytes,
    })
    const chunks = [chunk(1_000_000, 10), chunk(4, 100), chunk(150, 50), chunk(5_000_000, 7)]
    expect(coalesce(chunks).map(({ start, end }) => [start, end])).toEqual([
      [4, 200],
      [1_000_000, 1_000_010],
      [5_000_000, 5_000_007],
    ])
  })
})
