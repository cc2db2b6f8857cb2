import type { Field } from '@deltaworks/schema'
import type { TableDefinition } from './dialects/sql-dialect.js'
import { nameList, quote } from './dialects/sql-text.js'

/* Statements that bring rows of one relation into a table that is there, by its primary key. */

export const keyFields = ({ columns, primaryKey }: TableDefinition): readonly Field[] =>
  primaryKey.map((key) => columns.find(({ name }) => name === key)!.field)

/** Keys of a primary key are never null. */
export const deleteMatching = ({ relation }: TableDefinition, keys: readonly Field[], from: string): string => {
  const names = nameList(keys.map(({ name }) => name))
  const key = keys.length === 1 ? names : `(${names})`
  return `DELETE FROM ${relation} WHERE ${key} IN (SELECT ${names} FROM ${from})`
}

export const insertFrom = ({ relation }: TableDefinition, columns: readonly Field[], from: string): string => {
  const names = nameList(columns.map(({ name }) => name))
  return `INSERT INTO ${relation} (${names}) SELECT ${names} FROM ${from}`
}

/** Redshift knows the target by its own name alone, and takes both clauses or none. */
export const mergeFrom = (
  { name, relation }: TableDefinition,
  keys: readonly Field[],
  others: readonly Field[],
  from: string,
): string => {
  const table = quote(name)
  const same = keys.map((key) => `${table}.${quote(key.name)} = n.${quote(key.name)}`)
  const sets = others.map((column) => `${quote(column.name)} = n.${quote(column.name)}`)
  const names = [...keys, ...others].map((column) => column.name)
  return (
    `MERGE INTO ${relation} USING ${from} AS n ON ${same.join(' AND ')} WHEN MATCHED THEN UPDATE SET ${sets.join(', ')} ` +
    `WHEN NOT MATCHED THEN INSERT (${nameList(names)}) VALUES (${names.map((column) => `n.${quote(column)}`).join(', ')})`
  )
}
