import { Arena, readSegment, wordBounds } from '@deltaworks/columnar'
import type { Value } from '@deltaworks/schema'
import type { ExecutionContext, StageSplit } from '../execution-context.js'

/** The least and greatest value of a column of rows that are in memory; null if that is not known. */
export function keyBounds(
  { columnar, pool }: ExecutionContext,
  splits: readonly StageSplit[],
  column: number,
): readonly [Value, Value] | null {
  const account = pool.account('Bounds of keys')
  const arena = new Arena(columnar.heap, account)
  let found: readonly [Value, Value] | null = null
  try {
    for (const split of splits) {
      if (split.kind !== 'segment') return null
      arena.reset()
      for (const { columns, rowCount } of readSegment(arena, split.segment, [column])) {
        const own = rowCount === 0 ? null : wordBounds(columnar, columns[0]!)
        if (own === null) {
          if (columns[0]!.nullCount !== rowCount) return null
          continue
        }
        found =
          found === null ? own : [lesser(found[0], own[0]), lesser(own[1], found[1]) === own[1] ? found[1] : own[1]]
      }
    }
    return found
  } finally {
    arena.close()
    account.close()
  }
}

const lesser = (a: Value, b: Value): Value => (a! <= b! ? a : b)
