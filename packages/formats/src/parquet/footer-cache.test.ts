import { Arena, batchFromRows, batchToRows, createContext, unlimited } from '@deltaworks/columnar'
import { field, int64, string, type Schema, type Value } from '@deltaworks/schema'
import { MemoryStore } from '@deltaworks/storage'
import { fileScan, scanMetrics } from '../file-scan.js'
import { FooterCache } from './footer-cache.js'
import { ParquetWriter } from './parquet-writer.js'
import { scanParquet } from './scan-parquet.js'

const context = createContext()
const store = new MemoryStore('memory://footers')
const schema: Schema = { fields: [field('i', int64), field('s', string)] }
/** Large enough that the file is not read whole. */
const rows = Array.from({ length: 12_000 }, (_, i): Value[] => [BigInt(i), `${i} ${'x'.repeat(120)}`])

describe('FooterCache', () => {
  let sizeBytes = 0
  beforeAll(async () => {
    const arena = new Arena(context.heap)
    const writer = new ParquetWriter(context, unlimited, schema, { compression: 'none', rowGroupRows: 4000 })
    writer.write(batchFromRows(arena, schema, rows))
    arena.close()
    const file = writer.finish()
    ;({ sizeBytes } = file)
    await store.put('t.parquet', file.parts, 'overwrite')
  })

  const scanGroups = async (footers: FooterCache): Promise<{ found: Value[][]; bytes: number[] }> => {
    const found: Value[][] = []
    const bytes: number[] = []
    for (let first = 0; first < 3; first++) {
      const metrics = scanMetrics()
      const rowGroups = { first, end: first + 1 }
      const scan = fileScan({ store, path: 't.parquet', sizeBytes, schema, rowGroups, footers })
      for await (const batch of scanParquet(context, unlimited, scan, metrics)) {
        found.push(...batchToRows(context.heap, batch))
      }
      bytes.push(metrics.bytesRead)
    }
    return { found, bytes }
  }

  it('E-27: reads the footer of a file that is scanned in parts once', async () => {
    const { found, bytes } = await scanGroups(new FooterCache())
    expect(found).toEqual(rows)
    expect(bytes[0]! - bytes[1]!).toBeGreaterThan(60_000)
    expect(Math.abs(bytes[1]! - bytes[2]!)).toBeLessThan(5000)
  })

  it('E-27: keeps no footer that could not be read', async () => {
    const footers = new FooterCache()
    const path = 'late.parquet'
    await store.put(path, new Uint8Array(2_000_000), 'overwrite')
    await expect(footers.open(store, path, 2_000_000)).rejects.toMatchObject({ code: 'DW-FORMAT-0001' })
    await store.put(path, await store.get('t.parquet'), 'overwrite')
    expect((await footers.open(store, path, sizeBytes)).metadata.rowCount).toBe(12_000)
  })
})
