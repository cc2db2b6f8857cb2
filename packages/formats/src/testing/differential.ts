import { isDeepStrictEqual } from 'node:util'
import type { ColumnarContext } from '@deltaworks/columnar'
import type { Schema, Value } from '@deltaworks/schema'
import { comparable } from './comparable-value.js'
import { randomTable, writtenFile } from './differential-files.js'
import type { DuckRewrite } from './duck-rewrite.js'
import { duckDb, hyparquet, parquetWasm, readOurs, schemaOf, type Witness } from './parquet-witnesses.js'

export interface Outcome {
  /** `<writer> read by <reader>`, and `equal` or why it was refused; for counting. */
  readonly label: string
  /** Null unless two readers disagree. */
  readonly difference: string | null
}

/**
 * One file of a random table: we must read the rows that were written, and every other reader the same or none. Without
 * DuckDB it is neither writer nor reader.
 */
export async function differential(
  context: ColumnarContext,
  duck: DuckRewrite | null,
  seed: number,
): Promise<readonly Outcome[]> {
  const table = randomTable(seed)
  const file = await writtenFile(context, table, seed, duck)
  if (file === null) return [{ label: 'refused by its writer', difference: null }]
  const { writer, how, bytes } = file
  const found = await readOurs(context, 'parquet', bytes, table.schema, [16_384, 64, 5][seed % 3]!)
  const outcomes = [judged(`${writer} read by deltaworks`, how, table.schema, table.rows, found)]
  // What the file's own schema says must be readable, too, whatever was asked for above.
  await readOurs(context, 'parquet', bytes, await schemaOf(bytes), 16_384)
  const witnesses: Witness[] = [parquetWasm(context), hyparquet, ...(duck === null ? [] : [duckDb(context, duck)])]
  for (const witness of witnesses) {
    const label = `${writer} read by ${witness.name}`
    const rows = await witness.read(bytes, table.schema)
    if (typeof rows === 'string') outcomes.push({ label: `${label}: refused: ${general(rows)}`, difference: null })
    else if (witness.isExact) outcomes.push(judged(label, how, table.schema, found, rows as Value[][]))
    else {
      const inForm = (all: readonly (readonly unknown[])[]): unknown[][] =>
        all.map((row) => row.map((value, i) => comparable(value, table.schema.fields[i]!.type)))
      outcomes.push(judged(label, how, table.schema, inForm(found), inForm(rows)))
    }
  }
  return outcomes
}

/** A message without the names and numbers of this file. */
const general = (message: string): string => message.replaceAll(/["'][^"']*["']|\d+/g, '…').slice(0, 70)

function judged(
  label: string,
  how: string,
  schema: Schema,
  wanted: readonly (readonly unknown[])[],
  got: readonly (readonly unknown[])[],
): Outcome {
  if (isDeepStrictEqual(wanted, got)) return { label: `${label}: equal`, difference: null }
  if (wanted.length !== got.length) {
    return { label, difference: `${how}: ${wanted.length} rows, but ${got.length} came` }
  }
  const row = wanted.findIndex((one, i) => !isDeepStrictEqual(one, got[i]))
  const column = wanted[row]!.findIndex((value, i) => !isDeepStrictEqual(value, got[row]![i]))
  const { name, type } = schema.fields[column]!
  const [a, b] = [shown(wanted[row]![column]), shown(got[row]![column])]
  return { label, difference: `${how}: column ${name} ${JSON.stringify(type)}, row ${row}: ${a}, but ${b} came` }
}

const shown = (value: unknown): string =>
  JSON.stringify(value, (_, of: unknown) =>
    typeof of === 'bigint' ? `${of}n` : of instanceof Uint8Array ? Buffer.from(of).toString('hex') : of,
  )
