import { detectText, FileSource, isUtf8, TranscodingSource, type ByteSource } from '../csv/byte-source.js'
import { emptyFile } from '../errors.js'
import type { FileScan, ScanMetrics } from '../file-scan.js'
import { documentRecords } from './json-document.js'
import type { JsonReadOptions } from './json-options.js'
import { longRecord, type JsonBytes, type JsonRecord } from './json-record.js'

type JsonFile = Pick<FileScan, 'store' | 'path' | 'sizeBytes' | 'byteRange'>

const windowBytes = 1024 * 1024
const newline = 10

/**
 * The records of a file that start in its byte range, front to back: their bytes (`jsonRecord` parses them), or what is known to be
 * damaged. Malformed UTF-8 makes a record malformed, not the file.
 * @throws FormatError DW-FORMAT-0032, 0033; 0038 for a document that is one object and too long
 */
export async function* jsonRecords(
  file: JsonFile,
  options: JsonReadOptions,
  metrics?: ScanMetrics,
): AsyncGenerator<JsonRecord | JsonBytes, void, undefined> {
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
    yield* documentRecords(file.path, file.sizeBytes, source(), options.maxRowBytes, options)
    return
  }
  for await (const line of lines(file, source(), options.maxRowBytes ?? 16 * 1024 * 1024)) {
    if (line.offset >= range.end) return
    if (line.offset >= range.start) yield line
  }
}

const startsWithBracket = (head: Uint8Array): boolean =>
  head.find((byte) => byte !== 32 && byte !== 9 && byte !== 10 && byte !== 13 && byte !== 0) === 0x5b

/** Lines that hold anything, in a window that grows with the longest up to the limit. */
async function* lines(
  { sizeBytes }: JsonFile,
  source: ByteSource,
  maxBytes: number,
): AsyncGenerator<JsonBytes | JsonRecord, void, undefined> {
  let window = new Uint8Array(Math.min(windowBytes, Math.max(4096, sizeBytes + 1)))
  let filled = 0
  let base = source.offset
  let line = 1
  let row = 0
  /** The line at hand was too long: what is left of it is passed over. */
  let isCut = false
  for (;;) {
    const count = await source.read(window.subarray(filled))
    const ended = count < window.byteLength - filled
    filled += count
    let start = 0
    for (;;) {
      let end = window.subarray(0, filled).indexOf(newline, start)
      if (end < 0) {
        if (!ended || start >= filled) break
        end = filled
      }
      const bytes = window.subarray(start, end)
      const place = { line, offset: base + start, row }
      if (!isCut && bytes.byteLength > maxBytes) yield longRecord({ ...place, row: row++ }, bytes, maxBytes)
      else if (!isCut && !isBlank(bytes)) yield { bytes, ...place, row: row++ }
      isCut = false
      line++
      start = end + 1
    }
    if (ended) return
    if (!isCut && filled - start > maxBytes) {
      yield longRecord({ line, offset: base + start, row: row++ }, window.subarray(start, filled), maxBytes)
      isCut = true
    }
    if (isCut) start = filled
    base += start
    window.copyWithin(0, start, filled)
    filled -= start
    if (filled * 2 > window.byteLength) {
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
