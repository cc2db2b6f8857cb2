import {
  Arena,
  batchFromRows,
  batchToRows,
  reservationRefused,
  type ColumnarContext,
  type MemoryAccount,
  type RecordBatch,
} from '@deltaworks/columnar'
import { bind, col, lit } from '@deltaworks/expression'
import {
  boolean,
  date,
  decimal,
  field,
  float64,
  int32,
  int64,
  isDeltaworksError,
  list,
  map,
  string,
  struct,
  timestamp,
  type Schema,
  type Value,
} from '@deltaworks/schema'
import { MemoryStore } from '@deltaworks/storage'
import { writeArrow, type ArrowWriteOptions } from '../arrow/write-arrow.js'
import { canonicalLine } from '../canonical-line.js'
import { csvLine } from '../csv/write-csv.js'
import { fileScan } from '../file-scan.js'
import { ParquetWriter } from '../parquet/parquet-writer.js'
import type { ParquetWriteOptions } from '../parquet/write-options.js'
import { scanFile, type FileKind } from '../scan-file.js'
import { avroFile } from './avro-file.js'

/*
 * Files that are damaged on purpose. Whatever the damage, a scan gives rows or one clear error, within a budget of memory,
 * and the same whatever stands in the memory around its buffers: what it reads beyond them would show.
 */

export interface HostileFile {
  readonly kind: FileKind
  readonly name: string
  readonly bytes: Uint8Array
}

const schema: Schema = {
  fields: [
    field('id', int64, false),
    field('text', string),
    field('flag', boolean),
    field('wide', decimal(38, 2)),
    field('price', decimal(12, 2)),
    field('ratio', float64),
    field('day', date),
    field('at', timestamp),
    field('list', list(string)),
    field('map', map(string, struct([field('x', int32)]))),
  ],
}
/** CSV has no nested types. */
const flatSchema: Schema = { fields: schema.fields.slice(0, 8) }

const rowOf = (i: number): Value[] => [
  BigInt(i),
  i % 5 === 0 ? null : `text "${i % 40}",\n${'x'.repeat(i % 30)}`,
  i % 3 === 0,
  BigInt(i) * 10n ** 25n,
  BigInt(i * 100),
  i / 8,
  19_000 + (i % 400),
  BigInt(i) * 1_000_000_007n,
  i % 4 === 0 ? null : Array.from({ length: i % 4 }, (_, k) => `e${k}`),
  i % 6 === 0 ? null : [[`k${i % 3}`, [i % 2 === 0 ? null : i]]],
]
/** Pruning looks at pages only in row groups of some size. */
const manyRows = 1200
const fewRows = 250

const parquetOptions: readonly ParquetWriteOptions[] = [
  { pageRows: 50 },
  { compression: 'none', pageRows: 150, columns: { id: { bloomFilter: true }, text: { bloomFilter: true } } },
  { compression: 'lz4_raw', pageVersion: 2, pageRows: 40, rowGroupRows: 150 },
  { compression: 'gzip', dictionary: false, pageRows: 60 },
  {
    compression: 'none',
    dictionary: false,
    pageVersion: 2,
    pageRows: 100,
    columns: {
      id: { encoding: 'delta_binary_packed' },
      text: { encoding: 'delta_byte_array' },
      ratio: { encoding: 'byte_stream_split' },
      flag: { encoding: 'rle' },
      'list.element': { encoding: 'delta_length_byte_array' },
    },
  },
]
const arrowOptions: readonly ArrowWriteOptions[] = [{}, { form: 'file' }, { compression: 'lz4' }]

/** The same columns in Avro. */
const avroSchema: Parameters<typeof avroFile>[0] = {
  type: 'record',
  name: 'Row',
  fields: [
    { name: 'id', type: 'long' },
    { name: 'text', type: ['null', 'string'] },
    { name: 'flag', type: 'boolean' },
    { name: 'wide', type: { type: 'bytes', logicalType: 'decimal', precision: 38, scale: 2 } },
    { name: 'price', type: { type: 'bytes', logicalType: 'decimal', precision: 12, scale: 2 } },
    { name: 'ratio', type: 'double' },
    { name: 'day', type: { type: 'int', logicalType: 'date' } },
    { name: 'at', type: { type: 'long', logicalType: 'timestamp-micros' } },
    { name: 'list', type: ['null', { type: 'array', items: 'string' }] },
  ],
}
function avroRow(row: readonly Value[]): Readonly<Record<string, unknown>> {
  const [id, text, flag, wide, price, ratio, day, at, list] = row
  const bytes = (value: Value | undefined): Buffer => {
    const buffer = Buffer.alloc(16)
    buffer.writeBigInt64BE(BigInt.asIntN(64, (value as bigint) >> 64n))
    buffer.writeBigUInt64BE(BigInt.asUintN(64, value as bigint), 8)
    return buffer
  }
  return { id, text, flag, wide: bytes(wide), price: bytes(price), ratio, day, at, list }
}

/** Sound files of every format. */
export async function soundFiles(context: ColumnarContext): Promise<HostileFile[]> {
  const arena = new Arena(context.heap)
  const many = Array.from({ length: manyRows }, (_, i) => rowOf(i))
  const rows = many.slice(0, fewRows)
  const files: HostileFile[] = []
  const add = (kind: FileKind, name: string, parts: readonly Uint8Array[]): void => {
    files.push({ kind, name, bytes: new Uint8Array(Buffer.concat(parts)) })
  }
  parquetOptions.forEach((options, i) => {
    const writer = new ParquetWriter(context, account(), schema, options)
    writer.write(batchFromRows(arena, schema, i === 1 ? many : rows))
    add('parquet', `${i}.parquet`, writer.finish().parts)
  })
  for (const [i, options] of arrowOptions.entries()) {
    const parts: Uint8Array[] = []
    const batches = [batchFromRows(arena, schema, rows.slice(0, 200)), batchFromRows(arena, schema, rows.slice(200))]
    for await (const part of writeArrow(context, account(), schema, batches, options)) parts.push(part)
    add('arrow', `${i}.arrow`, parts)
  }
  const text = new TextEncoder()
  const header = flatSchema.fields.map(({ name }) => name).join(',')
  const lines = rows.map((row) => csvLine(flatSchema, row.slice(0, 8)))
  add('csv', '0.csv', [text.encode([header, ...lines].join('\n'))])
  add('csv', '1.csv', [text.encode([header, ...lines].join('\r\n'))])
  const records = rows.map((row) => canonicalLine(schema, row))
  add('json', '0.json', [text.encode(records.join('\n'))])
  add('json', '1.json', [text.encode(`[${records.join(',\n')}]`)])
  for (const [i, codec] of (['null', 'deflate', 'snappy'] as const).entries()) {
    add('avro', `${i}.avro`, [avroFile(avroSchema, rows.map(avroRow), { codec, blockRows: 90 })])
  }
  arena.close()
  return files
}

/** Numbers from a seed (mulberry32), so that every damage can be made again. */
export function random(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4_294_967_296) * below)
  }
}

const words = [0, 1, 127, 128, 255, 0x7fff, 0xffff, 0x7fff_ffff, 0xffff_ffff, 0x8000_0000, 0x0101_0101]

/** One to four damages: bytes, lengths, pieces lost, doubled or moved, an end too early. */
export function damaged({ bytes, kind }: HostileFile, next: (below: number) => number): Uint8Array {
  let result = bytes.slice()
  for (let left = 1 + next(4); left > 0 && result.length > 1; left--) {
    const at = placeOf(kind, result.length, next)
    switch (next(7)) {
      case 0:
        result[at] = next(256)
        break
      case 1:
        result[at]! ^= 1 << next(8)
        break
      case 2: {
        const word = words[next(words.length)]!
        for (let i = 0; i < 4 && at + i < result.length; i++) result[at + i] = (word >>> (8 * i)) & 255
        break
      }
      case 3:
        result = result.slice(0, at)
        break
      case 4: {
        const size = 1 + next(40)
        result = new Uint8Array(
          Buffer.concat([result.subarray(0, at), result.subarray(Math.min(result.length, at + size))]),
        )
        break
      }
      case 5: {
        const size = 1 + next(40)
        const piece = result.subarray(at, at + size)
        result = new Uint8Array(Buffer.concat([result.subarray(0, at), piece, result.subarray(at)]))
        break
      }
      default: {
        const from = next(result.length)
        result.copyWithin(at, from, from + 1 + next(64))
      }
    }
  }
  return result
}

/** Half of the damage to Parquet and Arrow files goes where their structure is. */
function placeOf(kind: FileKind, length: number, next: (below: number) => number): number {
  const isStructured = kind === 'parquet' || kind === 'arrow' || kind === 'avro'
  if (!isStructured || next(2) === 0) return next(length)
  return kind === 'parquet' ? Math.max(0, length - 1 - next(Math.min(length, 6000))) : next(Math.min(length, 1500))
}

export const budgetBytes = 64 * 1024 * 1024

/** An account that refuses more than the budget. */
export function account(): MemoryAccount & { readonly peak: () => number } {
  let used = 0
  let peak = 0
  return {
    reserve: (bytes) => {
      if (used + bytes > budgetBytes) throw reservationRefused('The scan', bytes, budgetBytes, used)
      used += bytes
      peak = Math.max(peak, used)
    },
    release: (bytes) => {
      used -= bytes
    },
    peak: () => peak,
  }
}

const store = new MemoryStore('memory://hostile')
const filters = [
  bind(
    col('id')
      .eq(lit(77n))
      .or(col('text').eq(lit('nothing'))).node,
    schema,
  ),
]

/** What a scan of the file gives: its rows as text, or its error's message. @throws whatever else than a clear error comes */
export async function outcome(
  context: ColumnarContext,
  kind: FileKind,
  bytes: Uint8Array,
  filtered: boolean,
): Promise<string> {
  await store.put('x', bytes, 'overwrite')
  const columns = kind === 'csv' ? flatSchema : schema
  const scan = fileScan({
    store,
    path: 'x',
    sizeBytes: bytes.length,
    schema: columns,
    filters: filtered ? filters : [],
  })
  const budget = account()
  let text = ''
  try {
    for await (const batch of scanFile(context, budget, kind, scan, {})) text += printed(context, batch)
  } catch (error) {
    if (!isDeltaworksError(error)) throw error
    if (!/^\P{Cc}{10,1000}$/u.test(error.message))
      throw new Error(`no clear message: ${error.message}`, { cause: error })
    text += `${error.code} ${error.message}`
  }
  if (context.heap.usedBytes !== 0) throw new Error(`${context.heap.usedBytes} bytes are not freed`)
  return text
}

const printed = (context: ColumnarContext, batch: RecordBatch): string =>
  batchToRows(context.heap, batch)
    .map((row) => row.map(valueText).join('|'))
    .join('\n')

const valueText = (value: Value): string =>
  Array.isArray(value) ? `[${(value as readonly Value[]).map(valueText).join(',')}]` : String(value)

/** Fills what a heap has used so far, so that what is read there by mistake is seen. */
export function poison({ heap }: ColumnarContext, byte: number): void {
  heap.u8.fill(byte, 65_536 + 1_048_576, heap.touchedBytes)
}
