import {
  columnsOf,
  fixedOffsetMicros,
  transform,
  type BoundExpression,
  type EvaluationContext,
} from '@deltaworks/expression'
import type { Schema } from '@deltaworks/schema'
import { loopKey } from './module-cache.js'

/** The columns that expressions read, and the same expressions and types over those alone: a loop serves all that look alike. */
export interface LoopShape {
  readonly columns: readonly number[]
  readonly expressions: readonly BoundExpression[]
  readonly types: Schema
  readonly zoneIsUtc: boolean
  readonly key: string
}

export function loopShape(of: readonly BoundExpression[], schema: Schema, { timezone }: EvaluationContext): LoopShape {
  const columns = [...new Set(of.flatMap(columnsOf))].sort((a, b) => a - b)
  const expressions = of.map((expression) =>
    transform(expression, (e) => (e.kind === 'column' ? { ...e, index: columns.indexOf(e.index), name: '' } : e)),
  )
  const types = { fields: columns.map((index) => schema.fields[index]!) }
  const zoneIsUtc = fixedOffsetMicros(timezone) === 0n
  return { columns, expressions, types, zoneIsUtc, key: loopKey(expressions, types, zoneIsUtc) }
}
