import { Arena, createEvaluator, recordBatch, type Evaluator } from '@deltaworks/columnar'
import type { RowSelector } from '@deltaworks/formats'
import type { Projection } from '@deltaworks/plan'
import type { ExecutionContext } from '../execution-context.js'
import { open, type BatchStream, type ExecutionPlan } from './execution-plan.js'

/** Computes expressions over each row. */
export class ProjectionExec implements ExecutionPlan {
  readonly name = 'ProjectionExec'
  readonly schema
  readonly inputs: readonly ExecutionPlan[]
  readonly #projection: Projection
  /** It is executed once a morsel. */
  #evaluator: Evaluator | null = null

  constructor(projection: Projection, input: ExecutionPlan) {
    this.#projection = projection
    this.schema = projection.schema
    this.inputs = [input]
  }

  offer(selectors: readonly RowSelector[]): void {
    const sourceOf = (position: number): number => {
      const expression = this.#projection.expressions[position]!
      return expression.kind === 'column' ? expression.index : -1
    }
    const passed = selectors.map((selector) => ({ ...selector, columns: selector.columns.map(sourceOf) }))
    this.inputs[0]!.offer?.(passed.filter(({ columns }) => !columns.includes(-1)))
  }

  async *execute(context: ExecutionContext): BatchStream {
    const [input] = this.inputs
    const { expressions } = this.#projection
    const plainColumns = expressions.every((expression) => expression.kind === 'column')
    const evaluator = plainColumns
      ? null
      : (this.#evaluator ??= createEvaluator(context.columnar, expressions, input!.schema, {
          evaluation: context.evaluation,
        }))
    const account = context.pool.account(this.name)
    const arena = new Arena(context.columnar.heap, account)
    try {
      for await (const batch of open(input!, context)) {
        arena.reset()
        const columns =
          evaluator === null
            ? expressions.map((expression) => batch.columns[expression.kind === 'column' ? expression.index : 0]!)
            : evaluator.project(arena, batch)
        yield recordBatch(this.schema, batch.rowCount, columns)
      }
    } finally {
      arena.close()
      account.close()
    }
  }
}
