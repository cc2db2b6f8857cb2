/** A column's type as a warehouse has it: its text, and what is needed to tell a wider one from a narrower one. */
export type SqlType =
  | { readonly kind: 'text'; readonly sql: string; /** Null: as long as it gets. */ readonly length: number | null }
  | { readonly kind: 'decimal'; readonly sql: string; readonly precision: number; readonly scale: number }
  | { readonly kind: 'integer' | 'float'; readonly sql: string; readonly bits: number }
  | { readonly kind: 'other'; readonly sql: string }

export type TypeChange = 'same' | 'wider' | 'narrower' | 'other'

/** What becomes of values of type `from` in a column of type `to`. */
export function typeChange(from: SqlType, to: SqlType): TypeChange {
  if (from.sql === to.sql) return 'same'
  if (from.kind === 'text' && to.kind === 'text') return holds(to.length, from.length) ? 'wider' : 'narrower'
  if (from.kind === 'decimal' && to.kind === 'decimal') {
    const keepsAll = to.scale >= from.scale && to.precision - to.scale >= from.precision - from.scale
    return keepsAll ? 'wider' : 'narrower'
  }
  if ((from.kind === 'integer' && to.kind === 'integer') || (from.kind === 'float' && to.kind === 'float'))
    return to.bits >= from.bits ? 'wider' : 'narrower'
  return 'other'
}

const holds = (to: number | null, from: number | null): boolean => to === null || (from !== null && to >= from)

export const textOf = (sql: string, length: number | null): SqlType => ({ kind: 'text', sql, length })
export const decimalOf = (sql: string, precision: number, scale: number): SqlType => ({
  kind: 'decimal',
  sql,
  precision,
  scale,
})
export const integerOf = (sql: string, bits: number): SqlType => ({ kind: 'integer', sql, bits })
export const floatOf = (sql: string, bits: number): SqlType => ({ kind: 'float', sql, bits })
export const other = (sql: string): SqlType => ({ kind: 'other', sql })
