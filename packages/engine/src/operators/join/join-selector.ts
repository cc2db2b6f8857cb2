import { Trial } from '@deltaworks/columnar'
import type { RowSelector } from '@deltaworks/formats'
import type { Join } from '@deltaworks/plan'
import type { BuildSide } from './build-side.js'
import type { JoinRoles } from './join-roles.js'

/** Where more than so many match, the rest is not worth looking keys up twice. */
const mostMatched = 0.5

/**
 * Lets the probe side leave out rows without a match where it reads them, before it has read their other columns. The join
 * looks keys up again for those that come.
 */
export class JoinSelector {
  /** Positions of the keys in the probe side; null: its rows are wanted without a match, or the keys are computed. */
  readonly #columns: readonly number[] | null
  readonly #trial = new Trial(mostMatched)

  constructor({ keys }: Join, { keepsProbe, chosen, probeKeys }: JoinRoles) {
    const keepsUnmatched = keepsProbe || (chosen?.side === 'probe' && chosen.matched === 0)
    const columns = probeKeys.map((key) => (key.kind === 'column' ? key.index : -1))
    this.#columns = keys.length === 0 || keepsUnmatched || columns.includes(-1) ? null : columns
  }

  /** None if it is of no use. */
  of({ table }: BuildSide): readonly RowSelector[] {
    const columns = this.#columns
    if (columns === null || !this.#trial.isUseful) return []
    return [
      {
        columns,
        choose: (arena, keys, rowCount) => {
          if (!this.#trial.isUseful) return null
          const rows = table.choose(arena, keys, rowCount, 1)
          this.#trial.note(rowCount, rows.count)
          return rows
        },
      },
    ]
  }
}

/** Of the selectors for a join's rows those that look at nothing but its probe side, and that no other row depends on. */
export function passedOn(
  selectors: readonly RowSelector[],
  { left }: Join,
  { probe, chosen, keepsBuild }: JoinRoles,
): readonly RowSelector[] {
  // Build rows come out for want of a match, or because of one: that must not change.
  if (keepsBuild || chosen?.side === 'build') return []
  if (chosen !== null) return selectors
  const width = left.schema.fields.length
  const isOfProbe = (position: number): boolean => (probe === 'left' ? position < width : position >= width)
  const first = probe === 'left' ? 0 : width
  return selectors
    .filter(({ columns }) => columns.every(isOfProbe))
    .map((selector) => ({ ...selector, columns: selector.columns.map((position) => position - first) }))
}
