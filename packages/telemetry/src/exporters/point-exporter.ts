import { AggregationTemporality, type PushMetricExporter, type ResourceMetrics } from '@opentelemetry/sdk-metrics'
import { notExported, reasonOf } from '../errors.js'
import { metricPoints, type MetricPoint } from './metric-points.js'

type Callback = Parameters<PushMetricExporter['export']>[1]

/** An exporter that is a function of points; counters are what has been added since the last time. */
export class PointExporter implements PushMetricExporter {
  readonly #name: string
  readonly #send: (points: readonly MetricPoint[]) => Promise<void>
  readonly #close: () => Promise<void> | void

  constructor(
    name: string,
    send: (points: readonly MetricPoint[]) => Promise<void>,
    close: () => Promise<void> | void = () => undefined,
  ) {
    this.#name = name
    this.#send = send
    this.#close = close
  }

  export(metrics: ResourceMetrics, callback: Callback): void {
    const points = metricPoints(metrics)
    const sent = points.length === 0 ? Promise.resolve() : this.#send(points)
    sent.then(
      () => callback({ code: 0 }),
      (error: unknown) => callback({ code: 1, error: notExported(this.#name, reasonOf(error)) }),
    )
  }

  selectAggregationTemporality(): AggregationTemporality {
    return AggregationTemporality.DELTA
  }

  forceFlush(): Promise<void> {
    return Promise.resolve()
  }

  async shutdown(): Promise<void> {
    await this.#close()
  }
}
