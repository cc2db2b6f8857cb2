import { Arena, batchFromRows, batchToRows, createContext, unlimited } from '@deltaworks/columnar'
import {
  boolean,
  decimal,
  field,
  int64,
  isDeltaworksError,
  list,
  map,
  string,
  struct,
  type Schema,
} from '@deltaworks/schema'
import { MemoryStore } from '@deltaworks/storage'
import fc from 'fast-check'
import { fileScan } from '../file-scan.js'
import { readParquetMetadata } from './parquet-metadata.js'
import { ParquetWriter } from './parquet-writer.js'
import { scanParquet } from './scan-parquet.js'
import type { ParquetWriteOptions } from './write-options.js'

const context = createContext({ limitBytes: 512 * 1024 * 1024 })
const store = new MemoryStore('memory://corrupt')
const schema: Schema = {
  fields: [
    field('id', int64, false),
    field('text', string),
    field('flag', boolean),
    field('wide', decimal(38, 2)),
    field('list', list(string)),
    field('map', map(string, struct([field('x', int64)]))),
  ],
}

function sample(options: ParquetWriteOptions): Uint8Array {
  const arena = new Arena(context.heap)
  const rows = Array.from({ length: 400 }, (_, i) => [
    BigInt(i),
    i % 5 === 0 ? null : `text ${i % 40}`,
    i % 3 === 0,
    BigInt(i) * 10n ** 25n,
    i % 4 === 0 ? null : Array.from({ length: i % 4 }, (_, k) => `e${k}`),
    i % 6 === 0 ? null : [[`k${i % 3}`, [i % 2 === 0 ? null : BigInt(i)]]],
  ])
  const writer = new ParquetWriter(context, unlimited, schema, options)
  writer.write(batchFromRows(arena, schema, rows))
  arena.close()
  return new Uint8Array(Buffer.concat(writer.finish().parts))
}

/** Reads everything. @returns the error's code, or '' */
async function read(bytes: Uint8Array): Promise<string> {
  await store.put('x.parquet', bytes, 'overwrite')
  try {
    const scan = fileScan({ store, path: 'x.parquet', sizeBytes: bytes.length, schema })
    for await (const batch of scanParquet(context, unlimited, scan)) batchToRows(context.heap, batch)
    return ''
  } catch (error) {
    if (!isDeltaworksError(error)) throw error
    expect(error.message).toContain('x.parquet')
    return error.code
  }
}

describe('damaged files', () => {
  const whole = sample({})
  const files = [
    whole,
    sample({ compression: 'none' }),
    sample({ compression: 'none', dictionary: false, pageRows: 50 }),
  ]

  it('are told from good ones by their ends', async () => {
    expect(await read(whole)).toBe('')
    expect(await read(new Uint8Array(0))).toBe('DW-FORMAT-0001')
    expect(await read(new TextEncoder().encode('id,name\n1,a\n'))).toBe('DW-FORMAT-0001')
    for (let cut = 1; cut < whole.length; cut += 97) {
      expect(await read(whole.slice(0, whole.length - cut))).toMatch(/^DW-FORMAT-000[12]$/)
    }
    await expect(readParquetMetadata(store, 'x.parquet')).rejects.toMatchObject({
      code: expect.stringMatching(/^DW-FORMAT/),
    })
  })

  it('give rows or a FormatError for any changed bytes, and leak no memory', async () => {
    const change = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }))
    await fc.assert(
      fc.asyncProperty(
        fc.nat(2),
        fc.array(change, { minLength: 1, maxLength: 4 }),
        fc.boolean(),
        async (which, changes, inFooter) => {
          const bytes = files[which]!.slice()
          const footer = new DataView(bytes.buffer).getUint32(bytes.length - 8, true) + 8
          for (const [at, value] of changes) {
            bytes[inFooter ? bytes.length - 1 - (at % footer) : at % (bytes.length - footer)] = value
          }
          expect(await read(bytes)).toMatch(/^$|^DW-FORMAT-000[1-5]$/)
          expect(context.heap.usedBytes).toBe(0)
        },
      ),
      { numRuns: 1500 },
    )
  })
})
