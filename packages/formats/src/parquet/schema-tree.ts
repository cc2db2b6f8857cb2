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
  variant,
  type DataType,
  type Field,
  type Schema,
} from '@deltaworks/schema'
import { unsupportedParquet } from '../errors.js'
import { converted, logical, physical, physicalNames, repetition, type PhysicalType } from './format.js'
import { ThriftError } from './thrift-reader.js'

/** An entry of the footer's flat schema list. -1 where a number is absent. */
export interface SchemaElement {
  readonly physical: number
  readonly typeLength: number
  readonly repetition: number
  readonly name: string
  readonly childCount: number
  readonly converted: number
  readonly scale: number
  readonly precision: number
  readonly fieldId: number
  readonly annotation: LogicalAnnotation | null
}

/**
 * A LogicalType: `kind` is its field id in the union. decimal: first = scale, second = precision. time and timestamp: first =
 * unit (1 ms, 2 µs, 3 ns), flag = adjusted to UTC. integer: first = bits, flag = signed.
 */
export interface LogicalAnnotation {
  readonly kind: number
  readonly first: number
  readonly second: number
  readonly flag: boolean
}

export interface SchemaNode {
  readonly name: string
  readonly path: readonly string[]
  readonly element: SchemaElement
  readonly physical: PhysicalType
  readonly children: readonly SchemaNode[]
  /** Position among the leaves, -1 for a group. */
  readonly leaf: number
  /** Levels of a value that is present here. */
  readonly definition: number
  readonly repetition: number
}

export interface SchemaTree {
  readonly root: SchemaNode
  readonly leaves: readonly SchemaNode[]
}

/** The tree of a footer's list. @throws ThriftError if it is malformed, FormatError DW-FORMAT-0003 for what no one writes */
export function schemaTree(path: string, elements: readonly SchemaElement[]): SchemaTree {
  const leaves: SchemaNode[] = []
  let next = 0
  const build = (parent: readonly string[], definition: number, repeated: number, isRoot: boolean): SchemaNode => {
    const element = elements[next++]
    if (element === undefined || parent.length > 100) throw new ThriftError('its schema is malformed')
    const nodePath = isRoot ? [] : [...parent, element.name]
    if (!isRoot && element.repetition !== repetition.required) definition++
    if (!isRoot && element.repetition === repetition.repeated) repeated++
    if (definition > 254) throw unsupportedParquet(path, 'more than 254 levels of nesting')
    const isGroup = isRoot || element.childCount > 0 || element.physical < 0
    const children: SchemaNode[] = []
    if (isGroup) {
      if (!isRoot && element.childCount < 1) throw new ThriftError(`the group "${element.name}" has no members`)
      for (let i = 0; i < element.childCount; i++) children.push(build(nodePath, definition, repeated, false))
    } else if (element.physical > 7) throw new ThriftError(`there is no physical type ${element.physical}`)
    const node: SchemaNode = {
      name: element.name,
      path: nodePath,
      element,
      physical: element.physical as PhysicalType,
      children,
      leaf: isGroup ? -1 : leaves.length,
      definition,
      repetition: repeated,
    }
    if (!isGroup) leaves.push(node)
    return node
  }
  const root = build([], 0, 0, true)
  if (next !== elements.length) throw new ThriftError('its schema is malformed')
  return { root, leaves }
}

/** How a group stands for a list or a map: the repeated node, and the nodes of its element, or key and value. */
export interface RepeatedShape {
  readonly kind: 'list' | 'map'
  readonly repeated: SchemaNode
  readonly members: readonly SchemaNode[]
  /** The element is the repeated node itself (two-level lists): its own repetition is spent. */
  readonly elementIsRepeated: boolean
}

const isKind = (node: SchemaNode, convertedKind: number, logicalKind: number): boolean =>
  node.element.annotation !== null
    ? node.element.annotation.kind === logicalKind
    : node.element.converted === convertedKind

/**
 * parquet-format, LogicalTypes.md, "Lists" and "Maps", with their rules for old writers. `spent`: the node is a repeated one
 * whose repetition was accounted for already.
 * @returns null for anything else (a struct or leaf)
 */
export function repeatedShape(node: SchemaNode, spent = false): RepeatedShape | null {
  if (!spent && node.element.repetition === repetition.repeated) {
    return { kind: 'list', repeated: node, members: [node], elementIsRepeated: true }
  }
  if (node.leaf >= 0 || node.children.length !== 1) return null
  const repeated = node.children[0]!
  if (repeated.element.repetition !== repetition.repeated) return null
  if (isKind(node, converted.map, logical.map) || node.element.converted === converted.mapKeyValue) {
    if (repeated.children.length === 2) {
      return { kind: 'map', repeated, members: repeated.children, elementIsRepeated: false }
    }
    return { kind: 'list', repeated, members: [repeated], elementIsRepeated: true }
  }
  if (!isKind(node, converted.list, logical.list)) return null
  const twoLevel =
    repeated.leaf >= 0 ||
    repeated.children.length !== 1 ||
    repeated.children[0]!.element.repetition === repetition.repeated ||
    repeated.name === 'array' ||
    repeated.name === `${node.name}_tuple`
  return twoLevel
    ? { kind: 'list', repeated, members: [repeated], elementIsRepeated: true }
    : { kind: 'list', repeated, members: repeated.children, elementIsRepeated: false }
}

export const isVariantGroup = (node: SchemaNode): boolean =>
  node.leaf < 0 && node.element.annotation?.kind === logical.variant

export const isOptional = (node: SchemaNode): boolean => node.element.repetition === repetition.optional

/** The logical type that a node of a file has by itself. @throws FormatError DW-FORMAT-0003 */
export function typeOfNode(path: string, node: SchemaNode, spent = false): DataType {
  const shape = repeatedShape(node, spent)
  if (shape !== null) {
    const [first, second] = shape.members
    const type = typeOfNode(path, first!, shape.elementIsRepeated)
    if (shape.kind === 'map') return map(type, typeOfNode(path, second!), isOptional(second!))
    return list(type, !shape.elementIsRepeated && isOptional(first!))
  }
  if (isVariantGroup(node)) return variant
  if (node.leaf < 0) return struct(node.children.map((child) => fieldOfNode(path, child)))
  return leafType(path, node)
}

export const fieldOfNode = (path: string, node: SchemaNode): Field => ({
  name: node.name,
  type: typeOfNode(path, node),
  nullable: isOptional(node),
  ...(node.element.fieldId >= 0 ? { metadata: { 'parquet.field.id': node.element.fieldId } } : {}),
})

/** A file's own schema. @throws FormatError DW-FORMAT-0003 */
export const schemaOfTree = (path: string, tree: SchemaTree): Schema => ({
  fields: tree.root.children.map((child) => fieldOfNode(path, child)),
})

/** Digits and scale of a decimal leaf, or null. */
export function decimalOfNode(node: SchemaNode): { readonly precision: number; readonly scale: number } | null {
  const { annotation } = node.element
  if (annotation !== null) {
    return annotation.kind === logical.decimal ? { precision: annotation.second, scale: annotation.first } : null
  }
  return node.element.converted === converted.decimal
    ? { precision: node.element.precision, scale: node.element.scale }
    : null
}

/** 1 ms, 2 µs, 3 ns; null if the leaf is no timestamp. */
export function timestampOfNode(node: SchemaNode): { readonly unit: number; readonly utc: boolean } | null {
  const { annotation } = node.element
  if (annotation !== null) {
    return annotation.kind === logical.timestamp ? { unit: annotation.first, utc: annotation.flag } : null
  }
  if (node.element.converted === converted.timestampMillis) return { unit: 1, utc: true }
  return node.element.converted === converted.timestampMicros ? { unit: 2, utc: true } : null
}

/** Unit of a time of day, as of timestamps; null if the leaf is none. It is read as int64 microseconds since midnight. */
export function timeOfNode(node: SchemaNode): number | null {
  const { annotation, converted: old } = node.element
  if (annotation !== null) return annotation.kind === logical.time ? annotation.first : null
  if (old === converted.timeMillis) return 1
  return old === converted.timeMicros ? 2 : null
}

/** Bits and sign of an annotated integer leaf; the physical width where nothing is said. */
export function integerOfNode(node: SchemaNode): { readonly bits: number; readonly signed: boolean } {
  const { annotation } = node.element
  if (annotation?.kind === logical.integer) return { bits: annotation.first, signed: annotation.flag }
  const kind = node.element.converted
  if (annotation === null && kind >= converted.uint8 && kind <= converted.int64) {
    const index = kind - converted.uint8
    return { bits: 8 << (index & 3), signed: index >= 4 }
  }
  return { bits: node.physical === physical.int32 ? 32 : 64, signed: true }
}

function leafType(path: string, node: SchemaNode): DataType {
  const { element } = node
  const kind = element.annotation?.kind ?? -1
  const old = element.annotation === null ? element.converted : -1
  if (kind === logical.unknown) return nullType
  const digits = decimalOfNode(node)
  if (digits !== null) {
    if (digits.precision > maxDecimalPrecision || digits.scale > digits.precision || digits.scale < 0) {
      throw unsupportedParquet(path, `decimal(${digits.precision},${digits.scale}) in column "${node.path.join('.')}"`)
    }
    return decimal(digits.precision, digits.scale)
  }
  if (timeOfNode(node) !== null) return int64
  switch (node.physical) {
    case physical.boolean:
      return boolean
    case physical.int32:
      return kind === logical.date || old === converted.date ? date : integerType(node)
    case physical.int64: {
      const moment = timestampOfNode(node)
      if (moment !== null) return moment.utc ? timestamp : timestampNtz
      return integerType(node)
    }
    case physical.int96:
      return timestamp
    case physical.float:
      return float32
    case physical.double:
      return float64
    case physical.byteArray: {
      const text =
        kind === logical.string ||
        kind === logical.enum ||
        kind === logical.json ||
        old === converted.utf8 ||
        old === converted.enum ||
        old === converted.json
      return text ? string : binary
    }
    case physical.fixed:
      return kind === logical.float16 ? float32 : binary
  }
}

/** Unsigned integers become the next wider signed type, as Spark has them. */
function integerType(node: SchemaNode): DataType {
  const { bits, signed } = integerOfNode(node)
  if (signed) return bits === 8 ? int8 : bits === 16 ? int16 : bits === 32 ? int32 : int64
  return bits === 8 ? int16 : bits === 16 ? int32 : bits === 32 ? int64 : decimal(20, 0)
}

/** A leaf's type as messages name it. */
export function describeLeaf(node: SchemaNode): string {
  const name = physicalNames[node.physical] ?? 'a group'
  const digits = decimalOfNode(node)
  if (digits !== null) return `${name} (decimal(${digits.precision},${digits.scale}))`
  const moment = timestampOfNode(node)
  if (moment !== null) return `${name} (timestamp${moment.utc ? '' : ' without zone'})`
  if (timeOfNode(node) !== null) return `${name} (time)`
  return name
}
