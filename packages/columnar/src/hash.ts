import type { Arena } from './arena.js'
import { byteWidth, type Column } from './column.js'
import type { ColumnarContext } from './context.js'
import type { Heap } from './heap.js'
import { readValue } from './values.js'

const golden = 0x9e3779b1

const mix = (hash: number, word: number): number => {
  let h = Math.imul(hash ^ word, golden)
  h ^= h >>> 15
  h = Math.imul(h, 0x85ebca77)
  return h ^ (h >>> 13)
}

/** One 32-bit hash a row over the columns; equal keys (null = null, NaN = NaN, -0.0 = 0.0) hash equally. @returns address of uint32[rowCount] */
export function hashColumns(
  context: ColumnarContext,
  arena: Arena,
  columns: readonly Column[],
  rowCount: number,
): number {
  const address = arena.allocate(rowCount * 4)
  const hashes = context.heap.i32.subarray(address >>> 2, (address >>> 2) + rowCount)
  hashes.fill(0x2545f491)
  for (const column of columns) hashColumn(context, arena, column, hashes)
  return address
}

function hashColumn(context: ColumnarContext, arena: Arena, column: Column, hashes: Int32Array): void {
  const { heap } = context
  const { dictionary } = column
  if (dictionary === null) {
    each(heap, column, hashes, valueHasher(context, arena, column))
    return
  }
  const ofEntry = valueHasher(context, arena, dictionary)
  const entries = new Int32Array(dictionary.length)
  for (let i = 0; i < entries.length; i++) entries[i] = ofEntry(i)
  const codes = column.values >>> 2
  const { i32 } = heap
  each(heap, column, hashes, (row) => entries[i32[codes + row]!] ?? 0)
}

/** The hash of a value that is not null, by row; the same whether the column has a dictionary or not. */
function valueHasher({ heap, kernels }: ColumnarContext, arena: Arena, column: Column): (row: number) => number {
  const { type, values } = column
  const { u8, i16, i32 } = heap
  switch (type.kind) {
    case 'boolean':
      return (row) => (u8[values + (row >> 3)]! >> (row & 7)) & 1
    case 'string':
    case 'binary':
    case 'variant': {
      const target = arena.allocate(column.length * 4)
      kernels['hashTexts']!(column.offsets, values, column.length, target)
      const { i32: fresh } = heap
      const first = target >>> 2
      return (row) => fresh[first + row]!
    }
    case 'float32':
    case 'float64':
      return floatHasher(type.kind === 'float32' ? heap.f32 : heap.f64, values >>> (type.kind === 'float32' ? 2 : 3))
    case 'list':
    case 'map':
    case 'struct':
    case 'null':
      return (row) => hashText(canonicalKey(readValue(heap, column, row)))
    default:
  }
  const first = values >>> 2
  switch (byteWidth(type)) {
    case 1:
      return (row) => u8[values + row]!
    case 2:
      return (row) => i16[(values >>> 1) + row]!
    case 4:
      return (row) => i32[first + row]!
    case 8:
      return (row) => mix(i32[first + row * 2]!, i32[first + row * 2 + 1]!)
    default:
      return (row) => {
        const word = first + row * 4
        return mix(mix(i32[word]!, i32[word + 1]!), mix(i32[word + 2]!, i32[word + 3]!))
      }
  }
}

function floatHasher(values: Float32Array | Float64Array, first: number): (row: number) => number {
  const bits = new Float64Array(1)
  const words = new Int32Array(bits.buffer)
  return (row) => {
    const value = values[first + row]!
    bits[0] = value === 0 ? 0 : Number.isNaN(value) ? Number.NaN : value
    return mix(words[0]!, words[1]!)
  }
}

function each(heap: Heap, column: Column, hashes: Int32Array, valueHash: (row: number) => number): void {
  const { length, validity } = column
  if (validity === 0) {
    for (let row = 0; row < length; row++) hashes[row] = mix(hashes[row]!, valueHash(row))
    return
  }
  const { u8 } = heap
  for (let row = 0; row < length; row++) {
    const valid = (u8[validity + (row >> 3)]! >> (row & 7)) & 1
    hashes[row] = mix(hashes[row]!, valid === 1 ? valueHash(row) : 0x5bd1e995)
  }
}

/** A nested value as text that is equal exactly for equal values. */
export const canonicalKey = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'bigint'
      ? `#${part}`
      : part instanceof Uint8Array
        ? `x${Buffer.from(part).toString('hex')}`
        : typeof part === 'number' && !Number.isFinite(part)
          ? `#${part}`
          : part,
  )

function hashText(text: string): number {
  let h = 0
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  return h
}
