/** How a table's rows reach the table. */
export type WriteMode = Append | Overwrite | Merge

/** New rows beside the old ones (raw tables: each landing file once). */
export interface Append {
  readonly kind: 'append'
}
/** The table becomes what was computed. */
export interface Overwrite {
  readonly kind: 'overwrite'
}
/**
 * MERGE by key: a row whose columns differ is updated, a new key is inserted, and (with `deleteMissing`) a key that the
 * source no longer has is deleted. `keepOnUpdate` columns keep their first value (`created_date`); `ignoreForChange` columns
 * alone do not make a row changed (`updated_date`), so that the same input changes nothing.
 */
export interface Merge {
  readonly kind: 'merge'
  readonly on: readonly string[]
  readonly deleteMissing: boolean
  readonly keepOnUpdate: readonly string[]
  readonly ignoreForChange: readonly string[]
}

export const append = (): Append => ({ kind: 'append' })
export const overwrite = (): Overwrite => ({ kind: 'overwrite' })
export const merge = (options: {
  readonly on: readonly string[]
  readonly deleteMissing?: boolean
  readonly keepOnUpdate?: readonly string[]
  readonly ignoreForChange?: readonly string[]
}): Merge => ({
  kind: 'merge',
  on: options.on,
  deleteMissing: options.deleteMissing ?? false,
  keepOnUpdate: options.keepOnUpdate ?? [],
  ignoreForChange: options.ignoreForChange ?? [],
})
