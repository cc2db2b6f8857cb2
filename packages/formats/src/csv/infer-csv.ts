import {
  boolean,
  date,
  decimal,
  field,
  float64,
  int32,
  int64,
  isNumeric,
  schema,
  string,
  timestamp,
  type DataType,
  type Schema,
} from '@deltaworks/schema'
import type { ObjectStore } from '@deltaworks/storage'
import { emptyFile, invalidCsvOption, tooManyColumns } from '../errors.js'
import { detectText } from './byte-source.js'
import { valueWords } from './column-mapping.js'
import { csvDialect, type CsvReadOptions } from './csv-options.js'
import { parseCsvText, type TextRecord } from './csv-text.js'
import { invalid, parseValue } from './parse-value.js'
import { temporalPattern } from './temporal-pattern.js'

/** What the look of a file's start says of its dialect. */
export type SniffedDialect = Required<
  Pick<CsvReadOptions, 'separator' | 'quote' | 'lineSeparator' | 'encoding' | 'header'>
>

const sampleBytes = 64 * 1024
/** As much of a file as is read where a part of all its records is asked for. */
const wholeSampleBytes = 256 * 1024 * 1024
const separators = [',', ';', '\t', '|'] as const

async function sampleText(
  store: ObjectStore,
  path: string,
  options: CsvReadOptions,
): Promise<{ readonly text: string; readonly encoding: string; readonly complete: boolean }> {
  const dialect = csvDialect(options)
  const end = options.samplingRatio === undefined ? sampleBytes : wholeSampleBytes
  const bytes = await store.get(path, { start: 0, end })
  if (bytes.byteLength === 0) throw emptyFile(path)
  const { encoding, skip } = detectText(path, 'CSV', bytes, dialect.encoding)
  const text = new TextDecoder(encoding).decode(bytes.subarray(skip))
  return { text, encoding, complete: bytes.byteLength < end }
}

/** Whole records of a file's first 64 KiB. */
async function sampleRecords(
  store: ObjectStore,
  path: string,
  options: CsvReadOptions,
  limit = Infinity,
): Promise<TextRecord[]> {
  const { text, complete } = await sampleText(store, path, options)
  const records = parseCsvText(text, csvDialect(options), limit)
  if (!complete && records.length > 1 && records.length < limit) records.pop()
  return records
}

/**
 * The names of the file's columns: its header, or `_c0`, `_c1` … without one.
 * @throws FormatError DW-FORMAT-0032 (empty), 0033 (not text), 0037 (too many columns)
 */
export async function readCsvHeader(store: ObjectStore, path: string, given: CsvReadOptions = {}): Promise<string[]> {
  const { samplingRatio: _, ...options } = given
  if (options.header === false && options.columnNames !== undefined) return [...options.columnNames]
  const [first] = await sampleRecords(store, path, options, 1)
  if (first === undefined) throw emptyFile(path)
  const limit = csvDialect(options).maxColumns
  if (first.fields.length > limit) throw tooManyColumns(path, first.fields.length, limit)
  return first.fields.map((name, i) => (options.header === false ? `_c${i}` : (name ?? '').trim()))
}

/**
 * Guesses the dialect from a file's first 64 KiB: the separator that cuts most records into the same number (above one) of
 * fields, the line end in use, and a header if the first record has names where later ones have numbers or dates.
 */
export async function sniffCsv(
  store: ObjectStore,
  path: string,
  options: CsvReadOptions = {},
): Promise<SniffedDialect> {
  const { text, encoding } = await sampleText(store, path, options)
  let best: { separator: string; records: TextRecord[]; score: number } | undefined
  for (const separator of options.separator === undefined ? separators : [options.separator]) {
    const records = parseCsvText(text, csvDialect({ ...options, separator }), 200).slice(0, -1)
    const sample = records.length === 0 ? parseCsvText(text, csvDialect({ ...options, separator }), 200) : records
    const width = sample[0]?.fields.length ?? 0
    const same = sample.filter((record) => record.fields.length === width).length
    const score = width > 1 ? same / sample.length + Math.min(width, 50) / 1000 : 0
    if (best === undefined || score > best.score) best = { separator, records: sample, score }
  }
  return {
    separator: best!.separator,
    quote: options.quote ?? '"',
    encoding,
    lineSeparator: text.includes('\r\n') ? '\r\n' : text.includes('\n') ? '\n' : text.includes('\r') ? '\r' : 'auto',
    header: options.header ?? looksLikeHeader(best!.records),
  }
}

function looksLikeHeader([first, ...rest]: readonly TextRecord[]): boolean {
  if (first === undefined) return true
  const isName = (text: string | null): boolean => text !== null && typeOf(text, {}).kind === 'string'
  if (!first.fields.every(isName) || new Set(first.fields).size < first.fields.length) return false
  return rest.length > 0 || first.fields.length > 1
}

/** Types in the order in which a text is tried for them. */
const candidates: readonly DataType[] = [int32, int64, float64, boolean, date, timestamp]

function typeOf(text: string, options: CsvReadOptions): DataType {
  if (/^[+-]?\d{19,38}$/.test(text) && !fits(text, int64, options)) return decimal(38, 0)
  return candidates.find((type) => fits(text, type, options)) ?? string
}

function fits(text: string, type: DataType, options: CsvReadOptions): boolean {
  // A text of zeros and digits is a code, as a postal code is, not a number.
  if (isNumeric(type) && /^[+-]?0\d/.test(text)) return false
  const pattern =
    type.kind === 'date' ? options.datePattern : type.kind === 'timestamp' ? options.timestampPattern : undefined
  if (type.kind === 'date' && pattern === undefined && !/^\d{4}-\d{1,2}-\d{1,2}$/.test(text)) return false
  if (type.kind === 'date' && options.preferDate === false) return false
  const words = valueWords(options)
  const format = {
    pattern: pattern === undefined ? null : temporalPattern(pattern),
    timezone: 'UTC',
    ...(words === undefined ? {} : { words }),
  }
  return parseValue(type, text, format) !== invalid
}

function wider(a: DataType, b: DataType): DataType {
  if (a.kind === b.kind) return a
  const numbers = ['int32', 'int64', 'decimal', 'float64']
  const [i, j] = [numbers.indexOf(a.kind), numbers.indexOf(b.kind)]
  if (i >= 0 && j >= 0) return i > j ? a : b
  const times = ['date', 'timestamp']
  if (times.includes(a.kind) && times.includes(b.kind)) return timestamp
  return string
}

/**
 * A schema that holds the records of a file's first 64 KiB, or a part of all of them (`samplingRatio`). Columns that are empty
 * there are text.
 */
export async function inferCsvSchema(store: ObjectStore, path: string, options: CsvReadOptions = {}): Promise<Schema> {
  const { samplingRatio: ratio = 1 } = options
  if (!(ratio > 0 && ratio <= 1)) throw invalidCsvOption('samplingRatio', ratio, 'above 0 and at most 1')
  const names = await readCsvHeader(store, path, options)
  const records = await sampleRecords(store, path, options)
  const nulls = new Set(options.nullValues ?? [])
  const types: (DataType | undefined)[] = names.map(() => undefined)
  const rows = records.slice(options.header === false ? 0 : 1)
  // Evenly over the file: a record is looked at where the part of them passes another whole number.
  const sampled = rows.filter((_, i) => i === 0 || Math.floor((i + 1) * ratio) > Math.floor(i * ratio))
  for (const record of sampled) {
    for (let i = 0; i < names.length; i++) {
      const text = record.fields[i] ?? null
      if (text === null || text === '' || nulls.has(text) || types[i]?.kind === 'string') continue
      const found = typeOf(text, options)
      types[i] = types[i] === undefined ? found : wider(types[i]!, found)
    }
  }
  return schema(names.map((name, i) => field(name, types[i] ?? string)))
}
