import type { LogicalPlan, TableProvider } from '@deltaworks/plan'

/** A table of a plan, and what has been appended to it. */
export interface Appended {
  readonly is: (table: TableProvider) => boolean
  readonly rows: TableProvider
}

/** Nothing of it is new. */
const unchanged = 'unchanged'

/**
 * The rows that a query gives more than before, when rows were appended to one of its tables and the others stayed as they were;
 * null if it may give other rows than before, or fewer.
 *
 *     Δ(σ R) = σ ΔR    Δ(π R) = π ΔR    Δ(R ∪ S) = ΔR ∪ ΔS    Δ(R ⋈ S) = ΔR ⋈ S, of a left join if R is on its left
 */
export function rowsOfNewRows(plan: LogicalPlan, appended: Appended): LogicalPlan | null {
  const found = deltaOf(plan, appended)
  return found === unchanged ? null : found
}

function deltaOf(plan: LogicalPlan, appended: Appended): LogicalPlan | typeof unchanged | null {
  switch (plan.kind) {
    case 'scan':
      return appended.is(plan.table) ? { ...plan, table: appended.rows } : unchanged
    case 'values':
      return unchanged
    case 'projection':
    case 'filter':
    case 'unnest':
      return over(plan, deltaOf(plan.input, appended))
    case 'sort':
      // Without a limit it is of the order alone, which tables do not keep.
      return plan.fetch === null ? deltaOf(plan.input, appended) : ifUnchanged(plan.input, appended)
    case 'union': {
      const inputs = plan.inputs.map((input) => deltaOf(input, appended))
      if (inputs.includes(null)) return null
      const changed = inputs.filter((input): input is LogicalPlan => input !== unchanged && input !== null)
      return changed.length === 0 ? unchanged : { ...plan, inputs: changed }
    }
    case 'join':
      return joined(plan, deltaOf(plan.left, appended), deltaOf(plan.right, appended))
    case 'aggregate':
    case 'limit':
    case 'window':
      return ifUnchanged(plan.input, appended)
    case 'recursive':
      return null
  }
}

/** Of a node that no rule is for: it gives the same if nothing below it is new. */
const ifUnchanged = (input: LogicalPlan, appended: Appended): typeof unchanged | null =>
  deltaOf(input, appended) === unchanged ? unchanged : null

const over = <P extends Extract<LogicalPlan, { input: LogicalPlan }>>(
  plan: P,
  input: LogicalPlan | typeof unchanged | null,
): LogicalPlan | typeof unchanged | null =>
  input === unchanged || input === null ? input : ({ ...plan, input } as LogicalPlan)

function joined(
  plan: Extract<LogicalPlan, { kind: 'join' }>,
  left: LogicalPlan | typeof unchanged | null,
  right: LogicalPlan | typeof unchanged | null,
): LogicalPlan | typeof unchanged | null {
  if (left === null || right === null) return null
  if (left === unchanged && right === unchanged) return unchanged
  if (left !== unchanged && right !== unchanged) return null
  switch (plan.joinType) {
    case 'inner':
    case 'cross':
      return left === unchanged ? { ...plan, right: right as LogicalPlan } : { ...plan, left }
    case 'left':
    case 'left_semi':
    case 'left_anti':
      return left === unchanged ? null : { ...plan, left }
    case 'right':
      return right === unchanged ? null : { ...plan, right }
    case 'full':
      return null
  }
}
