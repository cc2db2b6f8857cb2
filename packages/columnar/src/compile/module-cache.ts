import { expressionKey, type BoundExpression } from '@deltaworks/expression'
import type { Schema } from '@deltaworks/schema'
import { planLoop, type LoopPlan } from './loop.js'
import type { ColumnForm } from './loop-builder.js'

/** A loop that is compiled; null where nothing of it can be. */
export type CompiledLoop = LoopPlan & { readonly module: WebAssembly.Module }

const cache = new Map<string, CompiledLoop | null>()
const limit = 2000

/** What the loop depends on, but for the form of the columns. */
export const loopKey = (expressions: readonly BoundExpression[], columns: Schema, zoneIsUtc: boolean): string =>
  `${zoneIsUtc}|${expressionKey(columns.fields.map(({ type }) => type))}|${expressionKey(expressions)}`

/** The loop for a pattern of columns, compiled once a process. */
export function compiledLoop(
  key: string,
  pattern: string,
  expressions: readonly BoundExpression[],
  schema: Schema,
  forms: readonly ColumnForm[],
  zoneIsUtc: boolean,
): CompiledLoop | null {
  const full = `${pattern}|${key}`
  let loop = cache.get(full)
  if (loop === undefined) {
    const plan = planLoop(expressions, schema, forms, zoneIsUtc)
    loop = plan === null ? null : { ...plan, module: new WebAssembly.Module(plan.bytes) }
    if (cache.size >= limit) cache.clear()
    cache.set(full, loop)
  }
  return loop
}
