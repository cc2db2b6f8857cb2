import type { FloatValue, IntegerValue } from '@deltaworks/schema'
import { Expr, toExpression } from './expr.js'
import type { Operand, ValueOf } from './expression-holder.js'
import type { CommonValue, With } from './expression-values.js'

const windowCall = <V>(name: string, ...args: readonly Operand[]): Expr<V> =>
  new Expr({ kind: 'window', name, args: args.map(toExpression), partitionBy: [], orderBy: [], frame: null })

/** What a neighbour has, or what stands for it where there is none. */
type Neighbour<O, F> = CommonValue<ValueOf<O>, ValueOf<F>> | null
type Fallback<O> = Operand<With<'common', ValueOf<O>>>

/** Window functions; each needs `.over({ partitionBy, orderBy })`. */
export const win = {
  rowNumber: () => windowCall<IntegerValue>('row_number'),
  rank: () => windowCall<IntegerValue>('rank'),
  denseRank: () => windowCall<IntegerValue>('dense_rank'),
  percentRank: () => windowCall<FloatValue>('percent_rank'),
  cumeDist: () => windowCall<FloatValue>('cume_dist'),
  ntile: (buckets: number) => windowCall<IntegerValue>('ntile', buckets),
  lag: <const O extends Operand, const F extends Fallback<O> = null>(of: O, offset = 1, fallback?: F) =>
    windowCall<Neighbour<O, F>>('lag', of, offset, fallback ?? null),
  lead: <const O extends Operand, const F extends Fallback<O> = null>(of: O, offset = 1, fallback?: F) =>
    windowCall<Neighbour<O, F>>('lead', of, offset, fallback ?? null),
  firstValue: <const O extends Operand>(of: O) => windowCall<ValueOf<O> | null>('first_value', of),
  lastValue: <const O extends Operand>(of: O) => windowCall<ValueOf<O> | null>('last_value', of),
  nthValue: <const O extends Operand>(of: O, n: number) => windowCall<ValueOf<O> | null>('nth_value', of, n),
}
