import type { Column, Heap } from '@deltaworks/columnar'
import { nullInRequired } from '../errors.js'
import type { WriteLeaf, WriteNode } from './write-schema.js'

/** What a nested leaf of some rows becomes: levels, and which of the leaf column's slots are the values between them. */
export interface ShreddedLeaf {
  readonly leaf: WriteLeaf
  readonly column: Column
  readonly definitions: Uint8Array
  readonly repetitions: Uint8Array
  readonly slots: Int32Array
}

/**
 * An entry a level triple of the leaves below: `slots` are positions in the node's column, -1 where an ancestor is null or
 * an empty list.
 */
interface Entries {
  readonly slots: Int32Array
  readonly definitions: Uint8Array
  readonly repetitions: Uint8Array
}

/** Dremel's shredding, a node at a time: every node turns its parent's entries into its own. */
export function shred(heap: Heap, node: WriteNode, column: Column, start: number, count: number): ShreddedLeaf[] {
  const slots = new Int32Array(count)
  for (let i = 0; i < count; i++) slots[i] = start + i
  const result: ShreddedLeaf[] = []
  visit(heap, node, column, { slots, definitions: new Uint8Array(count), repetitions: new Uint8Array(count) }, result)
  return result
}

function visit(heap: Heap, node: WriteNode, column: Column, parent: Entries, result: ShreddedLeaf[]): void {
  const entries = node.nullable ? withoutNulls(heap, column, parent) : parent
  if (!node.nullable && column.validity !== 0 && column.nullCount !== 0) refuseNulls(heap, node, column, parent)
  switch (node.kind) {
    case 'leaf':
      result.push({ leaf: node, column, ...entries, slots: entries.slots.filter((slot) => slot >= 0) })
      return
    case 'struct':
      node.children.forEach((child, i) => visit(heap, child, column.children[i]!, entries, result))
      return
    case 'list':
    case 'map': {
      const elements = expand(heap, column, entries, node.repetition)
      node.children.forEach((child, i) => visit(heap, child, column.children[i]!, elements, result))
    }
  }
}

/** @throws FormatError DW-FORMAT-0009 */
function refuseNulls(heap: Heap, node: WriteNode, column: Column, { slots }: Entries): void {
  const { u8 } = heap
  for (const slot of slots) {
    if (slot >= 0 && ((u8[column.validity + (slot >> 3)]! >> (slot & 7)) & 1) === 0)
      throw nullInRequired(node.path.join('.'))
  }
}

/** Present slots go up a definition level; null ones end here. */
function withoutNulls(heap: Heap, column: Column, parent: Entries): Entries {
  const count = parent.slots.length
  const slots = new Int32Array(count)
  const definitions = new Uint8Array(count)
  const { u8 } = heap
  const { validity } = column
  const isNullType = column.type.kind === 'null'
  for (let i = 0; i < count; i++) {
    const slot = parent.slots[i]!
    const isPresent =
      slot >= 0 && !isNullType && (validity === 0 || ((u8[validity + (slot >> 3)]! >> (slot & 7)) & 1) === 1)
    slots[i] = isPresent ? slot : -1
    definitions[i] = parent.definitions[i]! + (isPresent ? 1 : 0)
  }
  return { slots, definitions, repetitions: parent.repetitions }
}

/** An entry an element; an empty list keeps one without a slot. */
function expand(heap: Heap, column: Column, parent: Entries, level: number): Entries {
  const offsets = column.offsets >>> 2
  const { i32 } = heap
  let total = 0
  for (const slot of parent.slots) total += slot < 0 ? 1 : Math.max(1, i32[offsets + slot + 1]! - i32[offsets + slot]!)
  const slots = new Int32Array(total)
  const definitions = new Uint8Array(total)
  const repetitions = new Uint8Array(total)
  let at = 0
  for (let i = 0; i < parent.slots.length; i++) {
    const slot = parent.slots[i]!
    const start = slot < 0 ? 0 : i32[offsets + slot]!
    const end = slot < 0 ? 0 : i32[offsets + slot + 1]!
    if (start === end) {
      slots[at] = -1
      definitions[at] = parent.definitions[i]!
      repetitions[at++] = parent.repetitions[i]!
    }
    for (let element = start; element < end; element++) {
      slots[at] = element
      definitions[at] = parent.definitions[i]! + 1
      repetitions[at++] = element === start ? parent.repetitions[i]! : level
    }
  }
  return { slots, definitions, repetitions }
}
