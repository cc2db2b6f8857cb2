import type { Json, Schema } from '@deltaworks/schema'
import { invalidCsvOption } from '../errors.js'

/** How to read CSV: plain JSON, every member optional. Names and meanings follow Spark's CSV options where it has them. */
export interface CsvReadOptions {
  /** Whether the first record names the columns. Default true. */
  readonly header?: boolean
  /** Names of the file's columns, for files without a header. Default: `_c0`, `_c1` …, or `schema` in its order. */
  readonly columnNames?: readonly string[]
  /** One or more characters. Default `,`. */
  readonly separator?: string
  /** One character; `''`: the dialect has no quotes. Default `"`. */
  readonly quote?: string
  /** What makes a quote inside quotes a character; a doubled quote always does. Default: none but that. */
  readonly escape?: string
  /** Lines that start with this character are left out. Default: none. */
  readonly comment?: string
  /** Default `auto`: `\n`, `\r` and `\r\n`, also mixed. */
  readonly lineSeparator?: 'auto' | '\n' | '\r' | '\r\n'
  /** Default `utf-8`; also utf-16le, utf-16be, iso-8859-1, windows-1252 and others that TextDecoder knows. A byte order mark wins. */
  readonly encoding?: string
  /** Unquoted texts that are null, besides the empty one (which always is). Default: none, so `NA` is a value. */
  readonly nullValues?: readonly string[]
  /** Whether `nullValues` are null in quotes too. Default false. */
  readonly nullsInQuotes?: boolean
  /** What `""` is: a text, or null. Default: the empty text. */
  readonly emptyValue?: '' | null
  /** White space (blanks, tabs) around texts outside their quotes; numbers, dates and booleans are always trimmed. Default false. */
  readonly trimLeading?: boolean
  readonly trimTrailing?: boolean
  /** Whether a record may go over line ends in quotes. Default true; with false every line is a record. */
  readonly multiLine?: boolean
  /**
   * A field that begins with a quote and goes on after the closing one (`"a"b`). `stop_at_delimiter`: its text is all of it, quotes
   * included. `stop_at_closing_quote`: only a quote before a separator or line end closes. `skip_value`: it is null.
   * `raise_error`: its row is malformed. Default stop_at_delimiter.
   */
  readonly unescapedQuoteHandling?: UnescapedQuotes
  /** Further texts for NaN and the infinities of float columns. Default: NaN, Inf, Infinity, -Inf, -Infinity in any case. */
  readonly nanValue?: string
  readonly positiveInf?: string
  readonly negativeInf?: string
  /** Texts of booleans, in any case. Default: true, false. */
  readonly trueValues?: readonly string[]
  readonly falseValues?: readonly string[]
  /** BCP 47, as `de-DE`: the decimal point and the grouping of numbers. Default: a dot, and no grouping. */
  readonly locale?: string
  /** Longer fields make their row malformed. Default: no limit. */
  readonly maxCharsPerColumn?: number
  /** Columns are found by their positions, whatever the header says; default false: by their names. */
  readonly enforceSchema?: boolean
  /** Inference: the part of the records that is looked at, above 0 and up to 1, over the whole file. Default: its start. */
  readonly samplingRatio?: number
  /** Inference: days are dates rather than timestamps. Default true. */
  readonly preferDate?: boolean
  /**
   * A folder of the same store: malformed rows are left out, and written there as JSON lines (path, record, reason, line,
   * byteOffset), a file a scan.
   */
  readonly badRecordsPath?: string
  /** Default: ISO 8601. Java's letters, as `M/d/yyyy H:mm`. */
  readonly datePattern?: string
  readonly timestampPattern?: string
  /** Zone of timestamps whose text names none. Default `UTC`. */
  readonly timezone?: string
  /**
   * What becomes of a malformed row (too few or too many fields, a value that is not of its type, a quote that is never
   * closed, text that is not UTF-8). `permissive`: it is a row like others, null where a value could not be read; virtual columns
   * `corrupt_reason` and `raw_record` tell. `dropmalformed`: left out and counted. `failfast`: DW-FORMAT-0034. Default permissive.
   */
  readonly mode?: 'permissive' | 'dropmalformed' | 'failfast'
  /** Per logical column: its names in the file's header, the first that is there counts. */
  readonly columns?: Readonly<Record<string, CsvColumnOptions>>
  /** Columns of the file that `columns` does not name. `rescue`: as JSON in `rescuedColumn`. Default ignore. */
  readonly extraColumns?: 'error' | 'ignore' | 'rescue'
  /** Default `_rescued_data`. */
  readonly rescuedColumn?: string
  /** The whole table's schema. With it a row is malformed or not by all columns, whichever of them are read. */
  readonly schema?: Schema
  /** Whether a row with a NUL is malformed; a file with one among its first bytes is refused. Default `keep`: it is a character. */
  readonly nulBytes?: 'keep' | 'malformed'
  /** Default 20,480. */
  readonly maxColumns?: number
  /** A quote that is not closed within so many bytes never is, and a row that is longer is malformed: its start is kept. Default 16 MiB. */
  readonly maxRowBytes?: number
}

export type UnescapedQuotes = 'stop_at_delimiter' | 'stop_at_closing_quote' | 'skip_value' | 'raise_error'

export interface CsvColumnOptions {
  /** Default: the logical name. Compared without regard to case. */
  readonly names?: readonly string[]
  /** false: null where the file has no such column. Default true. */
  readonly required?: boolean
  /** Instead of `datePattern` or `timestampPattern`. */
  readonly pattern?: string
}

/** The options with their defaults, checked. */
export interface CsvDialect {
  readonly header: boolean
  readonly separator: string
  readonly quote: string
  readonly escape: string
  readonly comment: string
  readonly lineSeparator: 'auto' | '\n' | '\r' | '\r\n'
  readonly encoding: string
  readonly nullValues: readonly string[]
  readonly nullsInQuotes: boolean
  readonly emptyValue: '' | null
  readonly trimLeading: boolean
  readonly trimTrailing: boolean
  readonly multiLine: boolean
  readonly unescapedQuotes: UnescapedQuotes
  /** 0: no limit. */
  readonly maxCharsPerColumn: number
  readonly timezone: string
  readonly mode: 'permissive' | 'dropmalformed' | 'failfast'
  readonly nulBytes: 'keep' | 'malformed'
  readonly maxColumns: number
  readonly maxRowBytes: number
}

const modes = ['permissive', 'dropmalformed', 'failfast'] as const
const unescapedQuotes: readonly UnescapedQuotes[] = [
  'stop_at_delimiter',
  'stop_at_closing_quote',
  'skip_value',
  'raise_error',
]
const lineSeparators = ['auto', '\n', '\r', '\r\n'] as const

/** @throws FormatError DW-FORMAT-0030 naming the option */
export function csvDialect(options: CsvReadOptions): CsvDialect {
  const mode = (options.mode ?? 'permissive').toLowerCase() as CsvDialect['mode']
  if (!modes.includes(mode)) throw invalidCsvOption('mode', options.mode, `one of ${modes.join(', ')}`)
  const lineSeparator = options.lineSeparator ?? 'auto'
  if (!lineSeparators.includes(lineSeparator))
    throw invalidCsvOption('lineSeparator', lineSeparator, 'auto, \\n, \\r or \\r\\n')
  const dialect: CsvDialect = {
    header: options.header ?? true,
    separator: options.separator ?? ',',
    quote: options.quote ?? '"',
    escape: options.escape === undefined || options.escape === (options.quote ?? '"') ? '' : options.escape,
    comment: options.comment ?? '',
    lineSeparator,
    encoding: (options.encoding ?? 'utf-8').toLowerCase(),
    nullValues: options.nullValues ?? [],
    nullsInQuotes: options.nullsInQuotes ?? false,
    emptyValue: options.emptyValue === undefined ? '' : options.emptyValue,
    trimLeading: options.trimLeading ?? false,
    trimTrailing: options.trimTrailing ?? false,
    multiLine: options.multiLine ?? true,
    unescapedQuotes: options.unescapedQuoteHandling ?? 'stop_at_delimiter',
    maxCharsPerColumn: Math.max(0, options.maxCharsPerColumn ?? 0),
    timezone: options.timezone ?? 'UTC',
    mode,
    nulBytes: options.nulBytes ?? 'keep',
    maxColumns: options.maxColumns ?? 20_480,
    maxRowBytes: options.maxRowBytes ?? 16 * 1024 * 1024,
  }
  if (dialect.separator === '') throw invalidCsvOption('separator', '', 'at least one character')
  for (const name of ['quote', 'escape', 'comment'] as const) {
    const value = dialect[name]
    if (value.length > 1) throw invalidCsvOption(name, value, 'one character')
    if (value !== '' && (value === dialect.separator || value === '\n' || value === '\r')) {
      throw invalidCsvOption(name, value, 'a character other than the separator and line ends')
    }
  }
  if (/[\r\n]/.test(dialect.separator)) throw invalidCsvOption('separator', dialect.separator, 'free of line ends')
  if (!unescapedQuotes.includes(dialect.unescapedQuotes))
    throw invalidCsvOption('unescapedQuoteHandling', dialect.unescapedQuotes, `one of ${unescapedQuotes.join(', ')}`)
  if (!(dialect.maxColumns > 0)) throw invalidCsvOption('maxColumns', dialect.maxColumns, 'positive')
  if (!(dialect.maxRowBytes > 0)) throw invalidCsvOption('maxRowBytes', dialect.maxRowBytes, 'positive')
  return dialect
}

/** Options as the plain JSON that a plan carries. */
export const csvOptionsToJson = (options: CsvReadOptions): Json => JSON.parse(JSON.stringify(options)) as Json
