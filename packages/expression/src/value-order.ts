import { isInterval, type DataType, type ListType, type MapType, type StructType, type Value } from '@deltaworks/schema'
import { intervalMicros } from './interval-text.js'

/** Order of the UTF-8 bytes of two strings, which is that of their code points (and not of UTF-16 units). */
export function compareStrings(a: string, b: string): number {
  if (a === b) return 0
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x !== y) {
      // Surrogates (0xd800-0xdfff) stand for code points above 0xffff, so above 0xe000-0xffff too.
      const surrogateX = x >= 0xd800 && x <= 0xdfff
      const surrogateY = y >= 0xd800 && y <= 0xdfff
      if (surrogateX !== surrogateY) return surrogateX ? 1 : -1
      return x < y ? -1 : 1
    }
  }
  return a.length < b.length ? -1 : 1
}

export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return a[i]! < b[i]! ? -1 : 1
  return a.length === b.length ? 0 : a.length < b.length ? -1 : 1
}

/** NaN is equal to itself and greater than every number; -0 equals 0. */
export function compareFloats(a: number, b: number): number {
  if (a < b) return -1
  if (a > b) return 1
  if (a === b) return 0
  const aNan = a !== a
  return aNan === (b !== b) ? 0 : aNan ? 1 : -1
}

type Comparable = boolean | number | bigint
const compareOrdered = (a: Comparable, b: Comparable): number => (a < b ? -1 : a > b ? 1 : 0)

/** The comparison of non-null values of a type, chosen once. Nested values compare element by element, a null first. */
export function comparatorOf(type: DataType): (a: Value, b: Value) => number {
  switch (type.kind) {
    case 'string':
    case 'variant':
      return (a, b) => compareStrings(a as string, b as string)
    case 'binary':
      return (a, b) => compareBytes(a as Uint8Array, b as Uint8Array)
    case 'float32':
    case 'float64':
      return (a, b) => compareFloats(a as number, b as number)
    case 'list':
      return compareLists(comparatorOf((type as ListType).element))
    case 'struct': {
      if (isInterval(type)) return (a, b) => compareOrdered(intervalMicros(a), intervalMicros(b))
      const fields = (type as StructType).fields.map((f) => comparatorOf(f.type))
      return (a, b) => {
        for (let i = 0; i < fields.length; i++) {
          const order = nullsFirst(fields[i]!, (a as readonly Value[])[i]!, (b as readonly Value[])[i]!)
          if (order !== 0) return order
        }
        return 0
      }
    }
    case 'map': {
      const { key, value } = type as MapType
      const entry = comparatorOf({
        kind: 'struct',
        fields: [
          { name: 'key', type: key, nullable: false },
          { name: 'value', type: value, nullable: true },
        ],
      })
      return compareLists(entry)
    }
    default:
      return (a, b) => compareOrdered(a as Comparable, b as Comparable)
  }
}

const nullsFirst = (compare: (a: Value, b: Value) => number, a: Value, b: Value): number =>
  a === null || b === null ? (a === b ? 0 : a === null ? -1 : 1) : compare(a, b)

const compareLists =
  (element: (a: Value, b: Value) => number) =>
  (a: Value, b: Value): number => {
    const [x, y] = [a as readonly Value[], b as readonly Value[]]
    const length = Math.min(x.length, y.length)
    for (let i = 0; i < length; i++) {
      const order = nullsFirst(element, x[i]!, y[i]!)
      if (order !== 0) return order
    }
    return x.length - y.length
  }

/**
 * Total order of the non-null values of a type: NaN greatest, strings by UTF-8 bytes.
 * @returns negative, 0 or positive
 */
export const valuesCompare = (type: DataType, a: Value, b: Value): number => comparatorOf(type)(a, b)
