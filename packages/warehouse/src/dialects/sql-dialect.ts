import type { DataType, Value } from '@deltaworks/schema'
import type { WarehouseTable } from '../warehouse-table.js'

/** How one warehouse writes SQL. Pure text: what it gives can be shown in a dry run and tested without the warehouse. */
export interface SqlDialect {
  readonly name: string
  quote(identifier: string): string
  literal(value: Value, type: DataType): string
  /** @returns the type's name, or null if the warehouse has none for it */
  typeName(type: DataType): string | null
  /** @throws WarehouseError DW-WAREHOUSE-0004 */
  createTable(table: WarehouseTable): string
  /** Keys, references and descriptions, for people and tools: nothing enforces them. */
  comments(table: WarehouseTable): readonly string[]
}
