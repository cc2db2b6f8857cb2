import type { FileFacts, Snapshot } from '@deltaworks/delta-log'
import { comparatorOf } from '@deltaworks/expression'
import type { ColumnRange } from '@deltaworks/plan'
import { isNested, type Field, type Value } from '@deltaworks/schema'
import { FileStatisticsSource } from './file-statistics-source.js'

/** Tables of more files are not looked at: what is known is for guesses. */
const maxFiles = 512

/**
 * The least and greatest value of each column by the statistics of the files, found when it is asked for. For guesses alone:
 * rows may be deleted and bounds cut, so that none is exact, and nulls are not counted.
 */
export function columnRanges(
  snapshot: Snapshot,
  fileCount: number,
  forEachFacts: (use: (facts: FileFacts) => void) => void,
): Readonly<Record<string, ColumnRange>> {
  // Columns may be called as what every object has.
  const columns = Object.create(null) as Record<string, ColumnRange>
  if (fileCount > maxFiles) return columns
  snapshot.schema.fields.forEach((field, index) => {
    if (isNested(field.type)) return
    let known: ColumnRange | undefined
    const get = (): ColumnRange => (known ??= rangeOf(field, index, new FileStatisticsSource(snapshot), forEachFacts))
    Object.defineProperty(columns, field.name, { get, enumerable: true })
  })
  return columns
}

/** Unknown if a file with rows says nothing of the column. */
function rangeOf(
  { type }: Field,
  index: number,
  source: FileStatisticsSource,
  forEachFacts: (use: (facts: FileFacts) => void) => void,
): ColumnRange {
  const compare = comparatorOf(type)
  let [min, max]: [Value, Value] = [null, null]
  let isKnown = true
  forEachFacts((facts) => {
    if (!isKnown) return
    const bounds = source.at(facts).column(index)
    if (bounds === null || bounds.min === null || bounds.max === null) {
      isKnown = bounds !== null && bounds.nullCount !== null && bounds.nullCount === facts.physicalRowCount
      return
    }
    if (min === null || compare(bounds.min, min) < 0) min = bounds.min
    if (max === null || compare(bounds.max, max) > 0) max = bounds.max
  })
  return { min: isKnown ? min : null, max: isKnown ? max : null, nullCount: null, exact: false }
}
