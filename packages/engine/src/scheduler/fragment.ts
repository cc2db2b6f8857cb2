import { transformUp, type LogicalPlan, type ScanSplit, type TableProvider, type TableScan } from '@deltaworks/plan'
import { isThreadLocal } from '@deltaworks/storage'

/**
 * A part of a plan that every worker can run on its share of one scan's splits: scans, filters, projections, and joins whose
 * right side is small enough to be given to every worker. The scan whose splits are shared out is the leftmost leaf.
 */
export interface Fragment {
  readonly plan: LogicalPlan
  readonly splits: readonly ScanSplit[]
}

/** A table as plain data: what a worker needs of it. `splits` is null for the scan whose splits are claimed. */
export interface SplitTable extends TableProvider {
  readonly splits: readonly ScanSplit[] | null
}

const sharedJoins: ReadonlySet<string> = new Set(['inner', 'left', 'left_semi', 'left_anti'])

/** The scan whose splits would be shared out, or null if the plan is no fragment. */
export function drivingScan(plan: LogicalPlan): TableScan | null {
  switch (plan.kind) {
    case 'scan':
      return plan.fetch === null ? plan : null
    case 'filter':
    case 'projection':
      return drivingScan(plan.input)
    case 'join':
      return sharedJoins.has(plan.joinType) && plan.keys.length > 0 ? drivingScan(plan.left) : null
    case 'values':
    case 'aggregate':
    case 'sort':
    case 'limit':
    case 'union':
    case 'window':
      return null
  }
}

/** Right sides of the joins along the path to the driving scan. */
export function buildSides(plan: LogicalPlan): readonly LogicalPlan[] {
  switch (plan.kind) {
    case 'filter':
    case 'projection':
      return buildSides(plan.input)
    case 'join':
      return [...buildSides(plan.left), plan.right]
    default:
      return []
  }
}

/** The plan with the right sides of those joins replaced. */
export function withBuildSides(plan: LogicalPlan, replacements: ReadonlyMap<LogicalPlan, LogicalPlan>): LogicalPlan {
  switch (plan.kind) {
    case 'filter':
    case 'projection':
      return { ...plan, input: withBuildSides(plan.input, replacements) }
    case 'join':
      return {
        ...plan,
        left: withBuildSides(plan.left, replacements),
        right: replacements.get(plan.right) ?? plan.right,
      }
    default:
      return plan
  }
}

/** Bytes that the splits hold, as far as they tell. */
export const splitBytes = (splits: readonly ScanSplit[]): number =>
  splits.reduce((sum, split) => sum + bytesOf(split), 0)

function bytesOf(split: ScanSplit): number {
  switch (split.kind) {
    case 'file':
      return split.byteRange === null ? split.sizeBytes : split.byteRange.end - split.byteRange.start
    case 'segment':
      return split.segment.byteLength
    case 'rows':
      return 0
  }
}

/** Whether another thread can read the splits. */
export const canTravel = (splits: readonly ScanSplit[]): boolean =>
  splits.every((split) => split.kind !== 'file' || !isThreadLocal(split.store))

/** The plan with every table as plain data, fit for `postMessage`. */
export function portablePlan(
  plan: LogicalPlan,
  driving: TableScan,
  splitsOf: (scan: TableScan) => readonly ScanSplit[],
): LogicalPlan {
  return transformUp(plan, (node) => {
    if (node.kind !== 'scan') return node
    const { name, schema, statistics } = node.table
    const splits = node.table === driving.table ? null : splitsOf(node)
    return { ...node, table: { name, schema, statistics, splits } as SplitTable }
  })
}
