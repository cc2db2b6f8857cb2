import { fixedColumn, nestedColumn, type Arena, type Column } from '@deltaworks/columnar'
import { isVariableLength, type DataType } from '@deltaworks/schema'
import { corruptParquet } from '../errors.js'
import { columnOfValues } from './column-of-values.js'
import type { LeafRun } from './column-reader.js'
import type { DecodeContext } from './decode-context.js'
import type { LeafRead, ListRead, ReadNode, StructRead } from './read-plan.js'
import type { SchemaNode } from './schema-tree.js'
import { variantColumn } from './variant-column.js'

/** The runs of a batch's leaves, all of the same records. */
export interface AssembleContext {
  readonly decode: Omit<DecodeContext, 'node'>
  readonly arena: Arena
  readonly runOf: (leaf: SchemaNode) => LeafRun
}

/** A column of `slots` rows in the shape of the wanted type. @throws FormatError DW-FORMAT-0002 if levels contradict each other */
export function assemble(context: AssembleContext, node: ReadNode, slots: number): Column {
  switch (node.kind) {
    case 'missing':
      return missingColumn(context.arena, node.type, slots)
    case 'leaf':
      return assembleLeaf(context, node, slots)
    case 'struct':
      return assembleStruct(context, node, slots)
    case 'list':
      return assembleList(context, node, slots)
    case 'variant':
      return variantColumn(context, node, assemble(context, node.content, slots))
  }
}

function checkSlots(context: AssembleContext, node: SchemaNode, found: number, slots: number): void {
  if (found === slots) return
  throw corruptParquet(
    context.decode.path,
    `column "${node.path.join('.')}" has ${found} values where its neighbours have ${slots}`,
  )
}

interface Validity {
  readonly bitmap: number
  readonly nullCount: number
}

const allValid: Validity = { bitmap: 0, nullCount: 0 }

function validityOf(
  context: AssembleContext,
  leaf: SchemaNode,
  slots: number,
  levels: { readonly repetition: number; readonly ancestor: number; readonly defined: number },
): Validity {
  const { kernels } = context.decode
  const run = context.runOf(leaf)
  if (run.repetitions === 0) {
    checkSlots(context, leaf, run.levelCount, slots)
    if (run.definitions === 0 || levels.defined === 0) return allValid
    const bitmap = context.arena.allocate((slots >> 3) + 8)
    const set = kernels.parquetBytesToBits(run.definitions, slots, levels.defined, bitmap)
    return set === slots ? allValid : { bitmap, nullCount: slots - set }
  }
  const bitmap = context.arena.allocate((run.levelCount >> 3) + 8)
  const { repetition, ancestor, defined } = levels
  const found = kernels.parquetNodeValidity(
    run.definitions,
    run.repetitions,
    run.levelCount,
    repetition,
    ancestor,
    defined,
    bitmap,
  )
  checkSlots(context, leaf, found, slots)
  const set = kernels.parquetCountBits(bitmap, slots)
  return set === slots ? allValid : { bitmap, nullCount: slots - set }
}

function assembleLeaf(context: AssembleContext, read: LeafRead, slots: number): Column {
  const { node, type, ancestor } = read
  const run = context.runOf(node)
  const { bitmap, nullCount } = validityOf(context, node, slots, {
    repetition: 255,
    ancestor,
    defined: node.definition,
  })
  checkSlots(context, node, run.valueCount + nullCount, slots)
  return columnOfValues({ ...context.decode, node }, type, run.values, slots, bitmap, nullCount, context.arena)
}

function assembleStruct(context: AssembleContext, read: StructRead, slots: number): Column {
  const { node, ancestor, type } = read
  const { bitmap, nullCount } = validityOf(context, read.levels, slots, {
    repetition: node.repetition,
    ancestor,
    defined: node.definition,
  })
  const children = read.children.map((child) => assemble(context, child, slots))
  return nestedColumn(type, slots, 0, children, bitmap, nullCount)
}

function assembleList(context: AssembleContext, read: ListRead, slots: number): Column {
  const { kernels, heap } = context.decode
  const { arena } = context
  const run = context.runOf(read.levels)
  const offsets = arena.allocate((run.levelCount + 1) * 4)
  const bitmap = arena.allocate((run.levelCount >> 3) + 8)
  const found = kernels.parquetListOffsets(
    run.definitions,
    run.repetitions,
    run.levelCount,
    read.repetition,
    read.ancestor,
    read.defined,
    read.present,
    offsets,
    bitmap,
  )
  checkSlots(context, read.levels, found, slots)
  const set = kernels.parquetCountBits(bitmap, slots)
  const elements = heap.i32[(offsets >>> 2) + slots]!
  const children = read.children.map((child) => assemble(context, child, elements))
  return nestedColumn(read.type, slots, offsets, children, set === slots ? 0 : bitmap, slots - set)
}

/** Nulls only, in the right shape. */
export function missingColumn(arena: Arena, type: DataType, length: number): Column {
  const validity = arena.allocateZeroed((length >> 3) + 8)
  switch (type.kind) {
    case 'null':
      return fixedColumn(type, length, 0, validity, length)
    case 'list':
    case 'map': {
      const members = type.kind === 'list' ? [type.element] : [type.key, type.value]
      const offsets = arena.allocateZeroed((length + 1) * 4)
      return nestedColumn(
        type,
        length,
        offsets,
        members.map((of) => missingColumn(arena, of, 0)),
        validity,
        length,
      )
    }
    case 'struct': {
      const children = type.fields.map((field) => missingColumn(arena, field.type, length))
      return nestedColumn(type, length, 0, children, validity, length)
    }
    default: {
      if (!isVariableLength(type)) {
        return fixedColumn(type, length, arena.allocateZeroed(length * 16), validity, length)
      }
      const offsets = arena.allocateZeroed((length + 1) * 4)
      return { type, length, validity, nullCount: length, values: offsets, offsets, dictionary: null, children: [] }
    }
  }
}
