import type { DataType, Field, Schema } from '@deltaworks/schema'
import type { Metadata } from './actions/metadata.js'

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

/** How the schema's columns, members of structs at any depth included, are called in the files. */
export function columnMapping(metadata: Metadata, of: Schema): ColumnMapping {
  const mode = columnMappingMode(metadata)
  if (mode === 'none') return { mode, physicalNames: null, fieldIds: null }
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
