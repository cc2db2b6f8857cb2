import { field, int64, boolean, struct, type DataType, type Field, type Schema, type Value } from '@deltaworks/schema'
import { physicalName, type ColumnMappingMode } from './column-mapping.js'
import { isExactNumber, parseExactJson, type ExactJson } from './exact-json.js'
import { statisticsValue } from './statistics.js'

/*
 * `stats_parsed` of checkpoints: statistics as columns, of which a reader need not read all (PROTOCOL.md, "Checkpoints", with
 * `delta.checkpoint.writeStatsAsStruct`).
 */

/** The struct's shape, and the conversion of a file's text to it. */
export interface ParsedStatistics {
  readonly type: DataType
  value(stats: string | null): Value
}

interface Branch {
  readonly fields: readonly Field[]
  convert(json: ExactJson | undefined): readonly Value[]
}

export function parsedStatistics(
  of: Schema,
  partitionColumns: readonly string[],
  mode: ColumnMappingMode,
): ParsedStatistics {
  const columns = of.fields.filter((column) => !partitionColumns.includes(column.name))
  const bounds = branchOf(columns, mode, hasBounds, (type) => type, statisticsValue)
  const counts = branchOf(
    columns,
    mode,
    () => true,
    () => int64,
    (_, json) => countOf(json),
  )
  const nested = (name: string, branch: Branch): readonly Field[] =>
    branch.fields.length === 0 ? [] : [field(name, struct(branch.fields))]
  const type = struct([
    field('numRecords', int64),
    field('tightBounds', boolean),
    ...nested('minValues', bounds),
    ...nested('maxValues', bounds),
    ...nested('nullCount', counts),
  ])
  const branches: readonly (readonly [string, Branch])[] = [
    ['minValues', bounds],
    ['maxValues', bounds],
    ['nullCount', counts],
  ]
  return {
    type,
    value(stats) {
      const json = objectOf(stats)
      if (json === null) return null
      const tight = json['tightBounds']
      return [
        countOf(json['numRecords']),
        typeof tight === 'boolean' ? tight : null,
        ...branches.filter(([, b]) => b.fields.length > 0).map(([name, b]) => b.convert(json[name])),
      ]
    },
  }
}

function branchOf(
  columns: readonly Field[],
  mode: ColumnMappingMode,
  keeps: (type: DataType) => boolean,
  typeOf: (type: DataType) => DataType,
  valueOf: (type: DataType, json: ExactJson) => Value,
): Branch {
  const fields: Field[] = []
  const readers: ((json: { readonly [key: string]: ExactJson }) => Value)[] = []
  for (const column of columns) {
    const name = physicalName(column, mode)
    const { type } = column
    if (type.kind === 'struct') {
      const inner = branchOf(type.fields, mode, keeps, typeOf, valueOf)
      if (inner.fields.length === 0) continue
      fields.push(field(name, struct(inner.fields)))
      readers.push((json) => inner.convert(json[name]))
    } else if (keeps(type)) {
      fields.push(field(name, typeOf(type)))
      readers.push((json) => (json[name] === undefined ? null : valueOf(type, json[name])))
    }
  }
  return {
    fields,
    convert(json) {
      const members = isMap(json) ? json : {}
      return readers.map((read) => read(members))
    },
  }
}

const isMap = (json: ExactJson | undefined): json is { readonly [key: string]: ExactJson } =>
  typeof json === 'object' && json !== null && !Array.isArray(json) && !isExactNumber(json)

/** Types of which writers keep a minimum and a maximum. */
function hasBounds(type: DataType): boolean {
  switch (type.kind) {
    case 'int8':
    case 'int16':
    case 'int32':
    case 'int64':
    case 'float32':
    case 'float64':
    case 'decimal':
    case 'date':
    case 'timestamp':
    case 'timestamp_ntz':
    case 'string':
      return true
    default:
      return false
  }
}

function countOf(json: ExactJson | undefined): bigint | null {
  if (typeof json === 'number' && Number.isInteger(json)) return BigInt(json)
  return json !== undefined && isExactNumber(json) && /^\d+$/.test(json.digits) ? BigInt(json.digits) : null
}

function objectOf(stats: string | null): { readonly [key: string]: ExactJson } | null {
  if (stats === null || stats === '') return null
  try {
    const json = parseExactJson(stats)
    return isMap(json) ? json : null
  } catch {
    return null
  }
}
