import { pow10, type DataType, type Value } from '@deltaworks/schema'
import { physical } from './format.js'
import type { RawStatistics } from './metadata.js'
import { decimalOfNode, integerOfNode, timeOfNode, timestampOfNode, type SchemaNode } from './schema-tree.js'

/** A column's statistics in a row group, as logical values; null = not known. Bounds of text may be wider than the data. */
export interface ColumnBounds {
  readonly min: Value
  readonly max: Value
  readonly nullCount: number | null
}

/** What raw statistics say about a column that is read as `type`. Bounds that cannot be trusted are left out. */
export function columnBounds(node: SchemaNode, type: DataType, raw: RawStatistics): ColumnBounds {
  const isTrusted = !raw.legacy || hasSignedOrder(node)
  let min = isTrusted && raw.min !== null ? boundValue(node, type, raw.min, false) : null
  let max = isTrusted && raw.max !== null ? boundValue(node, type, raw.max, true) : null
  if (Number.isNaN(min) || Number.isNaN(max)) min = max = null
  return { min, max, nullCount: raw.nullCount !== null && raw.nullCount >= 0 ? raw.nullCount : null }
}

/** Before ColumnOrder, bounds of everything were compared as signed: only these types' bounds mean the same. */
function hasSignedOrder(node: SchemaNode): boolean {
  switch (node.physical) {
    case physical.boolean:
    case physical.float:
    case physical.double:
      return true
    case physical.int32:
    case physical.int64:
      return decimalOfNode(node) !== null || timestampOfNode(node) !== null || integerOfNode(node).signed
    default:
      return false
  }
}

function boundValue(node: SchemaNode, type: DataType, bytes: Uint8Array, isMax: boolean): Value {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  switch (node.physical) {
    case physical.boolean:
      return bytes.length === 1 && type.kind === 'boolean' ? bytes[0] === 1 : null
    case physical.int32: {
      if (bytes.length !== 4) return null
      const { bits, signed } = integerOfNode(node)
      return ofInteger(node, type, BigInt(!signed && bits === 32 ? view.getUint32(0, true) : view.getInt32(0, true)))
    }
    case physical.int64:
      if (bytes.length !== 8) return null
      return ofInteger(node, type, integerOfNode(node).signed ? view.getBigInt64(0, true) : view.getBigUint64(0, true))
    case physical.float:
      return bytes.length === 4 && isDouble(type) ? view.getFloat32(0, true) : null
    case physical.double:
      return bytes.length === 8 && isDouble(type) ? view.getFloat64(0, true) : null
    case physical.int96:
      return null
    case physical.byteArray:
    case physical.fixed:
      if (type.kind === 'decimal')
        return bytes.length > 0 && bytes.length <= 17 ? ofInteger(node, type, bigEndian(bytes)) : null
      if (type.kind === 'string') return textBound(bytes, isMax)
      return type.kind === 'binary' ? bytes.slice() : null
  }
}

const isDouble = (type: DataType): boolean => type.kind === 'float32' || type.kind === 'float64'

function ofInteger(node: SchemaNode, type: DataType, value: bigint): Value {
  switch (type.kind) {
    case 'int8':
    case 'int16':
    case 'int32':
    case 'date':
    case 'float32':
    case 'float64':
      return Number(value)
    case 'int64':
      return inMicros(value, timeOfNode(node) ?? 2)
    case 'decimal':
      return value * pow10(Math.max(0, type.scale - (decimalOfNode(node)?.scale ?? 0)))
    case 'timestamp':
    case 'timestamp_ntz': {
      if (node.physical === physical.int32) return value * 86_400_000_000n
      return inMicros(value, timestampOfNode(node)?.unit ?? 2)
    }
    default:
      return null
  }
}

/** As values are converted, so that the bounds are exactly those of what comes out. */
const inMicros = (value: bigint, unit: number): bigint =>
  unit === 1 ? value * 1000n : unit === 3 ? floorDivide(value, 1000n) : value

const floorDivide = (a: bigint, b: bigint): bigint => (a >= 0n || a % b === 0n ? a / b : a / b - 1n)

function bigEndian(bytes: Uint8Array): bigint {
  let value = 0n
  for (const byte of bytes) value = (value << 8n) | BigInt(byte)
  return bytes[0]! >= 128 ? value - (1n << BigInt(8 * bytes.length)) : value
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true })

/** A truncated bound may end inside a character: a lower one is cut further, an upper one is given up. */
function textBound(bytes: Uint8Array, isMax: boolean): string | null {
  for (let cut = 0; cut <= 3 && cut <= bytes.length; cut++) {
    try {
      return strictUtf8.decode(bytes.slice(0, bytes.length - cut))
    } catch {
      if (isMax) return null
    }
  }
  return null
}
