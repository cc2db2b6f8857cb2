import { DeltaTable } from '@deltaworks/delta-table'
import { expr } from '@deltaworks/expression'
import type { Session } from '@deltaworks/engine'
import { scan, values } from '@deltaworks/plan'
import type { MetricRecord, MetricsQuery, MetricsTable } from '@deltaworks/quality'
import { appendShared } from './delta-append.js'

/** Where the metrics of a lake are kept, under its root. */
export const metricsPath = 'quality/metrics'

/** Metrics as a Delta table: `new TableMetricsRepository(new DeltaMetrics(session, uri))`. Made with the first append. */
export class DeltaMetrics implements MetricsTable {
  readonly #session: Session
  readonly #uri: string

  constructor(session: Session, uri: string) {
    this.#session = session
    this.#uri = uri
  }

  /** Conditions reach the scan: files without such rows are not read. */
  async read(query: MetricsQuery): Promise<readonly MetricRecord[]> {
    const table = await DeltaTable.openIfExists(this.#session, this.#uri)
    if (table === null) return []
    const { metricOfRow, metricsCondition, metricsSchema } = await import('@deltaworks/quality/validation')
    const condition = metricsCondition(query)
    const rows = scan(table.provider())
    const wanted = condition === null ? rows : rows.filter(expr(condition.node))
    const found = await this.#session.collect(wanted.select(...metricsSchema.fields.map(({ name }) => name)).plan)
    return found.rows.map(metricOfRow)
  }

  async append(records: readonly MetricRecord[]): Promise<void> {
    const { metricRow, metricsSchema } = await import('@deltaworks/quality/validation')
    const rows = values(metricsSchema, records.map(metricRow))
    await appendShared(this.#session, this.#uri, rows)
  }
}
