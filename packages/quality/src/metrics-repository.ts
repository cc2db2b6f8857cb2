import { col, lit, type Expr } from '@deltaworks/expression'
import { boolean, field, float64, schema, string, timestamp, type Schema, type Value } from '@deltaworks/schema'

/** One metric of one verification, for later ones to be compared with. */
export interface MetricRecord {
  readonly table: string
  readonly rule: string
  /** What was measured, by Glue's pattern: `Column.price.Mean`. Rules that measure the same share its history. */
  readonly name: string
  readonly metric: number
  readonly level: string
  readonly passed: boolean
  /** The verification's clock, milliseconds since the epoch. */
  readonly timestampMs: number
  readonly runId: string
  readonly tags: Readonly<Record<string, string>>
}

/** What is given narrows; nothing given asks for all. */
export interface MetricsQuery {
  readonly table?: string
  readonly rule?: string
  /** What was measured: `Column.price.Mean`. */
  readonly name?: string
  readonly runId?: string
  /** Records that have all of these. */
  readonly tags?: Readonly<Record<string, string>>
  /** At this time or later. */
  readonly afterMs?: number
  /** Before this time. */
  readonly beforeMs?: number
}

/** Keeps the metrics of earlier verifications. */
export interface MetricsRepository {
  /** @returns records oldest first */
  load(query: MetricsQuery): Promise<readonly MetricRecord[]>
  append(records: readonly MetricRecord[]): Promise<void>
}

export class MemoryMetricsRepository implements MetricsRepository {
  readonly #records: MetricRecord[] = []

  load(query: MetricsQuery): Promise<readonly MetricRecord[]> {
    return Promise.resolve(select(this.#records, query))
  }
  append(records: readonly MetricRecord[]): Promise<void> {
    this.#records.push(...records)
    return Promise.resolve()
  }
}

/** Columns of a table of metrics; tags are JSON with their keys in order. */
export const metricsSchema: Schema = schema([
  field('table_name', string, false),
  field('rule', string, false),
  field('name', string, false),
  field('metric', float64, false),
  field('level', string, false),
  field('passed', boolean, false),
  field('measured_at', timestamp, false),
  field('run_id', string, false),
  field('tags', string, false),
])

export const metricRow = (record: MetricRecord): readonly Value[] => [
  record.table,
  record.rule,
  record.name,
  record.metric,
  record.level,
  record.passed,
  BigInt(record.timestampMs) * 1000n,
  record.runId,
  JSON.stringify(Object.fromEntries(Object.entries(record.tags).sort(([a], [b]) => (a < b ? -1 : 1)))),
]

export function metricOfRow(row: readonly Value[]): MetricRecord {
  const [table, rule, name, metric, level, passed, measuredAt, runId, tags] = row
  return {
    table: table as string,
    rule: rule as string,
    name: name as string,
    metric: metric as number,
    level: level as string,
    passed: passed as boolean,
    timestampMs: Number((measuredAt as bigint) / 1000n),
    runId: runId as string,
    tags: JSON.parse(tags as string) as Record<string, string>,
  }
}

/** A query's conditions on a table of metrics; tags are matched on the rows that it leaves. */
export function metricsCondition(query: MetricsQuery): Expr | null {
  const { table, rule, name, runId, afterMs, beforeMs } = query
  const at = (ms: number) => lit(BigInt(ms) * 1000n, timestamp)
  const parts = [
    ...(table === undefined ? [] : [col('table_name').eq(lit(table))]),
    ...(rule === undefined ? [] : [col('rule').eq(lit(rule))]),
    ...(name === undefined ? [] : [col('name').eq(lit(name))]),
    ...(runId === undefined ? [] : [col('run_id').eq(lit(runId))]),
    ...(afterMs === undefined ? [] : [col('measured_at').ge(at(afterMs))]),
    ...(beforeMs === undefined ? [] : [col('measured_at').lt(at(beforeMs))]),
  ]
  return parts.length === 0 ? null : parts.reduce((a, b) => a.and(b))
}

/** Where a rows-table repository keeps its rows: a Delta table of `metricsSchema`, say. The caller brings it. */
export interface MetricsTable {
  /** All rows, or at least those that the query wants. */
  read(query: MetricsQuery): Promise<readonly MetricRecord[]>
  append(records: readonly MetricRecord[]): Promise<void>
}

export class TableMetricsRepository implements MetricsRepository {
  readonly #table: MetricsTable

  constructor(table: MetricsTable) {
    this.#table = table
  }
  async load(query: MetricsQuery): Promise<readonly MetricRecord[]> {
    return select(await this.#table.read(query), query)
  }
  async append(records: readonly MetricRecord[]): Promise<void> {
    if (records.length > 0) await this.#table.append(records)
  }
}

const select = (records: readonly MetricRecord[], query: MetricsQuery): readonly MetricRecord[] =>
  records.filter((record) => matchesQuery(record, query)).sort((a, b) => a.timestampMs - b.timestampMs)

export function matchesQuery(
  record: MetricRecord,
  { table, rule, name, runId, tags = {}, afterMs, beforeMs }: MetricsQuery,
): boolean {
  return (
    (table === undefined || record.table === table) &&
    (rule === undefined || record.rule === rule) &&
    (name === undefined || record.name === name) &&
    (runId === undefined || record.runId === runId) &&
    (afterMs === undefined || record.timestampMs >= afterMs) &&
    (beforeMs === undefined || record.timestampMs < beforeMs) &&
    Object.entries(tags).every(([key, value]) => record.tags[key] === value)
  )
}

/** Metrics in a file of JSON lines: for one process at a time. */
export class FileMetricsRepository implements MetricsRepository {
  readonly #file: string

  constructor(file: string) {
    this.#file = file
  }
  async load(query: MetricsQuery): Promise<readonly MetricRecord[]> {
    const { readFile } = await import('node:fs/promises')
    try {
      const lines = (await readFile(this.#file, 'utf8')).split('\n').filter((line) => line !== '')
      return select(
        lines.map((line) => JSON.parse(line) as MetricRecord),
        query,
      )
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
      throw error
    }
  }
  async append(records: readonly MetricRecord[]): Promise<void> {
    if (records.length === 0) return
    const [{ appendFile, mkdir }, { dirname }] = await Promise.all([import('node:fs/promises'), import('node:path')])
    await mkdir(dirname(this.#file), { recursive: true })
    await appendFile(this.#file, records.map((record) => `${JSON.stringify(record)}\n`).join(''))
  }
}
