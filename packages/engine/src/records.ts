import type { Schema, Value } from '@deltaworks/schema'
import { columnTwice } from './errors.js'

/** @throws EngineError DW-ENGINE-0012 if two columns have one name, so that an object cannot hold both */
export function requireOneOfEachName({ fields }: Schema): void {
  const seen = new Set<string>()
  for (const { name } of fields) {
    if (seen.has(name)) throw columnTwice(name)
    seen.add(name)
  }
}

/** Rows as objects: each value under its column's name. `Row` is what the type of their frame says of them. */
export const recordsOf = <Row extends object>({ fields }: Schema, rows: readonly (readonly Value[])[]): Row[] =>
  rows.map((row) => Object.fromEntries(fields.map(({ name }, i) => [name, row[i]!])) as Row)
