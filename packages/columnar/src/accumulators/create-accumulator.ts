import { isFloat, type DataType } from '@deltaworks/schema'
import type { MemoryAccount } from '../arena.js'
import { byteWidth } from '../column.js'
import type { ColumnarContext } from '../context.js'
import { unknownAggregate } from '../errors.js'
import type { Accumulator, AggregateSpec } from './accumulator.js'
import { Collected, collectedAggregates } from './collected.js'
import { CountAccumulator } from './count.js'
import { DistinctAccumulator } from './distinct.js'
import { ExactSum } from './exact-sum.js'
import { Extreme } from './extreme.js'
import { FloatSum } from './float-sum.js'
import { HyperLogLog } from './hyper-log-log.js'
import { Moments } from './moments.js'
import { TextExtreme } from './text-extreme.js'
import { WordExtreme } from './word-extreme.js'

/** @throws ColumnarError DW-COLUMNAR-0004 */
export function createAccumulator(context: ColumnarContext, account: MemoryAccount, spec: AggregateSpec): Accumulator {
  const { heap } = context
  if (spec.distinct && !['min', 'max', 'bool_and', 'bool_or'].includes(spec.name)) {
    return new DistinctAccumulator(context, account, spec, () =>
      createAccumulator(context, account, { ...spec, distinct: false }),
    )
  }
  switch (spec.name) {
    case 'count':
      return new CountAccumulator(heap)
    case 'count_if':
      return new CountAccumulator(heap, true)
    case 'sum':
      return isFloat(spec.argTypes[0]!) ? new FloatSum(heap, spec) : new ExactSum(heap, spec)
    case 'avg':
      return isFloat(spec.argTypes[0]!) ? new FloatSum(heap, spec) : new ExactSum(heap, spec)
    case 'min':
    case 'max':
      return extremeOf(context, spec.argTypes[0]!, spec.name === 'max' ? 1 : -1)
    case 'bool_and':
      return new Extreme(context, spec.argTypes[0]!, -1)
    case 'bool_or':
      return new Extreme(context, spec.argTypes[0]!, 1)
    case 'stddev':
    case 'stddev_pop':
    case 'variance':
    case 'var_pop':
      return new Moments(heap, spec)
    case 'approx_count_distinct':
      return new HyperLogLog(context)
    default:
  }
  const finishCollected = collectedAggregates[spec.name]
  if (finishCollected === undefined) throw unknownAggregate(spec.name)
  return new Collected(heap, spec, finishCollected)
}

function extremeOf(context: ColumnarContext, type: DataType, sign: 1 | -1): Accumulator {
  if (type.kind === 'string' || type.kind === 'binary' || type.kind === 'variant')
    return new TextExtreme(context, type, sign)
  const isWord =
    type.kind === 'int64' ||
    type.kind === 'timestamp' ||
    type.kind === 'timestamp_ntz' ||
    (type.kind === 'decimal' && byteWidth(type) === 8)
  return isWord ? new WordExtreme(context.heap, type, sign) : new Extreme(context, type, sign)
}
