import { isNested, isVariableLength } from '@deltaworks/schema'
import { valueKind } from './accumulators/value-kind.js'
import type { Arena } from './arena.js'
import type { Column } from './column.js'
import type { ColumnarContext } from './context.js'
import { readValue } from './read-values.js'

/** One 32-bit hash a row over the columns; equal keys (null = null, NaN = NaN, -0.0 = 0.0) hash equally. @returns address of uint32[rowCount] */
export function hashColumns(
  context: ColumnarContext,
  arena: Arena,
  columns: readonly Column[],
  rowCount: number,
): number {
  const address = arena.allocate(rowCount * 4)
  context.kernels['hashStart']!(rowCount, address)
  for (const column of columns) hashColumn(context, arena, column, rowCount, address)
  return address
}

function hashColumn(context: ColumnarContext, arena: Arena, column: Column, rowCount: number, hashes: number): void {
  const { kernels } = context
  const { type, values, validity, dictionary } = column
  if (isVariableLength(type)) {
    const texts = dictionary ?? column
    const words = arena.allocate(texts.length * 4)
    kernels['hashTexts']!(texts.offsets, texts.values, texts.length, words)
    // Without a dictionary each row has an entry of its own.
    if (dictionary === null) kernels['hashMix']!(4, words, validity, rowCount, hashes)
    else kernels['hashMixEntries']!(words, values, validity, rowCount, hashes)
  } else if (isNested(type) || type.kind === 'null') {
    const { heap } = context
    const words = arena.allocate(rowCount * 4)
    for (let row = 0; row < rowCount; row++) {
      heap.i32[(words >>> 2) + row] = hashText(canonicalKey(readValue(heap, column, row)))
    }
    kernels['hashMix']!(4, words, type.kind === 'null' ? 0 : validity, rowCount, hashes)
  } else kernels['hashMix']!(valueKind(type), values, validity, rowCount, hashes)
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
