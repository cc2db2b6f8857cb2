import { isDeltaworksError, type DataType, type Value } from '@deltaworks/schema'
import type { Lake } from '../lake.js'
import type { LakehouseDefinition } from '../lakehouse-definition.js'
import type { MetricValue } from '../run-result.js'
import type { SqlMetric } from './sql-metric.js'
import { tablesByName } from './validate-metrics.js'

/** The figures of a lake as a run leaves it. One that cannot be had says why: a run does not fail because of it. */
export async function computeMetrics(
  { metrics, tables }: LakehouseDefinition,
  lake: Lake,
  signal: AbortSignal | undefined,
): Promise<readonly MetricValue[]> {
  const byName = tablesByName(tables)
  const find = async (name: readonly string[]) => {
    const table = byName.get(name.at(-1)!.toLowerCase())
    return table === undefined ? undefined : (await lake.table(table.path))?.provider()
  }
  const values: MetricValue[] = []
  for (const metric of metrics) {
    const { name, description, unit } = metric
    values.push({ name, description, unit, ...(await valueOf(metric, find, lake, signal)) })
  }
  return values
}

async function valueOf(
  { sql, timeoutMs }: SqlMetric,
  find: Parameters<Lake['session']['sql']>[1],
  { session }: Lake,
  signal: AbortSignal | undefined,
): Promise<Pick<MetricValue, 'value' | 'problem'>> {
  const bound = AbortSignal.timeout(timeoutMs)
  try {
    const { rows, schema } = await session.sql(sql, find, {
      signal: signal === undefined ? bound : AbortSignal.any([signal, bound]),
    })
    if (rows.length > 1) return { value: null, problem: `its query gives ${rows.length} rows, one is wanted` }
    return { value: numberOf(rows[0]?.[0] ?? null, schema.fields[0]!.type), problem: null }
  } catch (error) {
    if (!isDeltaworksError(error) || signal?.aborted === true) throw error
    return {
      value: null,
      problem: bound.aborted ? `its query took longer than ${timeoutMs / 1000} s` : error.message,
    }
  }
}

/** Decimals are kept as whole numbers of their last digit. */
const numberOf = (value: Value, type: DataType): number | null =>
  value === null ? null : Number(value as number | bigint) / (type.kind === 'decimal' ? 10 ** type.scale : 1)
