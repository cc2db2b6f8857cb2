import type { DataType, Field, Schema } from '@deltaworks/schema'

/** A column, or a member of structs inside of it: `['address', 'city']`. Elements of arrays and maps are not named. */
export type FieldPath = readonly string[]

/** `a.b` as a path; a name with dots in backticks. */
export const pathOf = (text: string): FieldPath =>
  [...text.matchAll(/`((?:[^`]|``)*)`|([^.]+)/g)].map((m) => m[1]?.replaceAll('``', '`') ?? m[2]!)

const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase()

export function fieldAt(of: Schema, path: FieldPath): Field | null {
  const found = of.fields.find((f) => same(f.name, path[0] ?? ''))
  if (found === undefined) return null
  if (path.length === 1) return found
  return found.type.kind === 'struct' ? fieldAt({ fields: found.type.fields }, path.slice(1)) : null
}

/** The schema with the siblings at a path replaced: the fields among which the path's last step is. */
export function withSiblings(
  of: Schema,
  path: FieldPath,
  change: (siblings: readonly Field[]) => readonly Field[],
): Schema {
  if (path.length <= 1) return { fields: change(of.fields) }
  return {
    fields: of.fields.map((f): Field => {
      if (!same(f.name, path[0]!) || f.type.kind !== 'struct') return f
      const { fields } = withSiblings({ fields: f.type.fields }, path.slice(1), change)
      const type: DataType = { ...f.type, fields }
      return { ...f, type }
    }),
  }
}

export const withField = (of: Schema, path: FieldPath, change: (field: Field) => Field): Schema =>
  withSiblings(of, path, (siblings) => siblings.map((f) => (same(f.name, path.at(-1)!) ? change(f) : f)))

export const withoutField = (of: Schema, path: FieldPath): Schema =>
  withSiblings(of, path, (siblings) => siblings.filter((f) => !same(f.name, path.at(-1)!)))
