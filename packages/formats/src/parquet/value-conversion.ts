import { scratchBase, type Arena } from '@deltaworks/columnar'
import { maxInt64DecimalPrecision, pow10, typeName, type DataType, type DecimalType } from '@deltaworks/schema'
import { typeMismatch, valueOutOfRange } from '../errors.js'
import { corruptColumn, type DecodeContext } from './decode-context.js'
import type { DenseValues, FixedValues, StringValues } from './dense-values.js'
import { logical, physical } from './format.js'
import { decimalOfNode, describeLeaf, integerOfNode, timeOfNode, timestampOfNode } from './schema-tree.js'

/** Dense values of a file's physical type to those of the wanted logical type. Chosen once a column. */
export type ValueConversion = (values: DenseValues, count: number, arena: Arena) => DenseValues

const microsPerDay = 86_400_000_000n

/** @throws FormatError DW-FORMAT-0004 if the file's type does not fit the wanted one without loss */
export function valueConversion(context: DecodeContext, target: DataType): ValueConversion {
  const conversion = chooseConversion(context, target)
  if (conversion === null) {
    const { path, node } = context
    throw typeMismatch(path, node.path.join('.'), describeLeaf(node), typeName(target))
  }
  return conversion
}

function chooseConversion(context: DecodeContext, target: DataType): ValueConversion | null {
  switch (context.node.physical) {
    case physical.boolean:
      return target.kind === 'boolean' ? (values) => values : null
    case physical.int32:
      return fromInt32(context, target)
    case physical.int64:
      return fromInt64(context, target)
    case physical.int96:
      return target.kind === 'timestamp' || target.kind === 'timestamp_ntz'
        ? checked(context, target, (k, from, count, to) => k.parquetInt96ToMicros(from, count, to))
        : null
    case physical.float:
      if (target.kind === 'float32') return aligned(context)
      return target.kind === 'float64' ? toFloat(context, 2, 8) : null
    case physical.double:
      return target.kind === 'float64' ? aligned(context) : null
    case physical.byteArray:
      if (isBytes(target)) return (values) => values
      return target.kind === 'decimal' ? fromBigEndian(context, target) : null
    case physical.fixed:
      if (target.kind === 'decimal') return fromBigEndian(context, target)
      if (context.node.element.annotation?.kind === logical.float16) {
        return target.kind === 'float32' && context.node.element.typeLength === 2 ? toFloat(context, 3, 4) : null
      }
      return isBytes(target) ? fixedToStrings(context) : null
  }
}

const isBytes = (type: DataType): boolean => type.kind === 'string' || type.kind === 'binary' || type.kind === 'variant'

type Kernels = DecodeContext['kernels']

/** A conversion by one kernel call into new memory of `width` bytes a value. */
const step =
  (
    context: DecodeContext,
    width: number,
    run: (kernels: Kernels, from: number, count: number, to: number) => void,
  ): ValueConversion =>
  (values, count, arena) => {
    const address = arena.allocate(count * width)
    run(context.kernels, (values as FixedValues).address, count, address)
    return { kind: 'fixed', address, width }
  }

/** A conversion to 8 bytes by a kernel that returns other than 0 if a value does not fit. */
const checked = (
  context: DecodeContext,
  target: DataType,
  run: (kernels: Kernels, from: number, count: number, to: number) => number,
): ValueConversion =>
  step(context, 8, (kernels, from, count, to) => {
    const { path, node } = context
    if (run(kernels, from, count, to) !== 0) throw valueOutOfRange(path, node.path.join('.'), typeName(target))
  })

const inOrder =
  (...conversions: readonly ValueConversion[]): ValueConversion =>
  (values, count, arena) =>
    conversions.reduce((result, convert) => convert(result, count, arena), values)

/** The same values, moved if a page did not put them at a multiple of their width (typed arrays ask for that). */
const aligned =
  (context: DecodeContext): ValueConversion =>
  (values, count, arena) => {
    const { address, width } = values as FixedValues
    if (address % Math.min(width, 8) === 0) return values
    const target = arena.allocate(count * width)
    context.heap.copy(target, address, count * width)
    return { kind: 'fixed', address: target, width }
  }

const resize = (context: DecodeContext, from: number, to: number, unsigned = false): ValueConversion =>
  step(context, to, (k, source, count, target) => k.parquetResize(source, from, to, unsigned ? 1 : 0, count, target))

const toFloat = (context: DecodeContext, kind: number, width: number): ValueConversion =>
  step(context, width, (k, from, count, to) => k.parquetToFloat(from, kind, count, to))

const scale64 = (context: DecodeContext, target: DataType, factor: bigint, divisor = 1n): ValueConversion =>
  factor === 1n && divisor === 1n
    ? (values) => values
    : checked(context, target, (k, from, count, to) => k.parquetScale64(from, count, factor, divisor, to))

/** Checks int32 values before they are narrowed, unless the file promises that they fit. */
function narrowing(context: DecodeContext, bits: 8 | 16, target: DataType): ValueConversion {
  const narrow = resize(context, 4, bits / 8)
  const promised = integerOfNode(context.node)
  if (promised.signed && promised.bits <= bits) return narrow
  const limit = 2 ** (bits - 1)
  return (values, count, arena) => {
    const { heap, kernels, path, node } = context
    if (kernels.parquetBounds32((values as FixedValues).address, count, scratchBase) > 0) {
      const view = heap.i32
      if (view[scratchBase >> 2]! < -limit || view[(scratchBase >> 2) + 1]! >= limit) {
        throw valueOutOfRange(path, node.path.join('.'), typeName(target))
      }
    }
    return narrow(values, count, arena)
  }
}

function fromInt32(context: DecodeContext, target: DataType): ValueConversion | null {
  const { node } = context
  const digits = decimalOfNode(node)
  if (digits !== null) {
    if (target.kind !== 'decimal') return null
    return rescaled(context, resize(context, 4, 8), digits, target)
  }
  if (timeOfNode(node) !== null) {
    return target.kind === 'int64' ? inOrder(resize(context, 4, 8), toMicros(context, target, timeOfNode(node)!)) : null
  }
  const isDate =
    node.element.annotation?.kind === logical.date || (node.element.annotation === null && node.element.converted === 6)
  if (isDate) {
    if (target.kind === 'date' || target.kind === 'int32') return aligned(context)
    if (target.kind === 'timestamp_ntz') return inOrder(resize(context, 4, 8), scale64(context, target, microsPerDay))
    return null
  }
  const { bits, signed } = integerOfNode(node)
  const unsigned = !signed && bits === 32
  switch (target.kind) {
    case 'int8':
      return narrowing(context, 8, target)
    case 'int16':
      return narrowing(context, 16, target)
    case 'int32':
      return unsigned ? null : aligned(context)
    case 'date':
      return aligned(context)
    case 'int64':
      return resize(context, 4, 8, unsigned)
    case 'float32':
      return !unsigned && bits <= 16 ? toFloat(context, 4, 4) : null
    case 'float64':
      return unsigned ? inOrder(resize(context, 4, 8, true), toFloat(context, 1, 8)) : toFloat(context, 0, 8)
    case 'decimal': {
      const precision = bits === 8 ? 3 : bits === 16 ? 5 : 10
      return rescaled(context, resize(context, 4, 8, unsigned), { precision, scale: 0 }, target)
    }
    default:
      return null
  }
}

function fromInt64(context: DecodeContext, target: DataType): ValueConversion | null {
  const { node } = context
  const digits = decimalOfNode(node)
  if (digits !== null) return target.kind === 'decimal' ? rescaled(context, aligned(context), digits, target) : null
  const moment = timestampOfNode(node)
  if (moment !== null) {
    if (target.kind === 'int64') return aligned(context)
    if (target.kind !== 'timestamp' && target.kind !== 'timestamp_ntz') return null
    return toMicros(context, target, moment.unit)
  }
  const time = timeOfNode(node)
  if (time !== null) return target.kind === 'int64' ? toMicros(context, target, time) : null
  const { signed } = integerOfNode(node)
  if (!signed) {
    if (target.kind !== 'decimal' || target.precision - target.scale < 20) return null
    return inOrder(
      step(context, 16, (k, from, count, to) => k.parquetWiden128(from, count, 1n, 1, to)),
      scale128(context, target.scale),
    )
  }
  if (target.kind === 'int64') return aligned(context)
  return target.kind === 'decimal' ? rescaled(context, aligned(context), { precision: 19, scale: 0 }, target) : null
}

/** Milliseconds (1), microseconds (2) or nanoseconds (3, rounded down) as microseconds. */
const toMicros = (context: DecodeContext, target: DataType, unit: number): ValueConversion =>
  unit === 1 ? scale64(context, target, 1000n) : unit === 3 ? scale64(context, target, 1n, 1000n) : aligned(context)

interface Digits {
  readonly precision: number
  readonly scale: number
}

/** Whether every decimal of one kind is one of the other, too. */
const fits = (from: Digits, to: Digits): boolean =>
  to.scale >= from.scale && to.precision - to.scale >= from.precision - from.scale

/** Decimals from int64 unscaled values; `first` makes these. */
function rescaled(
  context: DecodeContext,
  first: ValueConversion,
  from: Digits,
  target: DecimalType,
): ValueConversion | null {
  // decimal(10,0) is what int needs, but Spark also widens int to decimal(10,0) + scale only: the same rule.
  if (!fits(from, target)) return null
  const shift = target.scale - from.scale
  if (target.precision <= maxInt64DecimalPrecision) return inOrder(first, scale64(context, target, pow10(shift)))
  return inOrder(
    first,
    step(context, 16, (k, source, count, to) => k.parquetWiden128(source, count, 1n, 0, to)),
    scale128(context, shift),
  )
}

/** Times 10^shift in place, in steps that fit a 64-bit factor. */
const scale128 =
  (context: DecodeContext, shift: number): ValueConversion =>
  (values, count) => {
    for (let left = shift; left > 0; left -= 18) {
      context.kernels.parquetScale128((values as FixedValues).address, count, pow10(Math.min(left, 18)))
    }
    return values
  }

/** Decimals from big-endian bytes of fixed or variable length. */
function fromBigEndian(context: DecodeContext, target: DecimalType): ValueConversion | null {
  const digits = decimalOfNode(context.node)
  if (digits === null || !fits(digits, target)) return null
  const shift = target.scale - digits.scale
  const wide: ValueConversion = (values, count, arena) => {
    const address = arena.allocate(count * 16)
    const status =
      values.kind === 'fixed'
        ? context.kernels.parquetFixedToInt128(values.address, values.width, count, address)
        : context.kernels.parquetByteArraysToInt128(
            (values as StringValues).offsets,
            (values as StringValues).bytes,
            count,
            address,
          )
    if (status !== 0) throw corruptColumn(context, 'a decimal has more than 38 digits')
    return { kind: 'fixed', address, width: 16 }
  }
  if (target.precision > maxInt64DecimalPrecision) return inOrder(wide, scale128(context, shift))
  const narrow: ValueConversion = (values, count, arena) => {
    const address = arena.allocate(count * 8)
    if (context.kernels.parquetNarrow128((values as FixedValues).address, count, address) !== 0) {
      throw valueOutOfRange(context.path, context.node.path.join('.'), typeName(target))
    }
    return { kind: 'fixed', address, width: 8 }
  }
  return inOrder(wide, narrow, scale64(context, target, pow10(shift)))
}

const fixedToStrings =
  (context: DecodeContext): ValueConversion =>
  (values, count, arena) => {
    const { address, width } = values as FixedValues
    const offsets = arena.allocate((count + 1) * 4)
    context.kernels.parquetFixedOffsets(width, count, offsets)
    return { kind: 'strings', offsets, bytes: address }
  }
