import { rename, writeFile } from 'node:fs/promises'
import { PrometheusSerializer } from '@opentelemetry/exporter-prometheus'
import { AggregationTemporality, type PushMetricExporter, type ResourceMetrics } from '@opentelemetry/sdk-metrics'
import { notExported, reasonOf } from '../errors.js'
import type { SecretMask } from '../secrets/secret-mask.js'

export interface PrometheusOptions {
  /** For the textfile collector of node_exporter. */
  readonly file?: string | undefined
  /** URL of a Pushgateway. */
  readonly pushgateway?: string | undefined
}

const timeoutMs = 5000

/** Runs end before they are scraped: their last figures are left in a file, or with a gateway. */
export class PrometheusExporter implements PushMetricExporter {
  readonly #options: PrometheusOptions
  readonly #grouping: Readonly<Record<string, string>>
  readonly #mask: SecretMask
  readonly #serializer = new PrometheusSerializer()

  /** @param grouping labels of the gateway's group, whose figures are replaced */
  constructor(options: PrometheusOptions, grouping: Readonly<Record<string, string>>, mask: SecretMask) {
    this.#options = options
    this.#grouping = grouping
    this.#mask = mask
  }

  export(metrics: ResourceMetrics, callback: Parameters<PushMetricExporter['export']>[1]): void {
    this.#write(this.#mask.mask(this.#serializer.serialize(metrics))).then(
      () => callback({ code: 0 }),
      (error: unknown) => callback({ code: 1, error: notExported('Prometheus', reasonOf(error)) }),
    )
  }

  async #write(text: string): Promise<void> {
    const { file, pushgateway } = this.#options
    if (file !== undefined) {
      await writeFile(`${file}.${process.pid}`, text)
      await rename(`${file}.${process.pid}`, file)
    }
    if (pushgateway === undefined) return
    const group = Object.entries(this.#grouping).map(([label, value]) => `/${label}/${encodeURIComponent(value)}`)
    const response = await fetch(`${pushgateway}/metrics/job/deltaworks${group.join('')}`, {
      method: 'PUT',
      body: text,
      headers: { 'content-type': 'text/plain; version=0.0.4' },
      signal: AbortSignal.timeout(timeoutMs),
    })
    if (!response.ok) throw Object.assign(new Error('refused'), { code: `status ${response.status}` })
  }

  selectAggregationTemporality(): AggregationTemporality {
    return AggregationTemporality.CUMULATIVE
  }

  forceFlush(): Promise<void> {
    return Promise.resolve()
  }

  shutdown(): Promise<void> {
    return Promise.resolve()
  }
}
