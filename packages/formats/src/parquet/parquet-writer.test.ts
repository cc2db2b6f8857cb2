import { describe, expect, it } from '@jest/globals'
import { Arena, batchFromRows, batchToRows, createContext, unlimited } from '@deltaworks/columnar'
import { field, int64, list, schema, string, variant, type Value } from '@deltaworks/schema'
import { MemoryStore } from '@deltaworks/storage'
import { fileScan } from '../file-scan.js'
import { ParquetWriter } from './parquet-writer.js'
import { scanParquet } from './scan-parquet.js'

const context = createContext()
const columns = schema([field('id', int64), field('text', string), field('items', list(string)), field('v', variant)])
const rows = Array.from({ length: 50 }, (_, i): Value[] => [
  i % 7 === 0 ? null : BigInt(i),
  `t${i % 5}`,
  i % 3 === 0 ? null : [`a${i}`, null],
  i % 4 === 0 ? null : `{"n":${i}}`,
])

describe('ParquetWriter', () => {
  it.each(['text', 'binary'] as const)('E-29: writes parts of batches, with variants as %s', async (variants) => {
    const arena = new Arena(context.heap)
    const batch = batchFromRows(arena, columns, rows)
    const writer = new ParquetWriter(context, unlimited, columns, { variants, rowGroupRows: 9 })
    writer.write(batch, 40)
    writer.write(batch, 3, 20)
    writer.write(batch, 3, 0)
    const file = Buffer.concat(writer.finish().parts)
    arena.close()
    const store = new MemoryStore('memory://parts')
    await store.put('x', file, 'overwrite')
    const found: Value[][] = []
    const scan = fileScan({ store, path: 'x', sizeBytes: file.length, schema: columns })
    for await (const part of scanParquet(context, unlimited, scan)) found.push(...batchToRows(context.heap, part))
    expect(found).toEqual([...rows.slice(40), ...rows.slice(3, 23)])
  })
})
