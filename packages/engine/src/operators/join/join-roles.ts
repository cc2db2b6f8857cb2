import type { Column } from '@deltaworks/columnar'
import type { BoundExpression } from '@deltaworks/expression'
import type { Join } from '@deltaworks/plan'

export type Side = 'left' | 'right'

/** What a join asks of its two inputs once it is known which is the build side. */
export interface JoinRoles {
  readonly build: Side
  readonly probe: Side
  /** Probe rows without a match come out with nulls. */
  readonly keepsProbe: boolean
  /** Build rows without a match come out with nulls. */
  readonly keepsBuild: boolean
  /** Rows of one side come out, those with a match (or without): which side, and which rows; null: pairs come out. */
  readonly chosen: { readonly side: 'build' | 'probe'; readonly matched: 0 | 1 } | null
  readonly buildKeys: readonly BoundExpression[]
  readonly probeKeys: readonly BoundExpression[]
  /** Left columns, then right columns. */
  sideBySide(probe: readonly Column[], build: readonly Column[]): Column[]
}

export function joinRoles({ joinType, keys }: Join, build: Side): JoinRoles {
  const probe = build === 'left' ? 'right' : 'left'
  const keeps = (side: Side): boolean => joinType === 'full' || joinType === side
  const isSemi = joinType === 'left_semi' || joinType === 'left_anti'
  return {
    build,
    probe,
    keepsProbe: keeps(probe),
    keepsBuild: keeps(build),
    chosen: isSemi ? { side: build === 'left' ? 'build' : 'probe', matched: joinType === 'left_semi' ? 1 : 0 } : null,
    buildKeys: keys.map((key) => key[build]),
    probeKeys: keys.map((key) => key[probe]),
    sideBySide: (probeColumns, buildColumns) =>
      build === 'left' ? [...buildColumns, ...probeColumns] : [...probeColumns, ...buildColumns],
  }
}
