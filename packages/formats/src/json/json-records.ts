import { isUtf8 as isUtf8Bytes } from 'node:buffer'
import { detectText, FileSource, isUtf8, TranscodingSource, type ByteSource } from '../csv/byte-source.js'
import { emptyFile, rowTooLong } from '../errors.js'
import type { FileScan, ScanMetrics } from '../file-scan.js'
import type { JsonReadOptions } from './json-options.js'
import { JsonParser, parseJson, type JsonRelaxations, type JsonValue } from './json-text.js'

/** Where a record stands. */
export interface RecordPlace {
  readonly line: number
  readonly offset: number
  readonly row: number
}

/** One record of a file: its value, or why it has none. */
export interface JsonRecord extends RecordPlace {
  readonly value: JsonValue
  readonly damage: string | null
  readonly raw: string
}

/** A line that holds a record, in UTF-8; valid until the next is asked for. */
export interface JsonLine extends RecordPlace {
  readonly bytes: Uint8Array
}

type JsonFile = Pick<FileScan, 'store' | 'path' | 'sizeBytes' | 'byteRange'>

const windowBytes = 1024 * 1024
const newline = 10

/**
 * The records of a file that start in its byte range, front to back: lines as they are (`recordOf` parses them), those of a document
 * parsed. Malformed UTF-8 makes a line malformed, not the file.
 * @throws FormatError DW-FORMAT-0032, 0033, 0038
 */
export async function* jsonRecords(
  file: JsonFile,
  options: JsonReadOptions,
  metrics?: ScanMetrics,
): AsyncGenerator<JsonRecord | JsonLine, void, undefined> {
  const head = new Uint8Array(Math.min(4096, Math.max(1, file.sizeBytes)))
  const count = await new FileSource(file.store, file.path, 0, metrics).read(head)
  if (count === 0) throw emptyFile(file.path)
  const text = detectText(file.path, 'JSON', head.subarray(0, count), options.encoding ?? 'utf-8')
  const range = file.byteRange ?? { start: 0, end: Infinity }
  const source = (): ByteSource => {
    const bytes = new FileSource(file.store, file.path, text.skip, metrics)
    return isUtf8(text.encoding) ? bytes : new TranscodingSource(bytes, text.encoding)
  }
  const form = options.form ?? 'auto'
  if (form === 'document' || (form === 'auto' && startsWithBracket(head.subarray(text.skip, count)))) {
    if (range.start > 0) return
    yield* documentRecords(file, source(), options)
    return
  }
  for await (const line of lines(file.path, source(), options.maxRowBytes ?? 16 * 1024 * 1024)) {
    if (line.offset >= range.end) return
    if (line.offset >= range.start) yield line
  }
}

const startsWithBracket = (head: Uint8Array): boolean =>
  head.find((byte) => byte !== 32 && byte !== 9 && byte !== 10 && byte !== 13 && byte !== 0) === 0x5b

async function* lines(path: string, source: ByteSource, maxBytes: number): AsyncGenerator<JsonLine, void, undefined> {
  let window = new Uint8Array(windowBytes)
  let filled = 0
  let base = source.offset
  let line = 1
  let row = 0
  for (;;) {
    const count = await source.read(window.subarray(filled))
    const ended = count < window.byteLength - filled
    filled += count
    let start = 0
    for (;;) {
      let end = window.indexOf(newline, start)
      if (end < 0 || end >= filled) {
        if (!ended || start >= filled) break
        end = filled
      }
      const bytes = window.subarray(start, end)
      if (!isBlank(bytes)) yield { bytes, line, offset: base + start, row: row++ }
      line++
      start = end + 1
    }
    if (ended) return
    base += start
    window.copyWithin(0, start, filled)
    filled -= start
    if (filled * 2 > window.byteLength) {
      if (filled > maxBytes) throw rowTooLong(path, line, maxBytes)
      const larger = new Uint8Array(window.byteLength * 2)
      larger.set(window.subarray(0, filled))
      window = larger
    }
  }
}

function isBlank(bytes: Uint8Array): boolean {
  for (const byte of bytes) if (byte > 32) return false
  return true
}

const lenient = new TextDecoder('utf-8')

/** Parses a line. */
export function recordOf({ bytes, line, offset, row }: JsonLine, relaxations: JsonRelaxations): JsonRecord {
  const raw = lenient.decode(bytes).trimEnd()
  const damaged = (damage: string): JsonRecord => ({ value: null, damage, raw, line, offset, row })
  if (!isUtf8Bytes(bytes)) return damaged('the text is not valid UTF-8')
  try {
    return { value: parseJson(raw, relaxations), damage: null, raw, line, offset, row }
  } catch (error) {
    return damaged(`no valid JSON: ${(error as Error).message}`)
  }
}

async function* documentRecords(
  file: JsonFile,
  source: ByteSource,
  options: JsonReadOptions,
): AsyncGenerator<JsonRecord, void, undefined> {
  const maxBytes = options.maxRowBytes ?? 256 * 1024 * 1024
  const base = source.offset
  const parts: Uint8Array[] = []
  let size = 0
  for (;;) {
    const part = new Uint8Array(windowBytes)
    const count = await source.read(part)
    parts.push(part.subarray(0, count))
    size += count
    if (size > maxBytes) throw rowTooLong(file.path, 1, maxBytes)
    if (count < part.byteLength) break
  }
  const text = lenient.decode(Buffer.concat(parts))
  const parser = new JsonParser(text, options)
  let [line, row, seen, offset] = [1, 0, 0, base]
  const next = (): JsonRecord => {
    parser.skipSpace()
    const start = parser.position
    offset += Buffer.byteLength(text.slice(seen, start))
    for (; seen < start; seen++) if (text[seen] === '\n') line++
    try {
      const value = parser.value()
      return { value, damage: null, raw: text.slice(start, parser.position), line, offset, row: row++ }
    } catch (error) {
      return {
        value: null,
        damage: `no valid JSON: ${(error as Error).message}`,
        raw: text.slice(start).trimEnd(),
        line,
        offset,
        row: row++,
      }
    }
  }
  const inArray = parser.take('[')
  if (inArray && parser.take(']')) return
  // What follows a damaged item cannot be told apart: it is all in that item's raw record.
  for (;;) {
    const record = next()
    yield record
    if (record.damage !== null || !inArray) return
    if (parser.take(',')) continue
    if (parser.take(']') && parser.atEnd()) return
    const rest = text.slice(parser.position).trimEnd()
    yield {
      value: null,
      damage: 'no valid JSON: the array is not continued or closed here',
      raw: rest,
      line,
      offset,
      row,
    }
    return
  }
}
