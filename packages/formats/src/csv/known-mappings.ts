import type { FileScan } from '../file-scan.js'
import { mapColumns, type ColumnMapping } from './column-mapping.js'
import { csvDialect, type CsvDialect, type CsvReadOptions } from './csv-options.js'

interface KnownMapping {
  readonly scan: Pick<FileScan, 'schema' | 'physicalNames' | 'virtualColumns' | 'constants'>
  readonly header: readonly string[]
  readonly mapping: ColumnMapping
}

const dialects = new WeakMap<CsvReadOptions, CsvDialect>()
const mappings = new WeakMap<CsvReadOptions, KnownMapping>()

/** The dialect of options, which many small files of a scan share. @throws FormatError DW-FORMAT-0030 */
export function knownDialect(options: CsvReadOptions): CsvDialect {
  let dialect = dialects.get(options)
  if (dialect === undefined) dialects.set(options, (dialect = csvDialect(options)))
  return dialect
}

/** Like `mapColumns`; the next file of a scan that has the same header is mapped as the one before. */
export function knownMapping(scan: FileScan, options: CsvReadOptions, header: readonly string[]): ColumnMapping {
  const known = mappings.get(options)
  if (known !== undefined && isSame(known, scan, header)) return withConstants(known.mapping, scan)
  const mapping = mapColumns(scan, options, header)
  const { schema, physicalNames, virtualColumns, constants } = scan
  mappings.set(options, { scan: { schema, physicalNames, virtualColumns, constants }, header, mapping })
  return mapping
}

const isSame = ({ scan: known, header: knownHeader }: KnownMapping, scan: FileScan, header: readonly string[]) =>
  known.schema === scan.schema &&
  known.physicalNames === scan.physicalNames &&
  known.virtualColumns === scan.virtualColumns &&
  Object.keys(known.constants).length === Object.keys(scan.constants).length &&
  Object.keys(scan.constants).every((name) => name in known.constants) &&
  knownHeader.length === header.length &&
  header.every((name, i) => name === knownHeader[i])

const withConstants = (mapping: ColumnMapping, { schema, constants }: FileScan): ColumnMapping => ({
  ...mapping,
  sources: mapping.sources.map((source, i) =>
    source.kind === 'constant' ? { kind: 'constant', value: constants[schema.fields[i]!.name]! } : source,
  ),
})
