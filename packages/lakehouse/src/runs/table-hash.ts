import { RowSummer, type RowSums, type Session } from '@deltaworks/engine'
import type { DataFrame } from '@deltaworks/plan'

/**
 * The logical hash of rows: equal for the same rows in whatever order, files or row groups, on whatever machine.
 * `<rows>-<sum of the rows' hashes>-<sum of their squares>`, hexadecimal; the sums modulo 2^64.
 */
export async function logicalHash(session: Session, rows: DataFrame, signal?: AbortSignal): Promise<string> {
  const summer = new RowSummer(session.context, session.pool.account('logical hash'))
  try {
    for await (const batch of session.stream(rows, { signal })) summer.add(batch.columns, batch.rowCount)
    return hashText(summer.sums)
  } finally {
    summer.close()
  }
}

/** The hash of rows that were added up while they were written. */
export function hashText({ rows, sum, squares }: RowSums): string {
  const hex = (value: bigint): string => BigInt.asUintN(64, value).toString(16).padStart(16, '0')
  return `${rows.toString(16)}-${hex(sum)}-${hex(squares)}`
}

/** Sums that a hash says, modulo 2^64; null if it is none. */
export function sumsOfHash(hash: string): RowSums | null {
  const [, rows, sum, squares] = /^([0-9a-f]+)-([0-9a-f]{16})-([0-9a-f]{16})$/.exec(hash) ?? []
  if (rows === undefined) return null
  return { rows: Number.parseInt(rows, 16), sum: BigInt(`0x${sum}`), squares: BigInt(`0x${squares}`) }
}
