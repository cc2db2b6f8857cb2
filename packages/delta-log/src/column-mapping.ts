import { randomUUID } from 'node:crypto'
import type { DataType, Field, Schema } from '@deltaworks/schema'
import type { Metadata } from './actions/metadata.js'
import { isObject } from './json.js'
import { formatSchema } from './schema-json.js'

export type ColumnMappingMode = 'none' | 'name' | 'id'

export function columnMappingMode(metadata: Metadata): ColumnMappingMode {
  const mode = metadata.configuration['delta.columnMapping.mode']?.toLowerCase()
  return mode === 'name' || mode === 'id' ? mode : 'none'
}

/** The field's name in files, statistics and partition values. */
export function physicalName(of: Field, mode: ColumnMappingMode): string {
  if (mode === 'none') return of.name
  const name = of.metadata?.['delta.columnMapping.physicalName']
  return typeof name === 'string' ? name : of.name
}

export interface ColumnMapping {
  readonly mode: ColumnMappingMode
  /** Dotted logical path → physical name (the last step alone), where they differ; null if none do. */
  readonly physicalNames: Readonly<Record<string, string>> | null
  /** Dotted logical path → field id; in `id` mode only (files of `name` mode may lack ids). */
  readonly fieldIds: Readonly<Record<string, number>> | null
}

export const noColumnMapping: ColumnMapping = { mode: 'none', physicalNames: null, fieldIds: null }

/** How the schema's columns, members of structs at any depth included, are called in the files. */
export function columnMapping(metadata: Metadata, of: Schema): ColumnMapping {
  const mode = columnMappingMode(metadata)
  if (mode === 'none') return noColumnMapping
  const physicalNames: Record<string, string> = {}
  const fieldIds: Record<string, number> = {}
  const visit = (fields: readonly Field[], prefix: string): void => {
    for (const member of fields) {
      const path = prefix + member.name
      const name = physicalName(member, mode)
      if (name !== member.name) physicalNames[path] = name
      const id = member.metadata?.['delta.columnMapping.id']
      if (typeof id === 'number') fieldIds[path] = id
      visitType(member.type, path)
    }
  }
  const visitType = (type: DataType, path: string): void => {
    if (type.kind === 'struct') visit(type.fields, `${path}.`)
    else if (type.kind === 'list') visitType(type.element, `${path}.element`)
    else if (type.kind === 'map') {
      visitType(type.key, `${path}.key`)
      visitType(type.value, `${path}.value`)
    }
  }
  visit(of.fields, '')
  return {
    mode,
    physicalNames: Object.keys(physicalNames).length === 0 ? null : physicalNames,
    fieldIds: mode === 'id' ? fieldIds : null,
  }
}

const nestedIdsKey = 'delta.columnMapping.nested.ids'

/**
 * Parquet field ids by dotted logical path, elements of lists and maps included where the schema gives them ids (Iceberg
 * compatibility).
 */
export function fieldIdsOf(of: Schema): Readonly<Record<string, number>> {
  const ids: Record<string, number> = {}
  const visit = (fields: readonly Field[], prefix: string): void => {
    for (const member of fields) {
      const path = prefix + member.name
      const id = member.metadata?.[idKey]
      if (typeof id === 'number') ids[path] = id
      const nested = member.metadata?.[nestedIdsKey]
      if (isObject(nested)) {
        for (const [key, value] of Object.entries(nested)) {
          // Keys begin with the physical name, which may hold dots itself.
          const steps = key.slice(physicalName(member, 'name').length)
          if (typeof value === 'number') ids[path + steps] = value
        }
      }
      visitType(member.type, path)
    }
  }
  const visitType = (type: DataType, path: string): void => {
    if (type.kind === 'struct') visit(type.fields, `${path}.`)
    else if (type.kind === 'list') visitType(type.element, `${path}.element`)
    else if (type.kind === 'map') {
      visitType(type.key, `${path}.key`)
      visitType(type.value, `${path}.value`)
    }
  }
  visit(of.fields, '')
  return ids
}

const idKey = 'delta.columnMapping.id'
const physicalKey = 'delta.columnMapping.physicalName'
const maxIdKey = 'delta.columnMapping.maxColumnId'

/**
 * Metadata with another schema. With column mapping, columns that have no id and physical name yet get them, and the greatest id
 * is kept (PROTOCOL.md, "Writer Requirements for Column Mapping").
 * @param naming `fresh`: names that no column ever had; `own`: the columns' own, for files that were written without mapping
 */
export function withSchema(
  metadata: Metadata,
  of: Schema,
  naming: 'fresh' | 'own' = 'fresh',
): { readonly metadata: Metadata; readonly schema: Schema } {
  if (columnMappingMode(metadata) === 'none')
    return { metadata: { ...metadata, schemaString: formatSchema(of) }, schema: of }
  let maxId = Math.max(Number(metadata.configuration[maxIdKey] ?? 0), ...idsOf(of.fields))
  const needsNested = nestsIds(metadata)
  const named = (member: Field): Field => {
    const known = member.metadata?.[idKey]
    const id = typeof known === 'number' ? known : ++maxId
    const given = member.metadata?.[physicalKey]
    const name = typeof given === 'string' ? given : naming === 'own' ? member.name : `col-${randomUUID()}`
    const nested = needsNested ? nestedIds(member, name, () => ++maxId) : null
    return {
      ...member,
      type: namedIn(member.type),
      metadata: {
        ...member.metadata,
        [idKey]: id,
        [physicalKey]: name,
        ...(nested !== null && { [nestedIdsKey]: nested }),
      },
    }
  }
  const namedIn = (type: DataType): DataType => {
    switch (type.kind) {
      case 'struct':
        return { ...type, fields: type.fields.map(named) }
      case 'list':
        return { ...type, element: namedIn(type.element) }
      case 'map':
        return { ...type, key: namedIn(type.key), value: namedIn(type.value) }
      default:
        return type
    }
  }
  const schema: Schema = { fields: of.fields.map(named) }
  const configuration = { ...metadata.configuration, [maxIdKey]: String(maxId) }
  return { metadata: { ...metadata, configuration, schemaString: formatSchema(schema) }, schema }
}

/** icebergCompatV2 and V3: elements of lists and maps have ids too. */
const nestsIds = ({ configuration }: Metadata): boolean =>
  ['delta.enableIcebergCompatV2', 'delta.enableIcebergCompatV3'].some(
    (key) => configuration[key]?.toLowerCase() === 'true',
  )

/** The ids of a column's elements, keys and values: known ones stay. @returns null if it has none */
function nestedIds(member: Field, name: string, next: () => number): Record<string, number> | null {
  const known = member.metadata?.[nestedIdsKey]
  const ids: Record<string, number> = {}
  const add = (key: string, type: DataType): void => {
    const given = isObject(known) ? known[key] : undefined
    ids[key] = typeof given === 'number' ? given : next()
    visit(key, type)
  }
  const visit = (key: string, type: DataType): void => {
    if (type.kind === 'list') add(`${key}.element`, type.element)
    else if (type.kind === 'map') {
      add(`${key}.key`, type.key)
      add(`${key}.value`, type.value)
    }
  }
  visit(name, member.type)
  return Object.keys(ids).length === 0 ? null : ids
}

function idsOf(fields: readonly Field[]): number[] {
  const inType = (type: DataType): number[] =>
    type.kind === 'struct'
      ? idsOf(type.fields)
      : type.kind === 'list'
        ? inType(type.element)
        : type.kind === 'map'
          ? [...inType(type.key), ...inType(type.value)]
          : []
  return fields.flatMap((member) => {
    const id = member.metadata?.[idKey]
    const nested = member.metadata?.[nestedIdsKey]
    const inner = isObject(nested) ? Object.values(nested).filter((value) => typeof value === 'number') : []
    return [...(typeof id === 'number' ? [id] : []), ...inner, ...inType(member.type)]
  })
}
