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

export interface MetricsQuery {
  readonly table: string
  readonly rule?: string
  /** Only records before this one. */
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

const select = (records: readonly MetricRecord[], { table, rule, beforeMs }: MetricsQuery): readonly MetricRecord[] =>
  records
    .filter(
      (r) =>
        r.table === table &&
        (rule === undefined || r.rule === rule) &&
        (beforeMs === undefined || r.timestampMs < beforeMs),
    )
    .sort((a, b) => a.timestampMs - b.timestampMs)
