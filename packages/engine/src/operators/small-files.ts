import type { FileSplit } from '@deltaworks/plan'
import type { StageSplit } from '../execution-context.js'

const smallFileBytes = 256 * 1024
/** Of files that are read together: they are in memory at once. */
const mostBytes = 1024 * 1024

/** Splits in their order, one by one; small text files that are read alike come in groups. */
export async function* smallFilesTogether(
  splits: AsyncIterable<StageSplit> | Iterable<StageSplit>,
  together: boolean,
): AsyncGenerator<readonly StageSplit[], void, undefined> {
  let group: FileSplit[] = []
  let bytes = 0
  for await (const split of splits) {
    const joins = together && split.kind === 'file' && isSmall(split)
    if (group.length > 0 && (!joins || bytes + split.sizeBytes > mostBytes || !isAlike(group[0]!, split))) {
      yield group
      group = []
      bytes = 0
    }
    if (!joins) {
      yield [split]
      continue
    }
    group.push(split)
    bytes += split.sizeBytes
  }
  if (group.length > 0) yield group
}

const isSmall = ({ format, sizeBytes, byteRange, deletedRows }: FileSplit): boolean =>
  format.kind === 'csv' && sizeBytes <= smallFileBytes && byteRange === null && deletedRows === null

/** Splits of one table share what is the same in all of them. */
function isAlike(one: FileSplit, other: FileSplit): boolean {
  const names = Object.keys(other.constants)
  return (
    one.format === other.format &&
    one.virtualColumns === other.virtualColumns &&
    one.physicalNames === other.physicalNames &&
    names.length === Object.keys(one.constants).length &&
    names.every((name) => Object.hasOwn(one.constants, name))
  )
}
