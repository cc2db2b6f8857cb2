import { maxInt64DecimalPrecision, typeName, type DataType, type Field, type Schema } from '@deltaworks/schema'
import { unwritableType } from '../errors.js'
import { converted, logical, physical, repetition, type PhysicalType } from './format.js'

/** How a type is written: in the shape of the type, each leaf with its place among the columns. */
export type WriteNode = WriteLeaf | WriteGroup

export interface WriteLeaf {
  readonly kind: 'leaf'
  readonly index: number
  readonly type: DataType
  readonly nullable: boolean
  readonly definition: number
  readonly repetition: number
  /** Names in the file, all steps. */
  readonly filePath: readonly string[]
  /** Logical names; lists and maps add `element`, `key`, `value`. */
  readonly path: readonly string[]
  readonly physical: PhysicalType
  /** FIXED_LEN_BYTE_ARRAY only. */
  readonly typeLength: number
}
export interface WriteGroup {
  readonly kind: 'struct' | 'list' | 'map'
  readonly path: readonly string[]
  readonly nullable: boolean
  /** Of the repeated node of a list or map. */
  readonly repetition: number
  readonly children: readonly WriteNode[]
}

/** An entry of the footer's schema list. */
export interface WriteElement {
  readonly name: string
  readonly repetition: number | null
  readonly physical: PhysicalType | null
  readonly typeLength: number
  readonly childCount: number
  readonly converted: number | null
  readonly annotation: WriteAnnotation | null
  readonly fieldId: number | null
}

/** `kind` is the field id in the LogicalType union; numbers as in LogicalAnnotation of schema-tree.ts. */
export interface WriteAnnotation {
  readonly kind: number
  readonly first?: number
  readonly second?: number
  readonly flag?: boolean
}

export interface WriteSchema {
  readonly nodes: readonly WriteNode[]
  readonly leaves: readonly WriteLeaf[]
  readonly elements: readonly WriteElement[]
}

export interface WriteNames {
  /** Dotted logical path → name in the file. */
  readonly physicalNames: Readonly<Record<string, string>> | null
  /** Dotted logical path → field id. */
  readonly fieldIds: Readonly<Record<string, number>> | null
}

/** The last that was made of a schema: of many files of one schema, all have it. */
const made = new WeakMap<Schema, { readonly names: WriteNames; readonly result: WriteSchema }>()

/** @throws FormatError DW-FORMAT-0006 */
export function writeSchema(schema: Schema, names: WriteNames): WriteSchema {
  const known = made.get(schema)
  if (known?.names.physicalNames === names.physicalNames && known.names.fieldIds === names.fieldIds) return known.result
  const result = makeWriteSchema(schema, names)
  made.set(schema, { names, result })
  return result
}

function makeWriteSchema(schema: Schema, names: WriteNames): WriteSchema {
  const builder = new WriteSchemaBuilder(names)
  builder.elements.push(group('schema', null, schema.fields.length, {}))
  const nodes = schema.fields.map((field) =>
    builder.field(field, { path: [], filePath: [], definition: 0, repetition: 0 }),
  )
  return { nodes, leaves: builder.leaves, elements: builder.elements }
}

interface Place {
  readonly path: readonly string[]
  readonly filePath: readonly string[]
  readonly definition: number
  readonly repetition: number
}

class WriteSchemaBuilder {
  readonly elements: WriteElement[] = []
  readonly leaves: WriteLeaf[] = []
  readonly #names: WriteNames

  constructor(names: WriteNames) {
    this.#names = names
  }

  field({ name, type, nullable }: Field, parent: Place): WriteNode {
    const path = [...parent.path, name]
    const fileName = this.#names.physicalNames?.[path.join('.')] ?? name
    return this.#node(type, nullable, {
      path,
      filePath: [...parent.filePath, fileName],
      definition: parent.definition + (nullable ? 1 : 0),
      repetition: parent.repetition,
    })
  }

  #node(type: DataType, nullable: boolean, place: Place): WriteNode {
    const name = place.filePath.at(-1)!
    const kind = nullable ? repetition.optional : repetition.required
    const fieldId = this.#names.fieldIds?.[place.path.join('.')] ?? null
    switch (type.kind) {
      case 'struct': {
        if (type.fields.length === 0) {
          throw unwritableType(place.path.join('.'), typeName(type), 'Parquet has no groups without members')
        }
        this.elements.push(group(name, kind, type.fields.length, { fieldId }))
        const children = type.fields.map((field) => this.field(field, place))
        return { kind: 'struct', path: place.path, nullable, repetition: 0, children }
      }
      case 'list': {
        this.elements.push(group(name, kind, 1, { fieldId, converted: converted.list, logical: logical.list }))
        this.elements.push(group('list', repetition.repeated, 1, {}))
        const inner = repeatedPlace(place, 'list')
        const children = [this.#member('element', type.element, type.elementNullable, inner)]
        return { kind: 'list', path: place.path, nullable, repetition: inner.repetition, children }
      }
      case 'map': {
        this.elements.push(group(name, kind, 1, { fieldId, converted: converted.map, logical: logical.map }))
        this.elements.push(group('key_value', repetition.repeated, 2, {}))
        const inner = repeatedPlace(place, 'key_value')
        const children = [
          this.#member('key', type.key, false, inner),
          this.#member('value', type.value, type.valueNullable, inner),
        ]
        return { kind: 'map', path: place.path, nullable, repetition: inner.repetition, children }
      }
      default:
        return this.#leaf(type, nullable, place, kind, fieldId)
    }
  }

  #member(name: string, type: DataType, nullable: boolean, inner: Place): WriteNode {
    return this.#node(type, nullable, {
      path: [...inner.path, name],
      filePath: [...inner.filePath, name],
      definition: inner.definition + (nullable ? 1 : 0),
      repetition: inner.repetition,
    })
  }

  #leaf(type: DataType, nullable: boolean, place: Place, kind: number, fieldId: number | null): WriteLeaf {
    const written = leafFormat(type, place.path)
    this.elements.push({
      name: place.filePath.at(-1)!,
      repetition: kind,
      physical: written.physical,
      typeLength: written.typeLength ?? 0,
      childCount: 0,
      converted: written.converted ?? null,
      annotation: written.annotation ?? null,
      fieldId,
    })
    const leaf: WriteLeaf = {
      kind: 'leaf',
      index: this.leaves.length,
      type,
      nullable,
      definition: place.definition,
      repetition: place.repetition,
      filePath: place.filePath,
      path: place.path,
      physical: written.physical,
      typeLength: written.typeLength ?? 0,
    }
    this.leaves.push(leaf)
    return leaf
  }
}

const repeatedPlace = (place: Place, step: string): Place => ({
  path: place.path,
  filePath: [...place.filePath, step],
  definition: place.definition + 1,
  repetition: place.repetition + 1,
})

const group = (
  name: string,
  kind: number | null,
  childCount: number,
  more: { readonly fieldId?: number | null; readonly converted?: number; readonly logical?: number },
): WriteElement => ({
  name,
  repetition: kind,
  physical: null,
  typeLength: 0,
  childCount,
  converted: more.converted ?? null,
  annotation: more.logical === undefined ? null : { kind: more.logical },
  fieldId: more.fieldId ?? null,
})

interface LeafFormat {
  readonly physical: PhysicalType
  readonly typeLength?: number
  readonly converted?: number
  readonly annotation?: WriteAnnotation
}

const integerFormat = (bits: number, old: number): LeafFormat => ({
  physical: physical.int32,
  converted: old,
  annotation: { kind: logical.integer, first: bits, flag: true },
})

/** Physical and logical types as Spark writes them, so that every engine of its world reads them. */
function leafFormat(type: DataType, path: readonly string[]): LeafFormat {
  switch (type.kind) {
    case 'null':
      return { physical: physical.int32, annotation: { kind: logical.unknown } }
    case 'boolean':
      return { physical: physical.boolean }
    case 'int8':
      return integerFormat(8, converted.int8)
    case 'int16':
      return integerFormat(16, converted.int16)
    case 'int32':
      return { physical: physical.int32 }
    case 'int64':
      return { physical: physical.int64 }
    case 'float32':
      return { physical: physical.float }
    case 'float64':
      return { physical: physical.double }
    case 'date':
      return { physical: physical.int32, converted: converted.date, annotation: { kind: logical.date } }
    case 'timestamp':
      return {
        physical: physical.int64,
        converted: converted.timestampMicros,
        annotation: { kind: logical.timestamp, first: 2, flag: true },
      }
    case 'timestamp_ntz':
      // The old annotation means UTC: a wall clock reading must not have it.
      return { physical: physical.int64, annotation: { kind: logical.timestamp, first: 2, flag: false } }
    case 'decimal': {
      const annotation = { kind: logical.decimal, first: type.scale, second: type.precision }
      const old = { converted: converted.decimal, annotation }
      if (type.precision <= 9) return { physical: physical.int32, ...old }
      if (type.precision <= maxInt64DecimalPrecision) return { physical: physical.int64, ...old }
      return { physical: physical.fixed, typeLength: decimalBytes(type.precision), ...old }
    }
    case 'string':
      return { physical: physical.byteArray, converted: converted.utf8, annotation: { kind: logical.string } }
    case 'variant':
      return { physical: physical.byteArray, converted: converted.json, annotation: { kind: logical.json } }
    case 'binary':
      return { physical: physical.byteArray }
    case 'list':
    case 'map':
    case 'struct':
      throw unwritableType(path.join('.'), typeName(type), 'it is no leaf')
  }
}

/** Bytes that the unscaled values of so many digits need. */
function decimalBytes(precision: number): number {
  let bytes = 1
  while (2n ** BigInt(8 * bytes - 1) < 10n ** BigInt(precision)) bytes++
  return bytes
}
