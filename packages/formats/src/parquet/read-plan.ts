import { typeName, type DataType, type Field, type MapType, type Schema, type StructType } from '@deltaworks/schema'
import { duplicateFileColumn, typeMismatch, unsupportedParquet } from '../errors.js'
import { logical, physical } from './format.js'
import {
  decimalOfNode,
  describeLeaf,
  fieldOfNode,
  integerOfNode,
  isVariantGroup,
  repeatedShape,
  timestampOfNode,
  type SchemaNode,
  type SchemaTree,
} from './schema-tree.js'

/** How a wanted type is made from a file's columns: a tree in the wanted type's shape. */
export type ReadNode = LeafRead | StructRead | ListRead | MissingRead | VariantRead

export interface LeafRead {
  readonly kind: 'leaf'
  readonly node: SchemaNode
  readonly type: DataType
  /** Definition level of the closest repeated ancestor: levels below it give no slot. */
  readonly ancestor: number
}
export interface StructRead {
  readonly kind: 'struct'
  readonly node: SchemaNode
  readonly type: DataType
  readonly ancestor: number
  readonly children: readonly ReadNode[]
  /** A leaf below, whose levels tell where the struct is null. */
  readonly levels: SchemaNode
}
/** A list or a map. */
export interface ListRead {
  readonly kind: 'list'
  readonly type: DataType
  readonly ancestor: number
  /** Levels of an element that exists, and of the list that is not null. */
  readonly defined: number
  readonly repetition: number
  readonly present: number
  readonly children: readonly ReadNode[]
  readonly levels: SchemaNode
}
/** Not in the file: null. */
export interface MissingRead {
  readonly kind: 'missing'
  readonly type: DataType
}
/** A group of `metadata` and `value` (and shredded columns), to become JSON text. */
export interface VariantRead {
  readonly kind: 'variant'
  readonly node: SchemaNode
  readonly type: DataType
  readonly content: ReadNode
}

export interface NameMapping {
  /** Dotted logical path → name in the file. */
  readonly physicalNames: Readonly<Record<string, string>> | null
  /** Dotted logical path → field id. */
  readonly fieldIds: Readonly<Record<string, number>> | null
}

/** One ReadNode a field of `wanted`. @throws FormatError DW-FORMAT-0004, 0008 */
export function readPlan(path: string, tree: SchemaTree, wanted: Schema, mapping: NameMapping): ReadNode[] {
  return wanted.fields.map((field) => planField(path, tree.root.children, field, field.name, mapping, 0))
}

function planField(
  path: string,
  nodes: readonly SchemaNode[],
  field: Field,
  logicalPath: string,
  mapping: NameMapping,
  ancestor: number,
): ReadNode {
  const node = findNode(path, nodes, field.name, logicalPath, mapping)
  if (node === null || field.type.kind === 'null') return { kind: 'missing', type: field.type }
  return planNode(path, node, field.type, logicalPath, mapping, ancestor, false)
}

function findNode(
  path: string,
  nodes: readonly SchemaNode[],
  name: string,
  logicalPath: string,
  { physicalNames, fieldIds }: NameMapping,
): SchemaNode | null {
  const id = fieldIds?.[logicalPath]
  if (id !== undefined) {
    const byId = nodes.find((node) => node.element.fieldId === id)
    if (byId !== undefined) return byId
    // Files from before the mapping have no ids at all; by name is right for them, and for no others.
    if (nodes.some((node) => node.element.fieldId >= 0)) return null
  }
  const wanted = physicalNames?.[logicalPath] ?? name
  const exact = nodes.find((node) => node.name === wanted)
  if (exact !== undefined) return exact
  const lower = wanted.toLowerCase()
  const similar = nodes.filter((node) => node.name.toLowerCase() === lower)
  if (similar.length > 1) throw duplicateFileColumn(path, wanted)
  return similar[0] ?? null
}

function planNode(
  path: string,
  node: SchemaNode,
  type: DataType,
  logicalPath: string,
  mapping: NameMapping,
  ancestor: number,
  spent: boolean,
): ReadNode {
  const shape = repeatedShape(node, spent)
  if (type.kind === 'list' || type.kind === 'map') {
    if (shape === null || (shape.kind === 'list' && type.kind === 'map')) throw mismatch(path, node, type)
    const { repeated } = shape
    const defined = repeated.definition
    const plan = (member: SchemaNode, of: DataType, step: string, memberSpent: boolean): ReadNode =>
      planNode(path, member, of, `${logicalPath}.${step}`, mapping, defined, memberSpent)
    const children =
      type.kind === 'list'
        ? shape.kind === 'map'
          ? [planEntries(path, shape.repeated, type.element, logicalPath, mapping, defined)]
          : [plan(shape.members[0]!, type.element, 'element', shape.elementIsRepeated)]
        : planMap(shape.members, type, plan)
    return {
      kind: 'list',
      type,
      ancestor,
      defined,
      repetition: repeated.repetition,
      // The list's own level: one below the repeated node's.
      present: defined - 1,
      children,
      levels: leafUnder(children, repeated),
    }
  }
  if (shape !== null) throw mismatch(path, node, type)
  if (type.kind === 'variant' && node.leaf < 0) return planVariant(path, node, type, logicalPath, ancestor)
  if (type.kind === 'struct') {
    if (node.leaf >= 0) throw mismatch(path, node, type)
    return planStruct(path, node, type, logicalPath, mapping, ancestor)
  }
  if (type.kind === 'null') return { kind: 'missing', type }
  if (node.leaf < 0) throw mismatch(path, node, type)
  return { kind: 'leaf', node, type, ancestor }
}

const planMap = (
  members: readonly SchemaNode[],
  type: MapType,
  plan: (member: SchemaNode, of: DataType, step: string, spent: boolean) => ReadNode,
): ReadNode[] => [plan(members[0]!, type.key, 'key', false), plan(members[1]!, type.value, 'value', false)]

/** A map read as a list of structs. */
function planEntries(
  path: string,
  repeated: SchemaNode,
  type: DataType,
  logicalPath: string,
  mapping: NameMapping,
  defined: number,
): ReadNode {
  return planNode(path, repeated, type, `${logicalPath}.element`, mapping, defined, true)
}

function planStruct(
  path: string,
  node: SchemaNode,
  type: StructType,
  logicalPath: string,
  mapping: NameMapping,
  ancestor: number,
): ReadNode {
  const children = type.fields.map((field) =>
    planField(path, node.children, field, `${logicalPath}.${field.name}`, mapping, ancestor),
  )
  return { kind: 'struct', node, type, ancestor, children, levels: leafUnder(children, node) }
}

function planVariant(path: string, node: SchemaNode, type: DataType, logicalPath: string, ancestor: number): ReadNode {
  const names = node.children.map((child) => child.name)
  if (!isVariantGroup(node) && !(names.includes('metadata') && names.includes('value')))
    throw mismatch(path, node, type)
  refuseOddVariants(path, node, false)
  const parts: StructType = { kind: 'struct', fields: node.children.map((child) => fieldOfNode(path, child)) }
  const content = planStruct(path, node, parts, logicalPath, { physicalNames: null, fieldIds: null }, ancestor)
  return { kind: 'variant', node, type, content }
}

/** Shredded types whose text would need more than their logical type tells; no engine that we know of writes them. */
function refuseOddVariants(path: string, node: SchemaNode, isTyped: boolean): void {
  for (const child of node.children) refuseOddVariants(path, child, isTyped || child.name === 'typed_value')
  if (!isTyped || node.leaf < 0 || node.name === 'value') return
  const kind = node.element.annotation?.kind
  const isOdd =
    kind === logical.time ||
    timestampOfNode(node)?.unit === 3 ||
    !integerOfNode(node).signed ||
    (node.physical === physical.fixed && decimalOfNode(node) === null)
  if (isOdd) throw unsupportedParquet(path, `a variant shredded as ${describeLeaf(node)} (${node.path.join('.')})`)
}

/** The leaf that the wanted columns read anyway, or else the first one below. */
function leafUnder(children: readonly ReadNode[], node: SchemaNode): SchemaNode {
  for (const child of children) {
    // A leaf below another list has more levels than slots, which kernels sort out, at a cost: flat leaves come first.
    if (child.kind === 'leaf') return child.node
  }
  for (const child of children) {
    if (child.kind === 'struct' || child.kind === 'list') return child.levels
    if (child.kind === 'variant' && child.content.kind === 'struct') return child.content.levels
  }
  let leaf = node
  while (leaf.leaf < 0) leaf = leaf.children[0]!
  return leaf
}

function mismatch(path: string, node: SchemaNode, type: DataType): Error {
  const shape = repeatedShape(node)
  const fileType = shape !== null ? `a ${shape.kind}` : node.leaf < 0 ? 'a struct' : describeLeaf(node)
  return typeMismatch(path, node.path.join('.'), fileType, typeName(type))
}

/** Every leaf that a plan reads, with the type wanted of it (null: only its levels). */
export function leavesOf(plan: readonly ReadNode[]): Map<SchemaNode, DataType | null> {
  const leaves = new Map<SchemaNode, DataType | null>()
  const visit = (node: ReadNode): void => {
    switch (node.kind) {
      case 'leaf':
        leaves.set(node.node, node.type)
        return
      case 'struct':
      case 'list':
        node.children.forEach(visit)
        if (!leaves.has(node.levels)) leaves.set(node.levels, null)
        return
      case 'variant':
        visit(node.content)
        return
      case 'missing':
        return
    }
  }
  plan.forEach(visit)
  return leaves
}
