import type { SqlType } from './dialects/sql-type.js'
import type { TableDefinition } from './dialects/sql-dialect.js'
import type { ForeignKey } from './warehouse-table.js'

/** How a table was made, as its control record keeps it. */
export interface RecordedLayout {
  readonly columns: readonly {
    readonly name: string
    readonly type: SqlType
    readonly nullable: boolean
    readonly comment: string | null
  }[]
  readonly primaryKey: readonly string[]
  readonly foreignKeys: readonly ForeignKey[]
  readonly declaredKeys: readonly ForeignKey[]
  readonly comment: string | null
  readonly aliases: readonly string[]
  readonly layout: unknown
}

/** What a table is made like, as text that changes when it does. */
export const layoutOf = (definition: TableDefinition): string => {
  const recorded: RecordedLayout = {
    columns: definition.columns.map(({ name, type, nullable, comment }) => ({ name, type, nullable, comment })),
    primaryKey: definition.primaryKey,
    foreignKeys: definition.foreignKeys,
    declaredKeys: definition.declaredKeys,
    comment: definition.comment,
    aliases: definition.aliases,
    layout: definition.layout,
  }
  return JSON.stringify(recorded)
}

/** The layout that a record keeps; null if it was written by a version that kept less. */
export function recordedLayout(text: string): RecordedLayout | null {
  try {
    const value = JSON.parse(text) as Partial<RecordedLayout> | null
    return value !== null && Array.isArray(value.columns) && Array.isArray(value.declaredKeys)
      ? (value as RecordedLayout)
      : null
  } catch {
    return null
  }
}
