import { inferCsvSchema, inferJsonSchema, readParquetSchema, sniffCsv, type CsvReadOptions } from '@deltaworks/formats'
import { typesEqual, type DataType, type Schema } from '@deltaworks/schema'
import { openStore } from '@deltaworks/storage'
import type { SourceDefinition } from '../source-definition.js'
import type { LandingPart } from '../unpack/unpack-landing.js'

/** What the starts of the files say of a column. */
export interface InferredColumn {
  /** Its names in the files, the most recent file's first. */
  readonly names: readonly string[]
  readonly type: DataType
  /** Of dates and timestamps that are not ISO 8601. */
  readonly pattern: string | null
  /** Patterns that would fit as well, so that a person must say which is meant. */
  readonly alsoFits: readonly string[]
  /** In every file. */
  readonly everywhere: boolean
}

export interface InferredFiles {
  readonly format: SourceDefinition['format']
  /** Reader options that differ from the defaults. */
  readonly options: Readonly<Record<string, string | boolean>>
  readonly columns: readonly InferredColumn[]
}

const datePatterns = ['M/d/yyyy', 'd/M/yyyy', 'd.M.yyyy', 'd-M-yyyy', 'yyyy/M/d']
const timestampPatterns = datePatterns.flatMap((date) => [`${date} H:mm`, `${date} H:mm:ss`])

/** Dialect and columns of files that are one source; types are wide enough for the samples of all of them. */
export async function inferFiles(
  parts: readonly LandingPart[],
  format: SourceDefinition['format'],
): Promise<InferredFiles> {
  const options = format === 'csv' ? await commonDialect(parts) : {}
  const found: Mutable[] = []
  for (const part of [...parts].reverse()) {
    for (const column of await columnsOfFile(part, format, options)) addColumn(found, column)
  }
  const columns = found.map(({ files, ...column }) => ({ ...column, everywhere: files === parts.length }))
  return { format, options, columns }
}

type Mutable = { -readonly [K in keyof Omit<InferredColumn, 'everywhere'>]: InferredColumn[K] } & { files: number }

/** The first file's dialect, as far as it is not the default. */
async function commonDialect(parts: readonly LandingPart[]): Promise<Readonly<Record<string, string | boolean>>> {
  const part = parts[0]!
  const { separator, encoding, header } = await sniffCsv(openStore(part.store), part.path)
  return {
    ...(separator === ',' ? {} : { separator }),
    ...(encoding === 'utf-8' ? {} : { encoding }),
    ...(header ? {} : { header }),
  }
}

async function columnsOfFile(
  { store, path, sizeBytes }: LandingPart,
  format: SourceDefinition['format'],
  options: CsvReadOptions,
): Promise<Mutable[]> {
  const from = openStore(store)
  switch (format) {
    case 'parquet':
      return (await readParquetSchema(from, path, sizeBytes)).fields.map(plainColumn)
    case 'json':
      return (await inferJsonSchema(from, path)).fields.map(plainColumn)
    case 'csv': {
      const schema = await inferCsvSchema(from, path, options)
      const fitting = await fittingPatterns(schema, (patterns) =>
        inferCsvSchema(from, path, { ...options, ...patterns }),
      )
      return schema.fields.map((field, i) => ({ ...plainColumn(field), ...fitting[i] }))
    }
  }
}

const plainColumn = ({ name, type }: { readonly name: string; readonly type: DataType }): Mutable => ({
  names: [name],
  type,
  pattern: null,
  alsoFits: [],
  files: 1,
})

/** For each column that is text under ISO 8601: the patterns under which it would be dates or timestamps. */
async function fittingPatterns(
  schema: Schema,
  infer: (patterns: Pick<CsvReadOptions, 'datePattern' | 'timestampPattern'>) => Promise<Schema>,
): Promise<readonly (Pick<Mutable, 'type' | 'pattern' | 'alsoFits'> | undefined)[]> {
  const fits: { readonly type: DataType; readonly pattern: string }[][] = schema.fields.map(() => [])
  for (const [kind, patterns] of [
    ['date', datePatterns],
    ['timestamp', timestampPatterns],
  ] as const) {
    for (const pattern of patterns) {
      const other = await infer(kind === 'date' ? { datePattern: pattern } : { timestampPattern: pattern })
      other.fields.forEach(({ type }, i) => {
        if (schema.fields[i]!.type.kind === 'string' && type.kind === kind) fits[i]!.push({ type, pattern })
      })
    }
  }
  return fits.map((list) => {
    const [best, ...others] = list
    return best === undefined
      ? undefined
      : { type: best.type, pattern: best.pattern, alsoFits: others.map((other) => other.pattern) }
  })
}

/** Brings a file's column together with that of the same name in other files. */
function addColumn(found: Mutable[], column: Mutable): void {
  const name = column.names[0]!.toLowerCase()
  const known = found.find((other) => other.names[0]!.toLowerCase() === name)
  if (known === undefined) {
    found.push(column)
    return
  }
  known.files++
  if (typesEqual(known.type, column.type) && known.pattern === column.pattern) {
    known.alsoFits = known.alsoFits.filter((pattern) => column.alsoFits.includes(pattern))
    return
  }
  // A file may settle what another left open: 2/1/2026 fits two patterns, 13/1/2026 one.
  const both = patternsOf(known).filter((pattern) => patternsOf(column).includes(pattern))
  if (known.type.kind === column.type.kind && both.length > 0) {
    known.pattern = both[0]!
    known.alsoFits = both.slice(1)
    return
  }
  known.type = widest(known.type, column.type)
  known.pattern = null
  known.alsoFits = []
}

const patternsOf = ({ pattern, alsoFits }: Mutable): readonly string[] =>
  pattern === null ? [] : [pattern, ...alsoFits]

const widths: readonly DataType['kind'][] = ['int8', 'int16', 'int32', 'int64', 'float64']

function widest(a: DataType, b: DataType): DataType {
  if (a.kind === 'null') return b
  if (b.kind === 'null') return a
  const [i, j] = [widths.indexOf(a.kind), widths.indexOf(b.kind)]
  return i >= 0 && j >= 0 ? (i > j ? a : b) : typesEqual(a, b) ? a : { kind: 'string' }
}
