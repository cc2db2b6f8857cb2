import type { DataType, Field, Value } from '@deltaworks/schema'
import type { ProbeDialect } from '../checksum.js'
import type { TableLayout } from '../table-layout.js'
import type { ColumnProfile, ForeignKey } from '../warehouse-table.js'
import type { SqlType } from './sql-type.js'

/** How one warehouse writes SQL. Pure text: what it gives can be shown in a dry run and tested without the warehouse. */
export interface SqlDialect extends ProbeDialect {
  readonly name: string
  readonly limits: DialectLimits
  /** Whether CREATE, ALTER and DROP are part of the transaction around them; where not, they commit it. */
  readonly transactionalDdl: boolean
  /** Whether tables are made with foreign keys (which nothing enforces), so that these stand in the way of dropping tables. */
  readonly declaresForeignKeys: boolean
  literal(value: Value, type: DataType): string
  /** @returns null if the warehouse has no type for it */
  columnType(field: Field, profile: ColumnProfile | undefined): SqlType | null
  /** CREATE TABLE, and what belongs to it and must follow at once. */
  createTable(definition: TableDefinition): readonly string[]
  /** Keys, references and descriptions, for people and tools: nothing enforces them. */
  comments(definition: TableDefinition): readonly string[]
  /** Grants and masking policies; repeatable. */
  access(definition: TableDefinition): readonly string[]
  /** Another name of the table. Absent: a plain view. */
  createView?(view: string, definition: TableDefinition): string
  addColumn(relation: string, column: ColumnDefinition): string
  widenColumn(relation: string, column: ColumnDefinition): string
  /** How a column comes to a wider type. */
  widening(column: ColumnDefinition, from: SqlType, definition: TableDefinition): Widening
  /** After a load has been committed: statistics, sorting. */
  maintain(definition: TableDefinition): readonly string[]
  /** What there is to say of the table's make, a line each: for those who read a dry run. */
  notes?(definition: TableDefinition): readonly string[]
}

/**
 * `in transaction`: by ALTER, with the rows. `before`: by ALTER before the transaction, which harms nobody if the load fails.
 * `rebuild`: the table is made anew. `never`: the warehouse can do none of it.
 */
export type Widening = 'in transaction' | 'before' | 'rebuild' | 'never'

export interface DialectLimits {
  /** Bytes of a name. */
  readonly identifierBytes: number
  readonly columns: number
  /** Bytes of a text; null: none that matters. */
  readonly textBytes: number | null
  /** Bytes of a statement; null: none that matters. */
  readonly statementBytes: number | null
}

/** A table as a warehouse is to have it, all of it decided. */
export interface TableDefinition {
  readonly name: string
  /** Quoted, with its schema: what stands in SQL. May be another name than `name`, while the table is being made. */
  readonly relation: string
  /** The schema's quoted name and a point, or nothing. */
  readonly prefix: string
  readonly columns: readonly ColumnDefinition[]
  readonly primaryKey: readonly string[]
  readonly foreignKeys: readonly ForeignKey[]
  /** Those whose columns are the whole primary key of a table that the warehouse has: they can be declared. */
  readonly declaredKeys: readonly ForeignKey[]
  readonly comment: string | null
  readonly aliases: readonly string[]
  readonly layout: TableLayout
}

export interface ColumnDefinition {
  readonly name: string
  readonly field: Field
  readonly type: SqlType
  readonly nullable: boolean
  readonly comment: string | null
  /** Kind of personal data in it. */
  readonly pii: string | null
  readonly profile: ColumnProfile | undefined
}
