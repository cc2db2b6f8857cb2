import { unknownFunction } from './errors.js'
import type { FunctionDefinition } from './evaluation.js'
import { arithmeticFunctions } from './functions/arithmetic.js'
import { arrayFunctions } from './functions/array.js'
import { arrayStatistics } from './functions/array-statistics.js'
import { booleanFunctions } from './functions/boolean.js'
import { comparisonFunctions } from './functions/comparison.js'
import { conditionalFunctions } from './functions/conditional.js'
import { datetimeFunctions } from './functions/datetime.js'
import { formatFunctions } from './functions/format.js'
import { hashFunctions } from './functions/hash.js'
import { intervalFunctions } from './functions/interval.js'
import { jsonFunctions } from './functions/json.js'
import { lambdaFunctions } from './functions/lambda.js'
import { mathFunctions } from './functions/math.js'
import { moreDatetimeFunctions } from './functions/more-datetime.js'
import { moreMathFunctions } from './functions/more-math.js'
import { moreTextFunctions } from './functions/more-text.js'
import { nestedFunctions } from './functions/nested.js'
import { patternFunctions } from './functions/pattern.js'
import { stringFunctions } from './functions/string.js'
import { textCodeFunctions } from './functions/text-codes.js'
import { timestampParts } from './functions/timestamp-parts.js'
import { volatileFunctions } from './functions/volatile.js'

const families = {
  arithmetic: arithmeticFunctions,
  comparison: comparisonFunctions,
  boolean: booleanFunctions,
  conditional: conditionalFunctions,
  math: { ...mathFunctions, ...moreMathFunctions },
  string: { ...stringFunctions, ...moreTextFunctions, ...textCodeFunctions, ...formatFunctions },
  pattern: patternFunctions,
  'date and time': { ...datetimeFunctions, ...moreDatetimeFunctions, ...timestampParts },
  interval: intervalFunctions,
  hash: hashFunctions,
  random: volatileFunctions,
  nested: { ...nestedFunctions, ...arrayFunctions, ...arrayStatistics },
  lambda: lambdaFunctions,
  JSON: jsonFunctions,
} as const

type NamesOf<T> = T extends unknown ? keyof T : never
/** The canonical name of every scalar function. */
export type ScalarFunctionName = Extract<NamesOf<(typeof families)[keyof typeof families]>, string>

export interface RegisteredFunction {
  readonly name: string
  readonly kind: 'scalar' | 'aggregate' | 'window'
  /** Heading of the documentation: arithmetic, string … */
  readonly family: string
  readonly aliases: readonly string[]
  readonly signature: string
  readonly doc: string
}

const byName = new Map<string, { readonly name: string; readonly definition: FunctionDefinition }>()
for (const functions of Object.values(families)) {
  for (const [name, definition] of Object.entries<FunctionDefinition>(functions)) {
    byName.set(name, { name, definition })
    for (const alias of definition.aliases ?? []) byName.set(alias, { name, definition })
  }
}

/** Every scalar function with its documentation, in the order of the families. */
export const functionRegistry: readonly RegisteredFunction[] = Object.entries(families).flatMap(([family, functions]) =>
  Object.entries<FunctionDefinition>(functions).map(([name, definition]) => ({
    name,
    kind: 'scalar' as const,
    family,
    aliases: definition.aliases ?? [],
    signature: definition.signature,
    doc: definition.doc,
  })),
)

export const isScalarFunction = (name: string): boolean => byName.has(name.toLowerCase())

/** By canonical name or alias. @throws ExpressionError DW-EXPRESSION-0002 */
export function scalarFunction(name: string): { readonly name: string; readonly definition: FunctionDefinition } {
  const found = byName.get(name) ?? byName.get(name.toLowerCase())
  if (found === undefined) throw unknownFunction(name, [...byName.keys()])
  return found
}
