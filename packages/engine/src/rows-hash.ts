import { createHash } from 'node:crypto'
import type { Value } from '@deltaworks/schema'

/** A hash of rows that does not depend on their order, but on how often each is there: 16 hexadecimal digits. */
export function rowsHash(rows: Iterable<readonly Value[]>): string {
  let sum = 0n
  for (const row of rows) sum += createHash('sha1').update(JSON.stringify(row, plainly)).digest().readBigUInt64LE()
  return BigInt.asUintN(64, sum).toString(16).padStart(16, '0')
}

/** What JSON has no form of its own for; every bit of a double counts. */
function plainly(_: string, value: unknown): unknown {
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0)))
    return Object.is(value, -0) ? '-0' : `${value}`
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value
}
