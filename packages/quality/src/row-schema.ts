import { col, fn, lit, type Expr } from '@deltaworks/expression'
import type { DataFrame } from '@deltaworks/plan'
import { decimal, int32, string, timestamp } from '@deltaworks/schema'
import { invalidRule } from './errors.js'
import type { AnyFrame } from './query-runner.js'

/** What the texts of a column must be to be read as their type. A missing value is well unless `nullable` is false. */
export type ColumnDefinition = { readonly name: string; readonly nullable?: boolean } & (
  | { readonly type: 'string'; readonly minLength?: number; readonly maxLength?: number; readonly matches?: string }
  | { readonly type: 'int'; readonly minimum?: number; readonly maximum?: number }
  | { readonly type: 'decimal'; readonly precision: number; readonly scale: number }
  /** @param mask Java style: `yyyy-MM-dd HH:mm:ss` */
  | { readonly type: 'timestamp'; readonly mask: string }
)

/**
 * Takes apart rows of text by a schema: `valid` ones with their columns cast, `invalid` ones as they are. Columns without a
 * definition are left alone. Every row is in one of them. @throws QualityError DW-QUALITY-0005 if a column is defined twice
 */
export function validateRowSchema(
  table: AnyFrame,
  definitions: readonly ColumnDefinition[],
): { readonly valid: DataFrame; readonly invalid: DataFrame } {
  const frame = table as DataFrame
  const names = definitions.map(({ name }) => name)
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined) throw invalidRule(`the schema defines "${twice}" twice`)
  if (definitions.length === 0) return { valid: frame, invalid: frame.filter(lit(false)) }
  const isValid = definitions.map(conditionOf).reduce((a, b) => a.and(b))
  const columns = frame.schema.fields.map(({ name }) => {
    const definition = definitions.find((candidate) => candidate.name === name)
    return definition === undefined ? col(name) : castOf(definition).as(name)
  })
  return { valid: frame.filter(isValid).select(...columns), invalid: frame.filter(isValid.not()) }
}

/** Never null. */
function conditionOf(definition: ColumnDefinition): Expr {
  const text = col(definition.name).cast(string)
  const conditions = [castOf(definition).isNotNull(), ...limitsOf(definition, text)]
  const holds = fn.coalesce(
    conditions.reduce((a, b) => a.and(b)),
    lit(false),
  )
  return definition.nullable === false ? text.isNotNull().and(holds) : text.isNull().or(holds)
}

function limitsOf(definition: ColumnDefinition, text: Expr): readonly Expr[] {
  switch (definition.type) {
    case 'string': {
      const { minLength, maxLength, matches } = definition
      return [
        ...(minLength === undefined ? [] : [fn.length(text).ge(lit(minLength))]),
        ...(maxLength === undefined ? [] : [fn.length(text).le(lit(maxLength))]),
        ...(matches === undefined ? [] : [text.rlike(matches)]),
      ]
    }
    case 'int': {
      const { minimum, maximum } = definition
      const number = castOf(definition)
      return [
        ...(minimum === undefined ? [] : [number.ge(lit(minimum))]),
        ...(maximum === undefined ? [] : [number.le(lit(maximum))]),
      ]
    }
    case 'decimal':
    case 'timestamp':
      return []
  }
}

function castOf(definition: ColumnDefinition): Expr {
  const text = col(definition.name).cast(string)
  switch (definition.type) {
    case 'string':
      return text
    case 'int':
      return text.tryCast(int32)
    case 'decimal':
      return text.tryCast(decimal(definition.precision, definition.scale))
    case 'timestamp':
      return fn.try_to_timestamp(text, lit(definition.mask)).cast(timestamp)
  }
}
