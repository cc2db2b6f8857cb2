import { invalidWriteOption, unknownWriteColumn } from '../errors.js'
import type { ParquetCompression } from './compress.js'
import type { ParquetValueEncoding } from './value-encoding.js'
import type { WriteSchema } from './write-schema.js'

/** How one column is written, where it differs from the others. */
export interface ParquetColumnOptions {
  readonly compression?: ParquetCompression
  /** Whether to try a dictionary. */
  readonly dictionary?: boolean
  /** Of values that are not in a dictionary. */
  readonly encoding?: ParquetValueEncoding
  /** A Bloom filter a row group, for look-ups of single values: true, or the rate of false positives (true: 0.01). */
  readonly bloomFilter?: boolean | number
}

export interface ParquetWriteOptions {
  /** Default snappy. */
  readonly compression?: ParquetCompression
  /** Rows a row group at most; default 1,048,576. */
  readonly rowGroupRows?: number
  /** Compressed bytes after which a row group ends; default 128 MiB. */
  readonly rowGroupBytes?: number
  /** Rows a page; default 16,384. */
  readonly pageRows?: number
  /** Bytes of values a page, uncompressed; default 1 MiB. */
  readonly pageBytes?: number
  /** Data page version; default 1, which every reader knows. */
  readonly pageVersion?: 1 | 2
  /** Whether to try dictionaries; default true. */
  readonly dictionary?: boolean
  /** Of values that are not in a dictionary; default `auto`. `plain` is for readers that know no newer encodings. */
  readonly encoding?: 'auto' | 'plain'
  /** Bounds and places of pages behind the row groups; default true, for row groups of more than one page. */
  readonly pageIndex?: boolean
  /** Dotted logical path (of lists and maps with `element`, `key`, `value`) → how that column differs. */
  readonly columns?: Readonly<Record<string, ParquetColumnOptions>>
  /** Dotted logical path → field id. */
  readonly fieldIds?: Readonly<Record<string, number>> | null
  /** Dotted logical path → name in the file. */
  readonly physicalNames?: Readonly<Record<string, string>> | null
  /** How variants are stored: as JSON text (default), or as the two binary values of Parquet's own variants. */
  readonly variants?: 'text' | 'binary'
  /** Key-value metadata of the footer. */
  readonly keyValue?: Readonly<Record<string, string>>
  /** Gets the file's parts as they are made, instead of `ParquetFile.parts`. */
  readonly onPart?: (part: Uint8Array) => void
}

/** The options of one leaf, with their defaults. */
export interface LeafOptions {
  readonly compression: ParquetCompression
  readonly dictionary: boolean
  readonly encoding: ParquetValueEncoding
  readonly bloomFilter: number | null
}

const defaultRate = 0.01

/** One a leaf. @throws FormatError DW-FORMAT-0011 for a column that is not there, 0012 for a value that means nothing */
export function leafOptions(schema: WriteSchema, options: ParquetWriteOptions): readonly LeafOptions[] {
  const columns = options.columns ?? {}
  const paths = schema.leaves.map(({ path }) => path.join('.'))
  for (const name of Object.keys(columns)) if (!paths.includes(name)) throw unknownWriteColumn(name)
  for (const name of ['rowGroupRows', 'rowGroupBytes', 'pageRows', 'pageBytes'] as const) {
    const value = options[name]
    if (value !== undefined && !(value >= 1)) throw invalidWriteOption(name, value, 'a number of at least 1')
  }
  return paths.map((path): LeafOptions => {
    const own = columns[path] ?? {}
    const bloom = own.bloomFilter ?? false
    const rate = bloom === true ? defaultRate : bloom === false ? null : bloom
    if (rate !== null && !(rate > 0 && rate < 1)) {
      throw invalidWriteOption(`bloomFilter of ${path}`, rate, 'true, false, or a rate between 0 and 1')
    }
    return {
      compression: own.compression ?? options.compression ?? 'snappy',
      dictionary: own.dictionary ?? options.dictionary ?? true,
      encoding: own.encoding ?? options.encoding ?? 'auto',
      bloomFilter: rate,
    }
  })
}
