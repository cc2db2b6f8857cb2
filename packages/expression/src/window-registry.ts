import { boolean, float64, int32 } from '@deltaworks/schema'
import { aggregateFunction, isAggregateFunction } from './aggregate-registry.js'
import { commonType } from './coercion.js'
import { incompatibleTypes } from './errors.js'
import type { Resolution } from './evaluation.js'
import type { BoundExpression } from './expression.js'
import type { RegisteredFunction } from './function-registry.js'

export interface WindowDefinition {
  readonly signature: string
  readonly doc: string
  readonly arity: readonly [number, number]
  readonly nullable: boolean
  /** Whether the function means something only with an ORDER BY. */
  readonly needsOrder: boolean
  /** Whether the frame counts; ranking functions see the whole partition. */
  readonly usesFrame: boolean
  resolve(args: readonly BoundExpression[], name: string): Resolution
}

const ranking = (signature: string, doc: string, needsOrder = true): WindowDefinition => ({
  signature,
  doc,
  arity: [0, 0],
  nullable: false,
  needsOrder,
  usesFrame: false,
  resolve: () => ({ args: [], type: int32 }),
})

const neighbour = (name: string, where: string): WindowDefinition => ({
  signature: `${name}(a[, offset[, default]]) → type of a`,
  doc: `The value in the row so many (1) ${where} in the partition; the default (null) where there is none.`,
  arity: [1, 3],
  nullable: true,
  needsOrder: true,
  usesFrame: false,
  resolve: (args) => {
    const type = args[2] === undefined ? args[0]!.type : commonType(args[0]!.type, args[2].type)
    if (type === null) throw incompatibleTypes(`The default of ${name}`, args[0]!.type, args[2]!.type)
    return { args: [type, int32, type].slice(0, args.length), type }
  },
})

const ofFrame = (name: string, doc: string, arity: readonly [number, number]): WindowDefinition => ({
  signature: name === 'nth_value' ? 'nth_value(a, n) → type of a' : `${name}(a[, ignoreNulls]) → type of a`,
  doc,
  arity,
  nullable: true,
  needsOrder: false,
  usesFrame: true,
  resolve: (args) => ({
    args: [args[0]!.type, ...args.slice(1).map(() => (name === 'nth_value' ? int32 : boolean))],
    type: args[0]!.type,
  }),
})

export const windows = {
  row_number: ranking('row_number() → int', 'The number of the row in its partition, from 1.', false),
  rank: ranking('rank() → int', 'One more than the rows that come before this row and its peers.'),
  dense_rank: ranking('dense_rank() → int', 'One more than the distinct keys before.'),
  percent_rank: {
    ...ranking('percent_rank() → double', '(rank - 1) / (rows - 1).'),
    resolve: () => ({ args: [], type: float64 }),
  },
  cume_dist: {
    ...ranking('cume_dist() → double', 'The share of rows that do not come after.'),
    resolve: () => ({ args: [], type: float64 }),
  },
  ntile: {
    ...ranking(
      'ntile(buckets) → int',
      'The bucket of the row, where the partition is dealt into so many of equal size.',
    ),
    arity: [1, 1],
    resolve: () => ({ args: [int32], type: int32 }),
  },
  lag: neighbour('lag', 'before'),
  lead: neighbour('lead', 'after'),
  first_value: ofFrame('first_value', 'The value in the first row of the frame.', [1, 2]),
  last_value: ofFrame('last_value', 'The value in the last row of the frame.', [1, 2]),
  nth_value: ofFrame('nth_value', 'The value in the n-th row of the frame, from 1.', [2, 2]),
} satisfies Record<string, WindowDefinition>

export type WindowFunctionName = keyof typeof windows

export const windowRegistry: readonly RegisteredFunction[] = Object.entries<WindowDefinition>(windows).map(
  ([name, { signature, doc }]) => ({ name, kind: 'window', family: 'window', aliases: [], signature, doc }),
)

export const isWindowFunction = (name: string): boolean => name.toLowerCase() in windows || isAggregateFunction(name)

/** A window function, or an aggregate used as one. @throws ExpressionError DW-EXPRESSION-0002 */
export function windowFunction(name: string): { readonly name: string; readonly definition: WindowDefinition } {
  const lower = name.toLowerCase()
  const own = (windows as Record<string, WindowDefinition>)[lower]
  if (own !== undefined) return { name: lower, definition: own }
  const { name: canonical, definition } = aggregateFunction(name)
  return {
    name: canonical,
    definition: { ...definition, needsOrder: false, usesFrame: true, resolve: definition.resolve },
  }
}
