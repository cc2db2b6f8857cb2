import { estimateRows, type Join } from '@deltaworks/plan'
import { buildSide } from '../physical-planner.js'
import { isSingle } from './pipeline.js'
import type { Pipeline } from './stage.js'

/** A build side of at most so many bytes is sent to all workers; larger ones are partitioned. */
export const broadcastBytes = 32 * 1024 * 1024

/** Which side can be the same for every morsel of the other: not one whose unmatched rows come out. Null: neither. */
export function broadcastSide(plan: Join, left: Pipeline, right: Pipeline): 'left' | 'right' | null {
  switch (plan.joinType) {
    case 'left':
    case 'left_semi':
    case 'left_anti':
      return estimatedBytes(right) <= broadcastBytes * 4 || plan.keys.length === 0 ? 'right' : null
    case 'right':
      return estimatedBytes(left) <= broadcastBytes * 4 || plan.keys.length === 0 ? 'left' : null
    case 'full':
      return null
    case 'inner':
    case 'cross': {
      const side =
        isSingle(left) !== isSingle(right)
          ? isSingle(left)
            ? 'left'
            : 'right'
          : buildSide({ ...plan, left: left.plan, right: right.plan })
      const build = side === 'left' ? left : right
      return estimatedBytes(build) <= broadcastBytes * 4 || plan.keys.length === 0 ? side : null
    }
  }
}

/** What the pipeline gives at most, about: rows are made by joins only, and those are not guessed. */
const estimatedBytes = (pipeline: Pipeline): number =>
  Math.min(pipeline.bytes, estimateRows(pipeline.plan) * Math.max(1, pipeline.plan.schema.fields.length) * 16)
