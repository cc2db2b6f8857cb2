import type { Json } from '@deltaworks/schema'

/** Where a raw table's rows land: files of a folder by a pattern, and how they are read. */
export interface SourceDefinition {
  /** A glob on the file's path within the landing zone: `*` and `?` do not cross `/`, `**` does. */
  readonly files: string
  readonly format: 'csv' | 'json' | 'parquet'
  /** Reader options of the format (`CsvReadOptions`, …), columns aside: these come from the table's definition. */
  readonly options: { readonly [option: string]: Json }
  /** What happens to columns of a file that the definition does not name. */
  readonly extraColumns: 'error' | 'ignore'
  /** The share of malformed rows (0 to 1) beyond which a source fails as a whole; below it they go to quarantine. */
  readonly maxMalformed: number
}

interface SourceOptions {
  readonly options?: { readonly [option: string]: Json }
  readonly extraColumns?: 'error' | 'ignore'
  readonly maxMalformed?: number
}

const source = (format: SourceDefinition['format'], files: string, options: SourceOptions): SourceDefinition => ({
  files,
  format,
  options: options.options ?? {},
  extraColumns: options.extraColumns ?? 'error',
  maxMalformed: options.maxMalformed ?? 0.1,
})

export const csvFiles = (files: string, options: SourceOptions = {}): SourceDefinition => source('csv', files, options)
export const jsonFiles = (files: string, options: SourceOptions = {}): SourceDefinition =>
  source('json', files, options)
export const parquetFiles = (files: string, options: SourceOptions = {}): SourceDefinition =>
  source('parquet', files, options)
