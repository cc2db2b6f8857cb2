import { readValue, type Heap, type RecordBatch } from '@deltaworks/columnar'
import {
  formatDate,
  formatDecimal,
  formatTimestamp,
  isNested,
  type DataType,
  type Schema,
  type Value,
} from '@deltaworks/schema'
import { CopyLines } from './copy-lines.js'
import { jsonText } from './json-text.js'

/** Letters, about, of a piece of lines that are made one by one. */
const pieceLength = 256 * 1024

/**
 * Rows in the text format of PostgreSQL's COPY (manual, "COPY", "Text Format"), in pieces of whole lines. Nested values are
 * JSON, for JSONB columns. Each batch is read before the next one is asked for.
 */
export async function* copyText(
  heap: Heap,
  columns: Schema,
  batches: AsyncIterable<RecordBatch>,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  const encoders = columns.fields.map(({ type }) => encoderOf(type))
  const compiled = CopyLines.of(heap, columns)
  for await (const batch of batches) {
    const lines = batch.rowCount === 0 ? null : (compiled?.lines(batch) ?? null)
    if (lines === null) yield* escapedLines(heap, batch, encoders)
    else yield lines
  }
}

/** Row by row: any value. */
function* escapedLines(
  heap: Heap,
  batch: RecordBatch,
  encoders: readonly Encoder[],
): Generator<Uint8Array<ArrayBuffer>, void, undefined> {
  let piece = ''
  for (let row = 0; row < batch.rowCount; row++) {
    piece += copyLine(heap, batch, row, encoders)
    if (piece.length < pieceLength && row < batch.rowCount - 1) continue
    yield Buffer.from(piece)
    piece = ''
  }
}

type Encoder = (value: Value) => string

function copyLine(heap: Heap, batch: RecordBatch, row: number, encoders: readonly Encoder[]): string {
  let line = ''
  for (let i = 0; i < encoders.length; i++) {
    const value = readValue(heap, batch.columns[i]!, row)
    line += `${i === 0 ? '' : '\t'}${value === null ? '\\N' : encoders[i]!(value)}`
  }
  return `${line}\n`
}

/** How values of a type are written; chosen once a column. */
function encoderOf(type: DataType): Encoder {
  if (isNested(type) || type.kind === 'variant') return (value) => escaped(jsonText(type, value))
  switch (type.kind) {
    case 'boolean':
      return (value) => (value === true ? 't' : 'f')
    case 'decimal':
      return (value) => formatDecimal(value as bigint, type.scale)
    case 'date':
      return (value) => formatDate(value as number)
    case 'timestamp':
      return (value) => `${formatTimestamp(value as bigint)}+00`
    case 'timestamp_ntz':
      return (value) => formatTimestamp(value as bigint)
    case 'binary':
      return (value) => `\\\\x${Buffer.from(value as Uint8Array).toString('hex')}`
    case 'string':
      return (value) => escaped(value as string)
    default:
      return String
  }
}

const special = /[\\\t\n\r]/
const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' }
const escaped = (text: string): string =>
  special.test(text) ? text.replaceAll(/[\\\t\n\r]/g, (character) => escapes[character]!) : text
