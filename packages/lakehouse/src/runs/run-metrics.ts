import type { MetricRecord, MetricsQuery, MetricsRepository } from '@deltaworks/quality'
import { DeltaMetrics, metricsPath } from '../delta-metrics.js'
import type { Lake } from '../lake.js'

/**
 * The metrics of a run's rules: earlier ones are looked up in the lake when a rule looks back, this run's are kept until it ends
 * and written in one commit.
 */
export class RunMetrics implements MetricsRepository {
  readonly #lake: Lake
  #stored: Promise<MetricsRepository> | null = null
  /** By table and rule: a table that is judged again counts once. */
  readonly #records = new Map<string, MetricRecord>()

  constructor(lake: Lake) {
    this.#lake = lake
  }

  #repository(): Promise<MetricsRepository> {
    this.#stored ??= import('@deltaworks/quality/validation').then(
      ({ TableMetricsRepository }) =>
        new TableMetricsRepository(new DeltaMetrics(this.#lake.session, this.#lake.uri(metricsPath))),
    )
    return this.#stored
  }

  async load(query: MetricsQuery): Promise<readonly MetricRecord[]> {
    return (await this.#repository()).load(query)
  }

  append(records: readonly MetricRecord[]): Promise<void> {
    for (const record of records) this.#records.set(`${record.table}\n${record.rule}`, record)
    return Promise.resolve()
  }

  /** Whether there is something to be written. */
  get any(): boolean {
    return this.#records.size > 0
  }

  /** Writes what was kept. */
  async flush(): Promise<void> {
    if (this.#records.size === 0) return
    await (await this.#repository()).append([...this.#records.values()])
    this.#records.clear()
  }
}
