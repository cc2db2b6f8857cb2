import { isNumeric, typeName, type DataType, type Value } from '@deltaworks/schema'
import { ambiguousHeader, extraColumns, invalidCsvOption, missingColumns, unreadableType } from '../errors.js'
import type { FileScan, VirtualColumn } from '../file-scan.js'
import type { CsvReadOptions } from './csv-options.js'
import type { ValueFormat, ValueWords } from './parse-value.js'
import { temporalPattern } from './temporal-pattern.js'

/** Where a column of the scan comes from. */
export type ColumnSource =
  | { readonly kind: 'file'; readonly parsed: number }
  | { readonly kind: 'absent' }
  | { readonly kind: 'constant'; readonly value: Value }
  | { readonly kind: 'virtual'; readonly what: VirtualColumn }
  | { readonly kind: 'rescued' }

/** A column of the file that is parsed, because it is wanted or because it decides whether its row is malformed. */
export interface ParsedColumn {
  /** Name in the file. */
  readonly name: string
  /** Position in the file. */
  readonly index: number
  readonly type: DataType
  readonly format: ValueFormat
  /** The dialect writes such values otherwise than the kernels know: each goes through `parseValue`. */
  readonly isInterpreted: boolean
}

export interface ColumnMapping {
  /** One a field of the scan's schema. */
  readonly sources: readonly ColumnSource[]
  readonly parsed: readonly ParsedColumn[]
  /** Columns of the file that nobody declared: position and name. */
  readonly extra: readonly (readonly [index: number, name: string])[]
}

/**
 * Finds the scan's columns among the file's, by name and without regard to case.
 * @throws FormatError DW-FORMAT-0035 (missing columns), 0036 (undeclared ones), 0039 (a type that CSV has no form for), 0040
 */
export function mapColumns(scan: FileScan, options: CsvReadOptions, header: readonly string[]): ColumnMapping {
  const names = header.map((name) => name.trim().toLowerCase())
  const missing: string[] = []
  const parsed: ParsedColumn[] = []
  const byName = new Map<string, number>()
  const rescuedColumn = (options.rescuedColumn ?? '_rescued_data').toLowerCase()

  const aliasesOf = (name: string): readonly string[] => {
    const physical = scan.physicalNames?.[name]
    return options.columns?.[name]?.names ?? (physical === undefined ? [name] : [physical])
  }
  const order = (options.schema ?? scan.schema).fields.map((field) => field.name)
  const find = (name: string): number => {
    if (options.enforceSchema === true) {
      const index = order.filter((other) => !isMade(scan, other)).indexOf(name)
      return index < header.length ? index : -1
    }
    for (const alias of aliasesOf(name)) {
      const lower = alias.toLowerCase()
      const index = names.indexOf(lower)
      if (index < 0) continue
      if (names.includes(lower, index + 1)) throw ambiguousHeader(scan.path, alias)
      return index
    }
    return -1
  }
  const parse = (name: string, type: DataType): number => {
    const known = byName.get(name)
    if (known !== undefined) return known
    const index = find(name)
    if (index < 0) {
      const text = aliasesOf(name).join(' or ')
      if ((options.columns?.[name]?.required ?? true) && !missing.includes(text)) missing.push(text)
      return -1
    }
    const format = formatOf(scan, options, name, type)
    parsed.push({ name: header[index]!.trim(), index, type, format, isInterpreted: isInterpreted(type, format) })
    byName.set(name, parsed.length - 1)
    return parsed.length - 1
  }

  const sources = scan.schema.fields.map(({ name, type }): ColumnSource => {
    if (name in scan.constants) return { kind: 'constant', value: scan.constants[name]! }
    const virtual = scan.virtualColumns[name]
    if (virtual !== undefined) return { kind: 'virtual', what: virtual }
    if (options.extraColumns === 'rescue' && name.toLowerCase() === rescuedColumn) return { kind: 'rescued' }
    const index = parse(name, type)
    return index < 0 ? { kind: 'absent' } : { kind: 'file', parsed: index }
  })
  if (decidesRows(scan, options)) {
    for (const { name, type } of options.schema?.fields ?? []) {
      const made = name in scan.constants || name in scan.virtualColumns || name.toLowerCase() === rescuedColumn
      if (!made) parse(name, type)
    }
  }
  for (const name of Object.keys(options.columns ?? {})) {
    if (!byName.has(name) && (options.columns?.[name]?.required ?? true) && find(name) < 0) {
      const text = aliasesOf(name).join(' or ')
      if (!missing.includes(text)) missing.push(text)
    }
  }
  if (missing.length > 0) throw missingColumns(scan.path, missing, header)
  return { sources, parsed, extra: extraOf(scan, options, header, names, aliasesOf) }
}

const isMade = (scan: FileScan, name: string): boolean => name in scan.constants || name in scan.virtualColumns

function isInterpreted(type: DataType, { words }: ValueFormat): boolean {
  if (words === undefined) return false
  if (type.kind === 'boolean') return words.trueValues !== null || words.falseValues !== null
  return words.number !== null && isNumeric(type)
}

/** Words of the dialect that kernels do not know; undefined: there are none. */
export function valueWords(options: CsvReadOptions): ValueWords | undefined {
  const { nanValue, positiveInf, negativeInf, trueValues, falseValues, locale } = options
  if ([nanValue, positiveInf, negativeInf, trueValues, falseValues, locale].every((option) => option === undefined))
    return undefined
  const lower = (values: readonly string[] | undefined): readonly string[] | null =>
    values?.map((value) => value.toLowerCase()) ?? null
  return {
    nan: nanValue ?? null,
    positiveInf: positiveInf ?? null,
    negativeInf: negativeInf ?? null,
    trueValues: lower(trueValues),
    falseValues: lower(falseValues),
    number: locale === undefined ? null : numberForm(locale),
  }
}

function numberForm(locale: string): ValueWords['number'] {
  let parts: Intl.NumberFormatPart[]
  try {
    parts = new Intl.NumberFormat(locale).formatToParts(-1_234_567.5)
  } catch {
    throw invalidCsvOption('locale', locale, 'a language tag such as en-US or de-DE')
  }
  const partOf = (type: string): string => parts.find((part) => part.type === type)?.value ?? ''
  return { group: partOf('group'), point: partOf('decimal') || '.' }
}

/** Whether malformed rows differ from others in what comes out, so that all columns must be looked at. */
const decidesRows = (scan: FileScan, options: CsvReadOptions): boolean =>
  (options.mode !== undefined && options.mode.toLowerCase() !== 'permissive') ||
  options.badRecordsPath !== undefined ||
  Object.values(scan.virtualColumns).some((what) => what === 'raw_record' || what === 'corrupt_reason')

function extraOf(
  scan: FileScan,
  options: CsvReadOptions,
  header: readonly string[],
  names: readonly string[],
  aliasesOf: (name: string) => readonly string[],
): (readonly [number, string])[] {
  const policy = options.extraColumns ?? 'ignore'
  if (policy === 'ignore') return []
  const declared = [
    ...new Set([
      ...Object.keys(options.columns ?? {}),
      ...(options.schema ?? scan.schema).fields.map((field) => field.name),
    ]),
  ]
  const known = new Set(declared.flatMap((name) => aliasesOf(name).map((alias) => alias.toLowerCase())))
  const extra = header.flatMap((name, index) => (known.has(names[index]!) ? [] : [[index, name.trim()] as const]))
  if (policy === 'error' && extra.length > 0) {
    throw extraColumns(
      scan.path,
      extra.map(([, name]) => name),
      declared,
    )
  }
  return extra
}

function formatOf(scan: FileScan, options: CsvReadOptions, name: string, type: DataType): ValueFormat {
  switch (type.kind) {
    case 'null':
    case 'list':
    case 'map':
    case 'struct':
    case 'variant':
      throw unreadableType(scan.path, name, typeName(type), 'CSV')
    default: {
      const words = valueWords(options)
      const pattern =
        options.columns?.[name]?.pattern ??
        (type.kind === 'date'
          ? options.datePattern
          : type.kind === 'timestamp' || type.kind === 'timestamp_ntz'
            ? options.timestampPattern
            : undefined)
      return {
        pattern: pattern === undefined ? null : temporalPattern(pattern),
        timezone: options.timezone ?? 'UTC',
        ...(words === undefined ? {} : { words }),
      }
    }
  }
}
