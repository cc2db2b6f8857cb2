import { Arena, batchFromRows, batchToRows, createContext, unlimited } from '@deltaworks/columnar'
import { field, int32, int64, list, string, struct, type Schema, type Value } from '@deltaworks/schema'
import { MemoryStore } from '@deltaworks/storage'
import { tableFromIPC } from 'apache-arrow'
import fc from 'fast-check'
import { fileScan } from '../file-scan.js'
import { tableOf } from '../testing/random-tables.js'
import { readArrowSchema, scanArrow } from './scan-arrow.js'
import { writeArrow, type ArrowWriteOptions } from './write-arrow.js'

const context = createContext()
const store = new MemoryStore('memory://arrow')

async function write(
  schema: Schema,
  rows: readonly (readonly Value[])[],
  options: ArrowWriteOptions,
  batchRows = 50,
): Promise<Uint8Array<ArrayBuffer>> {
  const arena = new Arena(context.heap)
  function* batches(): Generator<ReturnType<typeof batchFromRows>> {
    for (let at = 0; at < rows.length; at += batchRows) {
      yield batchFromRows(arena, schema, rows.slice(at, at + batchRows))
    }
  }
  const parts: Uint8Array[] = []
  for await (const part of writeArrow(context, unlimited, schema, batches(), options)) parts.push(part)
  arena.close()
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

async function read(bytes: Uint8Array, schema: Schema, batchRows: number): Promise<Value[][]> {
  await store.put('x.arrow', bytes, 'overwrite')
  const scan = fileScan({ store, path: 'x.arrow', sizeBytes: bytes.length, schema, batchRows })
  const rows: Value[][] = []
  for await (const batch of scanArrow(context, unlimited, scan)) rows.push(...batchToRows(context.heap, batch))
  return rows
}

const options: fc.Arbitrary<ArrowWriteOptions> = fc.record({
  form: fc.constantFrom('stream', 'file'),
  compression: fc.constantFrom('none', 'lz4'),
})

describe('Arrow IPC', () => {
  it('E-31: any types in each other, streams and files, compressed or not, come back as they were', async () => {
    await fc.assert(
      fc.asyncProperty(tableOf(3), options, fc.constantFrom(16_384, 7), async ({ schema, rows }, how, batchRows) => {
        const bytes = await write(schema, rows, how)
        expect(await read(bytes, schema, batchRows)).toEqual(rows)
        expect((await readArrowSchema(store, 'x.arrow')).fields).toEqual(schema.fields)
        expect(context.heap.usedBytes).toBe(0)
      }),
      { numRuns: 100 },
    )
  })

  it('E-31: apache-arrow uses what we write without copying it', async () => {
    const schema: Schema = { fields: [field('i', int64), field('s', string)] }
    const rows = Array.from({ length: 500 }, (_, i): Value[] => [BigInt(i), i % 3 === 0 ? null : `text ${i}`])
    const bytes = await write(schema, rows, {}, 500)
    const table = tableFromIPC(bytes)
    expect(table.toArray().map((row: { i: bigint; s: string | null }) => [row.i, row.s])).toEqual(rows)
    for (const column of ['i', 's']) {
      const { values } = table.getChild(column)!.data[0]!
      expect(values.buffer).toBe(bytes.buffer)
    }
  })

  it('E-31: nested types that differ in what may be null are the same', async () => {
    const nested = (nullable: boolean): Schema => ({
      fields: [field('l', list(struct([field('x', int32, nullable)]), nullable), nullable)],
    })
    const rows = [[[[1], [2]]], [[]]]
    expect(await read(await write(nested(true), rows, {}), nested(false), 100)).toEqual(rows)
    expect(await read(await write(nested(false), rows, {}), nested(true), 100)).toEqual(rows)
  })

  it('E-31: columns are found by name and made wider; missing ones are null', async () => {
    const schema: Schema = { fields: [field('A', int32), field('b', string)] }
    const bytes = await write(
      schema,
      [
        [1, 'x'],
        [null, 'y'],
      ],
      {},
    )
    const wanted: Schema = { fields: [field('b', string), field('none', int32), field('a', int64)] }
    expect(await read(bytes, wanted, 100)).toEqual([
      ['x', null, 1n],
      ['y', null, null],
    ])
    await expect(read(bytes, { fields: [field('b', int64)] }, 100)).rejects.toMatchObject({ code: 'DW-FORMAT-0004' })
  })
})
