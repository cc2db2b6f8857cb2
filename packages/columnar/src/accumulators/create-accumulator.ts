import { isFloat, isInteger, isNested, isVariableLength, type DataType } from '@deltaworks/schema'
import { unknownAggregate } from '../errors.js'
import type { Accumulator, AccumulatorScope, AggregateSpec } from './accumulator.js'
import { Collected, collectedAggregates } from './collected.js'
import type { CollectedDoubles } from './collected-doubles.js'
import { CollectedList } from './collected-list.js'
import { CountAccumulator } from './count.js'
import { Covariance } from './covariance.js'
import { DistinctAccumulator } from './distinct.js'
import { ExactSum } from './exact-sum.js'
import { Extreme } from './extreme.js'
import { FloatSum } from './float-sum.js'
import { HyperLogLog } from './hyper-log-log.js'
import { IntegerMoments } from './integer-moments.js'
import { Moments } from './moments.js'
import { NestedExtreme } from './nested-extreme.js'
import { Percentile } from './percentile.js'
import { TextExtreme } from './text-extreme.js'

/** What aggregates of one node keep together, by `AggregateSpec.input`. */
export interface SharedValues {
  readonly doubles: Map<string, CollectedDoubles>
  readonly sums: Map<string, ExactSum>
}
export const sharedValues = (): SharedValues => ({ doubles: new Map(), sums: new Map() })

/** @throws ColumnarError DW-COLUMNAR-0004 */
export function createAccumulator(
  scope: AccumulatorScope,
  spec: AggregateSpec,
  shared: SharedValues = sharedValues(),
): Accumulator {
  if (spec.distinct && !['min', 'max', 'bool_and', 'bool_or'].includes(spec.name)) {
    return new DistinctAccumulator(scope, spec, () => createAccumulator(scope, { ...spec, distinct: false }))
  }
  switch (spec.name) {
    case 'count':
      return new CountAccumulator(scope)
    case 'count_if':
      return new CountAccumulator(scope, true)
    case 'sum':
    case 'avg':
      return isFloat(spec.argTypes[0]!) ? new FloatSum(scope, spec) : exactSumOf(scope, spec, shared)
    case 'min':
    case 'max':
      return extremeOf(scope, spec.argTypes[0]!, spec.name === 'max' ? 1 : -1)
    case 'bool_and':
      return new Extreme(scope, spec.argTypes[0]!, -1)
    case 'bool_or':
      return new Extreme(scope, spec.argTypes[0]!, 1)
    case 'stddev':
    case 'stddev_pop':
    case 'variance':
    case 'var_pop':
      return isExact(spec.argTypes[0]!) ? new IntegerMoments(scope, spec) : new Moments(scope, spec)
    case 'corr':
    case 'covar_samp':
    case 'covar_pop':
      return new Covariance(scope, spec)
    case 'median':
    case 'percentile':
      return percentileOf(scope, spec, shared)
    case 'approx_count_distinct':
      return new HyperLogLog(scope)
    case 'collect_list':
      if (spec.argTypes.length === 1) return new CollectedList(scope, spec)
      break
    default:
  }
  const finishCollected = collectedAggregates[spec.name]
  if (finishCollected === undefined) throw unknownAggregate(spec.name)
  return new Collected(scope.context.heap, spec, finishCollected)
}

/** Whole numbers of one word. */
const isExact = (type: DataType): boolean => isInteger(type) || (type.kind === 'decimal' && type.precision <= 18)

function exactSumOf(scope: AccumulatorScope, spec: AggregateSpec, { sums }: SharedValues): ExactSum {
  const { input } = spec
  const sum = new ExactSum(scope, spec, (input && sums.get(input)) || null)
  if (input !== undefined && !sums.has(input)) sums.set(input, sum)
  return sum
}

function percentileOf(scope: AccumulatorScope, spec: AggregateSpec, { doubles }: SharedValues): Percentile {
  const { argTypes, input } = spec
  const percentile = new Percentile(scope, argTypes.length, (input && doubles.get(input)) || null)
  if (input !== undefined) doubles.set(input, percentile.values)
  return percentile
}

function extremeOf(scope: AccumulatorScope, type: DataType, sign: 1 | -1): Accumulator {
  if (isNested(type)) return new NestedExtreme(scope, type, sign)
  return isVariableLength(type) ? new TextExtreme(scope, type, sign) : new Extreme(scope, type, sign)
}
