import { field, int64, string, type Field, type Schema, type Value } from '@deltaworks/schema'

/** What a statement has to say, as rows. */
export interface StatementResult {
  readonly schema: Schema
  readonly rows: readonly (readonly Value[])[]
}

/** One row of counts. */
export const countsResult = (counts: Readonly<Record<string, number>>): StatementResult => ({
  schema: { fields: Object.keys(counts).map((name) => field(name, int64, false)) },
  rows: [Object.values(counts).map((count) => BigInt(count))],
})

export const textResult = (
  columns: readonly string[],
  rows: readonly (readonly (string | null)[])[],
): StatementResult => ({
  schema: { fields: columns.map((name) => field(name, string)) },
  rows,
})

export const resultOf = (fields: readonly Field[], rows: readonly (readonly Value[])[]): StatementResult => ({
  schema: { fields },
  rows,
})

export const nothingToSay: StatementResult = { schema: { fields: [] }, rows: [] }
