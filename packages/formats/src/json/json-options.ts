import type { Schema } from '@deltaworks/schema'
import { invalidCsvOption } from '../errors.js'
import type { JsonRelaxations } from './json-text.js'

/** How to read JSON: plain JSON, every member optional. Relaxed forms are those of `JsonRelaxations`. */
export interface JsonReadOptions extends JsonRelaxations {
  /**
   * `lines`: an object a line. `document`: the file is one array of objects, over any number of lines, of which one item at a time is in
   * memory (or one object). Default `auto`: a document if the first character is `[`.
   */
  readonly form?: 'auto' | 'lines' | 'document'
  /** Default `utf-8`; a byte order mark wins. */
  readonly encoding?: string
  /** Default: ISO 8601. Java's letters. */
  readonly datePattern?: string
  readonly timestampPattern?: string
  /** Zone of timestamps whose text names none. Default `UTC`. */
  readonly timezone?: string
  /** As for CSV: a row is malformed if it is no JSON object, or a value is not of its type. Default permissive. */
  readonly mode?: 'permissive' | 'dropmalformed' | 'failfast'
  /** Per logical column: its names in the file, the first that is there counts. */
  readonly columns?: Readonly<Record<string, { readonly names?: readonly string[]; readonly pattern?: string }>>
  /** Members that nobody declared. `error`: their record is malformed; `rescue`: as JSON in `rescuedColumn`. Default ignore. */
  readonly extraColumns?: 'error' | 'ignore' | 'rescue'
  /** Default `_rescued_data`. */
  readonly rescuedColumn?: string
  /** The whole table's schema. With it a row is malformed or not by all columns, whichever of them are read. */
  readonly schema?: Schema
  /** As for CSV: a folder where malformed records are written, which are left out then. */
  readonly badRecordsPath?: string
  /** Inference: numbers and booleans are text. Default false. */
  readonly primitivesAsString?: boolean
  /** Inference: members that are null in every record are left out. Default false: they are text. */
  readonly dropFieldIfAllNull?: boolean
  /** Inference: numbers with fractions are decimals where 38 digits hold them all. Default false. */
  readonly prefersDecimal?: boolean
  /** Inference: the part of the records that is looked at, above 0 and up to 1, over the whole file. Default: its start. */
  readonly samplingRatio?: number
  /** A longer line or item is malformed: its start is kept. Default 16 MiB; a document that is one object is refused beyond 256 MiB. */
  readonly maxRowBytes?: number
}

/** @throws FormatError DW-FORMAT-0030 */
export function jsonMode(options: JsonReadOptions): 'permissive' | 'dropmalformed' | 'failfast' {
  const mode = (options.mode ?? 'permissive').toLowerCase()
  if (mode === 'permissive' || mode === 'dropmalformed' || mode === 'failfast') return mode
  throw invalidCsvOption('mode', options.mode, 'one of permissive, dropmalformed, failfast')
}
