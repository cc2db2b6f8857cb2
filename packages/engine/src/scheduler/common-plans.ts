import { inputsOf, isVolatile, type LogicalPlan, type TableProvider } from '@deltaworks/plan'
import type { BoundExpression } from '@deltaworks/expression'

/** Parts of a plan that it has more than once: they are computed once. */
export class CommonPlans {
  readonly #keys = new WeakMap<LogicalPlan, number>()
  readonly #numbers = new Map<string, number>()
  readonly #tables = new WeakMap<TableProvider, number>()
  readonly #counts = new Map<number, number>()
  #tableCount = 0

  constructor(root: LogicalPlan) {
    this.#count(root)
  }

  /** A number that is the same for equal parts; null if the part is there once, or is not worth keeping. */
  keyOf(plan: LogicalPlan): number | null {
    if (!isCostly(plan)) return null
    const key = this.#keyOf(plan)
    return (this.#counts.get(key) ?? 0) > 1 ? key : null
  }

  #count(plan: LogicalPlan): void {
    const key = this.#keyOf(plan)
    const before = this.#counts.get(key) ?? 0
    this.#counts.set(key, before + 1)
    // What is below is computed once with it.
    if (before === 0 || !isCostly(plan)) inputsOf(plan).forEach((input) => this.#count(input))
  }

  #keyOf(plan: LogicalPlan): number {
    const known = this.#keys.get(plan)
    if (known !== undefined) return known
    const inputs = inputsOf(plan).map((input) => this.#keyOf(input))
    const own = Object.entries(plan).filter(([name]) => name !== 'schema' && !inputNames.has(name))
    const text = JSON.stringify([inputs, own.sort()], (_, value: unknown) =>
      typeof value === 'bigint' ? `#${value}` : isTable(value) ? this.#tableOf(value) : value,
    )
    const distinct = isRepeatable(plan) ? text : `${text} ${this.#numbers.size}`
    let number = this.#numbers.get(distinct)
    if (number === undefined) this.#numbers.set(distinct, (number = this.#numbers.size))
    this.#keys.set(plan, number)
    return number
  }

  #tableOf(table: TableProvider): number {
    let number = this.#tables.get(table)
    if (number === undefined) this.#tables.set(table, (number = this.#tableCount++))
    return number
  }
}

const inputNames: ReadonlySet<string> = new Set(['input', 'inputs', 'left', 'right', 'initial', 'step'])

const isTable = (value: unknown): value is TableProvider =>
  typeof value === 'object' && value !== null && 'statistics' in value && 'schema' in value

/** What reads many rows to make fewer. */
const isCostly = (plan: LogicalPlan): boolean =>
  plan.kind === 'aggregate' || (plan.kind === 'join' && plan.keys.length > 0) || plan.kind === 'window'

/** Whether it gives the same rows each time. */
function isRepeatable(plan: LogicalPlan): boolean {
  switch (plan.kind) {
    case 'recursive':
    case 'limit':
      return false
    case 'projection':
      return !plan.expressions.some(isVolatile)
    case 'filter':
      return !isVolatile(plan.predicate)
    case 'aggregate':
      return ![...plan.groupBy, ...plan.aggregates.flatMap(({ args }) => args)].some(isVolatile)
    case 'window':
      return !plan.windows.flatMap(({ args }) => args).some(isVolatile)
    case 'join':
      return plan.residual === null || !isVolatile(plan.residual as BoundExpression)
    default:
      return true
  }
}
