import { isTypeChangeAllowed, typeChangesKey, typeToJson } from '@deltaworks/delta-log'
import { typesEqual, type DataType, type Field, type Json } from '@deltaworks/schema'

/** A change of a field's type, or of an element, key or value inside of it. */
export interface FieldTypeChange {
  readonly from: DataType
  readonly to: DataType
  /** `element.value`; '' is the field itself. */
  readonly fieldPath: string
}

/**
 * What differs between two types of a field, members of structs left out: they are fields of their own.
 * @returns null if they differ in more than types of leaves
 */
export function typeChangesBetween(from: DataType, to: DataType, fieldPath = ''): readonly FieldTypeChange[] | null {
  const inner = (step: string): string => (fieldPath === '' ? step : `${fieldPath}.${step}`)
  if (from.kind === 'list' && to.kind === 'list') return typeChangesBetween(from.element, to.element, inner('element'))
  if (from.kind === 'map' && to.kind === 'map') {
    const keys = typeChangesBetween(from.key, to.key, inner('key'))
    const values = typeChangesBetween(from.value, to.value, inner('value'))
    return keys === null || values === null ? null : [...keys, ...values]
  }
  if (typesEqual(from, to)) return []
  const nested = [from, to].some(({ kind }) => kind === 'struct' || kind === 'list' || kind === 'map')
  return nested ? null : [{ from, to, fieldPath }]
}

/** Whether every change is one that files need not be written again for; a void column has nothing in any file. */
export const areAllowed = (changes: readonly FieldTypeChange[]): boolean =>
  changes.every(({ from, to }) => from.kind === 'null' || isTypeChangeAllowed(from, to))

/** The field with the type, and a note of what its older files have (`delta.typeChanges`). */
export function withTypeChanges(of: Field, type: DataType, changes: readonly FieldTypeChange[]): Field {
  const noted = changes
    .filter(({ from }) => from.kind !== 'null')
    .map(({ from, to, fieldPath }) => ({
      fromType: typeToJson(from),
      toType: typeToJson(to),
      ...(fieldPath !== '' && { fieldPath }),
    }))
  if (noted.length === 0) return { ...of, type }
  const before = of.metadata?.[typeChangesKey]
  const all: readonly Json[] = [...(Array.isArray(before) ? (before as readonly Json[]) : []), ...noted]
  return { ...of, type, metadata: { ...of.metadata, [typeChangesKey]: all } }
}
