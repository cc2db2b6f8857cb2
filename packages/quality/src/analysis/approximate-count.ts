import { agg, col, expr, fn, lit } from '@deltaworks/expression'
import { int64 } from '@deltaworks/schema'
import type { Answers, QueryContext, QueryRequirement, Requirement } from '../analyzers/analyzer.js'
import { aggregate, countOf, filtered } from '../analyzers/counting.js'
import { toText } from '../plain-text.js'
import { emptyRegisters, rankOf, registerBits } from './hyper-log-log.js'
import type { Purpose } from './key-analysis.js'
import type { ApproxCountDistinct } from './metric-analyzer.js'
import type { State } from './state.js'

/*
 * The engine counts distinct values in the scan that all share (within 2 %), but keeps no state that could be added to. Where a
 * state is wanted, a query of its own makes one: the least hash of each of 512 registers, which is its longest run of zeros.
 */

export const approximateCountRequirements = (
  analyzer: ApproxCountDistinct,
  purpose: Purpose,
): readonly Requirement[] => (purpose === 'metric' ? [aggregate(counted(analyzer))] : [registersRequirement(analyzer)])

export const approximateCountState = (analyzer: ApproxCountDistinct, answers: Answers, purpose: Purpose): State =>
  purpose === 'metric'
    ? { kind: 'final', value: countOf(answers, counted(analyzer)) }
    : { kind: 'distinct', registers: answers.query(registersRequirement(analyzer)) as readonly number[] }

const counted = ({ column, where }: ApproxCountDistinct) => filtered(agg.approxCountDistinct(col(column)), where)

const registersRequirement = (analyzer: ApproxCountDistinct): QueryRequirement => ({
  kind: 'query',
  key: `registers ${toText([analyzer.column, analyzer.where])}`,
  run: (context) => readRegisters(analyzer, context),
})

const restBits = 64 - registerBits

async function readRegisters({ column, where }: ApproxCountDistinct, { frame, rows }: QueryContext) {
  const known = col(column).isNotNull()
  const hash = fn.xxhash64(col(column))
  const mask = lit((1n << BigInt(restBits)) - 1n, int64)
  const query = frame
    .filter(where === null ? known : known.and(expr(where)))
    .select(hash.as('hash'))
    .select(
      fn
        .bitwise_and(fn.shiftright(col('hash'), lit(restBits)), lit(BigInt((1 << registerBits) - 1), int64))
        .as('register'),
      fn.bitwise_and(col('hash'), mask).as('rest'),
    )
    .groupBy(col('register'))
    .agg({ least: agg.min(col('rest')) })
  const registers = emptyRegisters()
  for (const [register, least] of await rows(query.plan)) registers[Number(register)] = rankOf(least as bigint)
  return registers
}
