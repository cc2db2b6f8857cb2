import type { Json } from '@deltaworks/schema'

/** Where a raw table's rows land: files of a folder by a pattern, and how they are read. */
export interface SourceDefinition<A extends AuditDetail = AuditDetail> {
  /**
   * A glob on the file's path within the landing zone: `*` and `?` do not cross `/`, `**` does. Files that end with `.gz`,
   * `.zst`, `.bz2`, `.zip`, `.tar` (and `.tar.gz` and its like) are unpacked.
   */
  readonly files: string
  /** Which members of an archive are read: a glob on their paths in it. Hidden ones never are. */
  readonly members: string
  readonly format: 'csv' | 'json' | 'parquet'
  /** Reader options of the format (`CsvReadOptions`, …), columns aside: these come from the table's definition. */
  readonly options: { readonly [option: string]: Json }
  /**
   * What happens to columns (members) of a file that the definition does not name. `error`: the file is refused; of JSON, the
   * record is malformed. `ignore`: they are left out. `rescue`: their values are kept as JSON in the column `_rescued` (not for
   * Parquet). `add`: the table gets them, as text (of Parquet, as their type), behind its other columns; members that a JSON file has
   * beyond its start are rescued. Default `error`, of JSON `ignore`.
   */
  readonly extraColumns: 'error' | 'ignore' | 'rescue' | 'add'
  /** The share of malformed rows (0 to 1) beyond which a source fails as a whole; below it they go to quarantine. */
  readonly maxMalformed: number
  /** The number of malformed rows beyond which it fails, whatever their share; null: none. */
  readonly maxMalformedRows: number | null
  /**
   * What becomes of a malformed row. `quarantine`: it waits there, with file, line, text and reason. `keep` (Spark's PERMISSIVE): it is
   * a row of the table, null where a value could not be read, its text in `corruptColumn`. `drop` (DROPMALFORMED): it is
   * left out and counted. `fail` (FAILFAST): the first one fails the run, before anything of the source is written.
   */
  readonly malformed: 'quarantine' | 'keep' | 'drop' | 'fail'
  /** A derived, nullable text column that has the text of a malformed row, null for others. With `keep` only. */
  readonly corruptColumn: string | null
  /**
   * What becomes of a landing file once its rows are committed (or are known to be). `archive`: it is moved to
   * `archiveFolder/<day of the run>/<its path>`. A file that was replaced since is left alone: the next run takes it.
   */
  readonly afterIngest: 'keep' | 'archive' | 'delete'
  /** In the landing zone; nothing below it is ever ingested. */
  readonly archiveFolder: string
  /** Columns that each row gets besides `source_file`, `source_line` and `ingestion_date`. */
  readonly audit: readonly A[]
  /** Whether each batch is profiled and compared with earlier ones. Default true. */
  readonly profile: boolean
  /** Rows that were ingested so many days ago are removed from the table, by the next run; null: they stay. */
  readonly retentionDays: number | null
}

/** `source_checksum`: SHA-256 of the landing file; `ingested_at`: the run's clock; `run_id`: the run. */
export type AuditDetail = 'source_checksum' | 'ingested_at' | 'run_id'

/** Where undeclared columns are kept as JSON. */
export const rescuedColumn = '_rescued'

/** Whether rows of the source have a column for what nobody declared. */
export const rescues = ({ format, extraColumns }: SourceDefinition): boolean =>
  extraColumns === 'rescue' || (extraColumns === 'add' && format === 'json')

interface SourceOptions<A extends AuditDetail> {
  readonly options?: { readonly [option: string]: Json }
  readonly extraColumns?: SourceDefinition['extraColumns']
  readonly maxMalformed?: number
  readonly maxMalformedRows?: number
  readonly malformed?: SourceDefinition['malformed']
  readonly corruptColumn?: string
  readonly members?: string
  readonly afterIngest?: SourceDefinition['afterIngest']
  readonly archiveFolder?: string
  readonly audit?: readonly A[]
  readonly retentionDays?: number
  readonly profile?: boolean
}

const source = <A extends AuditDetail>(
  format: SourceDefinition['format'],
  files: string,
  options: SourceOptions<A>,
): SourceDefinition<A> => ({
  files,
  format,
  options: options.options ?? {},
  extraColumns: options.extraColumns ?? (format === 'json' ? 'ignore' : 'error'),
  // Where malformed rows are rows like others, or are not wanted, their share is no reason to stop.
  maxMalformed: options.maxMalformed ?? (options.malformed === 'keep' || options.malformed === 'drop' ? 1 : 0.1),
  maxMalformedRows: options.maxMalformedRows ?? null,
  malformed: options.malformed ?? 'quarantine',
  corruptColumn: options.corruptColumn ?? null,
  members: options.members ?? '**/*',
  afterIngest: options.afterIngest ?? 'keep',
  archiveFolder: options.archiveFolder ?? '_archive',
  audit: options.audit ?? [],
  profile: options.profile ?? true,
  retentionDays: options.retentionDays ?? null,
})

export const csvFiles = <const A extends AuditDetail = never>(
  files: string,
  options: SourceOptions<A> = {},
): SourceDefinition<A> => source('csv', files, options)
export const jsonFiles = <const A extends AuditDetail = never>(
  files: string,
  options: SourceOptions<A> = {},
): SourceDefinition<A> => source('json', files, options)
export const parquetFiles = <const A extends AuditDetail = never>(
  files: string,
  options: SourceOptions<A> = {},
): SourceDefinition<A> => source('parquet', files, options)
