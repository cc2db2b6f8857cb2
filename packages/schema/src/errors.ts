import { DeltaworksError } from './error.js'

export class SchemaError extends DeltaworksError {
  override readonly name = 'SchemaError'
}

export const columnNotFound = (name: string, known: readonly string[]): SchemaError =>
  new SchemaError(
    'DW-SCHEMA-0001',
    'usage',
    `There is no column "${name}"${nearest(name, known)}. Columns: ${known.length > 40 ? `${known.slice(0, 40).join(', ')}, …` : known.join(', ')}.`,
    { column: name, columns: known },
  )

export const duplicateColumn = (name: string): SchemaError =>
  new SchemaError(
    'DW-SCHEMA-0002',
    'usage',
    `The column name "${name}" occurs twice (names are compared without regard to case). Rename one of them.`,
    { column: name },
  )

export const invalidValue = (text: string, type: string, reason: string): SchemaError =>
  new SchemaError('DW-SCHEMA-0003', 'data', `"${text}" is not a valid ${type}: ${reason}.`, { value: text, type })

/** ` (did you mean "x"?)`, if a known name is close. */
export function nearest(name: string, known: readonly string[]): string {
  let best: string | undefined
  let bestDistance = Math.max(2, Math.floor(name.length / 3)) + 1
  for (const candidate of known) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase())
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance]
  }
  return best === undefined ? '' : ` (did you mean "${best}"?)`
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      row[j] = Math.min(previous[j]! + 1, row[j - 1]! + 1, previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1))
    }
    previous = row
  }
  return previous[b.length]!
}
