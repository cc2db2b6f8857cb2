import {
  binary,
  boolean,
  date,
  decimal,
  float32,
  float64,
  int16,
  int32,
  int64,
  int8,
  list,
  map,
  maxDecimalPrecision,
  nullType,
  string,
  struct,
  timestamp,
  timestampNtz,
  type DataType,
  type Field,
  type Schema,
} from '@deltaworks/schema'
import { corruptArrow, unsupportedArrow } from '../errors.js'
import { arrowType, arrowTypeNames } from './arrow-format.js'
import type { FlatTable } from './flat-reader.js'
import { flag, scalar, type FlatMember, type FlatMembers } from './flat-writer.js'

/** How a column stands in a file's buffers. */
export interface ArrowField {
  readonly name: string
  readonly nullable: boolean
  /** What its values become here. */
  readonly type: DataType
  readonly layout: ArrowLayout
  readonly children: readonly ArrowField[]
  /** Id of the dictionary that it has codes of, and their width in bytes (negative: unsigned). */
  readonly dictionary: { readonly id: number; readonly codeBytes: number; readonly signed: boolean } | null
}

export type ArrowLayout =
  | { readonly kind: 'null' | 'bool' | 'struct' | 'list' | 'largeList' | 'map' }
  | { readonly kind: 'int'; readonly bytes: number; readonly signed: boolean }
  | { readonly kind: 'float'; readonly bytes: number }
  | { readonly kind: 'decimal'; readonly bytes: number }
  /** Ticks of a second each; as microseconds, or as days. */
  | { readonly kind: 'moment'; readonly bytes: number; readonly perSecond: number; readonly asDays: boolean }
  | { readonly kind: 'bytes' | 'largeBytes' | 'bytesView' }
  | { readonly kind: 'fixedBytes' | 'fixedList'; readonly size: number }

const ticks = [1, 1000, 1_000_000, 1_000_000_000]

/** @throws FormatError DW-FORMAT-0071, 0072; FlatBufferError */
export const readFields = (path: string, tables: readonly FlatTable[], depth = 0): ArrowField[] =>
  tables.map((table) => readField(path, table, depth))

function readField(path: string, table: FlatTable, depth: number): ArrowField {
  if (depth > 100) throw corruptArrow(path, 'its schema is nested more than 100 levels deep')
  const name = table.string(0) ?? ''
  const children = readFields(path, table.tables(5), depth + 1)
  const { type, layout } = typeOf(path, name, table.byte(2), table.table(3), children)
  const encoding = table.table(4)
  let dictionary: ArrowField['dictionary'] = null
  if (encoding !== null) {
    const index = encoding.table(1)
    const bits = index?.int(0, 32) ?? 32
    if (![8, 16, 32, 64].includes(bits))
      throw corruptArrow(path, `column "${name}" has dictionary codes of ${bits} bits`)
    dictionary = { id: encoding.length(0), codeBytes: bits / 8, signed: index?.boolean(1) ?? true }
  }
  return { name, nullable: table.boolean(1), type, layout, children, dictionary }
}

interface ReadType {
  readonly type: DataType
  readonly layout: ArrowLayout
}

function typeOf(
  path: string,
  name: string,
  id: number,
  table: FlatTable | null,
  children: readonly ArrowField[],
): ReadType {
  const refuse = (what: string): Error => unsupportedArrow(path, `column "${name}" of type ${what}`)
  const child = (index: number): ArrowField => {
    const found = children[index]
    if (found === undefined) throw corruptArrow(path, `column "${name}" lacks a child`)
    return found
  }
  switch (id) {
    case arrowType.null:
      return { type: nullType, layout: { kind: 'null' } }
    case arrowType.bool:
      return { type: boolean, layout: { kind: 'bool' } }
    case arrowType.int:
      return integerOf(table?.int(0) ?? 0, table?.boolean(1) ?? false, refuse)
    case arrowType.floatingPoint: {
      const precision = table?.short(0) ?? 0
      if (precision > 2 || precision < 0) throw refuse(`a float of precision ${precision}`)
      return { type: precision === 2 ? float64 : float32, layout: { kind: 'float', bytes: [2, 4, 8][precision]! } }
    }
    case arrowType.decimal: {
      const [precision, scale, bits] = [table?.int(0) ?? 0, table?.int(1) ?? 0, table?.int(2, 128) ?? 128]
      const fits = precision >= 1 && precision <= maxDecimalPrecision && scale >= 0 && scale <= precision
      if (!fits || ![32, 64, 128, 256].includes(bits)) throw refuse(`decimal(${precision},${scale}) of ${bits} bits`)
      return { type: decimal(precision, scale), layout: { kind: 'decimal', bytes: bits / 8 } }
    }
    case arrowType.date:
      return (table?.short(0, 1) ?? 1) === 0
        ? { type: date, layout: { kind: 'int', bytes: 4, signed: true } }
        : { type: date, layout: { kind: 'moment', bytes: 8, perSecond: 1000, asDays: true } }
    case arrowType.time:
    case arrowType.duration: {
      const isTime = id === arrowType.time
      const perSecond = ticks[table?.short(0, 1) ?? 1]
      const bits = isTime ? (table?.int(1, 32) ?? 32) : 64
      if (perSecond === undefined || (bits !== 32 && bits !== 64)) throw refuse('time')
      return { type: int64, layout: { kind: 'moment', bytes: bits / 8, perSecond, asDays: false } }
    }
    case arrowType.timestamp: {
      const perSecond = ticks[table?.short(0) ?? 0]
      if (perSecond === undefined) throw refuse('timestamp')
      const zone = table?.string(1) ?? null
      return {
        type: zone === null || zone === '' ? timestampNtz : timestamp,
        layout: { kind: 'moment', bytes: 8, perSecond, asDays: false },
      }
    }
    case arrowType.utf8:
      return { type: string, layout: { kind: 'bytes' } }
    case arrowType.largeUtf8:
      return { type: string, layout: { kind: 'largeBytes' } }
    case arrowType.utf8View:
      return { type: string, layout: { kind: 'bytesView' } }
    case arrowType.binary:
      return { type: binary, layout: { kind: 'bytes' } }
    case arrowType.largeBinary:
      return { type: binary, layout: { kind: 'largeBytes' } }
    case arrowType.binaryView:
      return { type: binary, layout: { kind: 'bytesView' } }
    case arrowType.fixedSizeBinary:
      return { type: binary, layout: { kind: 'fixedBytes', size: sizeOf(path, name, table?.int(0) ?? 0) } }
    case arrowType.list:
      return { type: list(child(0).type, child(0).nullable), layout: { kind: 'list' } }
    case arrowType.largeList:
      return { type: list(child(0).type, child(0).nullable), layout: { kind: 'largeList' } }
    case arrowType.fixedSizeList:
      return {
        type: list(child(0).type, child(0).nullable),
        layout: { kind: 'fixedList', size: sizeOf(path, name, table?.int(0) ?? 0) },
      }
    case arrowType.struct:
      return { type: struct(children.map(fieldOf)), layout: { kind: 'struct' } }
    case arrowType.map: {
      const entries = child(0)
      const [key, value] = entries.children
      if (entries.layout.kind !== 'struct' || key === undefined || value === undefined)
        throw corruptArrow(path, `the map "${name}" has no keys and values`)
      return { type: map(key.type, value.type, value.nullable), layout: { kind: 'map' } }
    }
    default:
      throw refuse(arrowTypeNames[id] ?? `number ${id}`)
  }
}

function sizeOf(path: string, name: string, size: number): number {
  if (size < 0 || size > 0x7fff_ffff) throw corruptArrow(path, `column "${name}" has elements of size ${size}`)
  return size
}

/** Unsigned integers become the next wider signed type, as in Parquet files. */
function integerOf(bits: number, signed: boolean, refuse: (what: string) => Error): ReadType {
  const layout = { kind: 'int', bytes: bits / 8, signed } as const
  switch (bits) {
    case 8:
      return { type: signed ? int8 : int16, layout }
    case 16:
      return { type: signed ? int16 : int32, layout }
    case 32:
      return { type: signed ? int32 : int64, layout }
    case 64:
      return { type: signed ? int64 : decimal(20, 0), layout }
    default:
      throw refuse(`an integer of ${bits} bits`)
  }
}

export const fieldOf = ({ name, type, nullable }: ArrowField): Field => ({ name, type, nullable })

/** The Schema table of our columns. */
export const schemaTable = (schema: Schema): FlatMembers => [
  null,
  { kind: 'tables', value: schema.fields.map(({ name, type, nullable }) => fieldTable(name, type, nullable)) },
]

function fieldTable(name: string, type: DataType, nullable: boolean): FlatMembers {
  const [id, members, children] = typeTable(type)
  return [
    { kind: 'string', value: name },
    flag(nullable),
    scalar(1, id),
    { kind: 'table', value: members },
    null,
    { kind: 'tables', value: children },
  ]
}

function typeTable(type: DataType): [id: number, members: FlatMembers, children: readonly FlatMembers[]] {
  const integer = (bits: number): [number, FlatMembers, readonly FlatMembers[]] => [
    arrowType.int,
    [scalar(4, bits), flag(true)],
    [],
  ]
  const micros = (zone: FlatMember): [number, FlatMembers, readonly FlatMembers[]] => [
    arrowType.timestamp,
    [scalar(2, 2), zone],
    [],
  ]
  switch (type.kind) {
    case 'null':
      return [arrowType.null, [], []]
    case 'boolean':
      return [arrowType.bool, [], []]
    case 'int8':
      return integer(8)
    case 'int16':
      return integer(16)
    case 'int32':
      return integer(32)
    case 'int64':
      return integer(64)
    case 'float32':
      return [arrowType.floatingPoint, [scalar(2, 1)], []]
    case 'float64':
      return [arrowType.floatingPoint, [scalar(2, 2)], []]
    case 'decimal':
      return [arrowType.decimal, [scalar(4, type.precision), scalar(4, type.scale), scalar(4, 128)], []]
    case 'string':
    case 'variant':
      return [arrowType.utf8, [], []]
    case 'binary':
      return [arrowType.binary, [], []]
    case 'date':
      return [arrowType.date, [scalar(2, 0)], []]
    case 'timestamp':
      return micros({ kind: 'string', value: 'UTC' })
    case 'timestamp_ntz':
      return micros(null)
    case 'list':
      return [arrowType.list, [], [fieldTable('element', type.element, type.elementNullable)]]
    case 'struct':
      return [arrowType.struct, [], type.fields.map((member) => fieldTable(member.name, member.type, member.nullable))]
    case 'map': {
      const entries: FlatMembers = [
        { kind: 'string', value: 'entries' },
        flag(false),
        scalar(1, arrowType.struct),
        { kind: 'table', value: [] },
        null,
        {
          kind: 'tables',
          value: [fieldTable('key', type.key, false), fieldTable('value', type.value, type.valueNullable)],
        },
      ]
      return [arrowType.map, [flag(false)], [entries]]
    }
  }
}
