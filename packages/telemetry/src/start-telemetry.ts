import type { Attributes } from '@opentelemetry/api'
import type { PushMetricExporter } from '@opentelemetry/sdk-metrics'
import type { SpanExporter } from '@opentelemetry/sdk-trace-base'
import type { CloudWatchOptions } from './exporters/cloud-watch.js'
import type { OtlpOptions } from './exporters/otlp.js'
import type { PrometheusOptions } from './exporters/prometheus.js'
import type { StatsdOptions } from './exporters/statsd.js'
import { watchedMetrics, watchedSpans } from './exporters/watched-exporter.js'
import type { LogFacts, LogOptions } from './logging/run-log.js'
import type { TableChanges } from './metrics/run-meter.js'
import type { ResourceSample } from './resources/resource-monitor.js'
import type { SecretMask } from './secrets/secret-mask.js'
import type { RunTracer } from './tracing/run-tracer.js'

/** Where telemetry goes; headers of the collector are fetched already. */
export interface TelemetryOptions {
  readonly service?: string | undefined
  readonly otlp?: OtlpOptions | undefined
  readonly cloudWatch?: CloudWatchOptions | undefined
  readonly statsd?: StatsdOptions | undefined
  readonly prometheus?: PrometheusOptions | undefined
  readonly logs?: LogOptions | undefined
  /** W3C trace context of who started the process. */
  readonly traceparent?: string | undefined
}

/** Telemetry of a process, from when it was started until it is closed. */
export interface Telemetry {
  sample(sample: ResourceSample): void
  freshness(changes: TableChanges, nowMs: number): void
  /** Sends what is left. @returns what could not be sent, in sentences */
  close(): Promise<readonly Error[]>
}

/** How often figures are sent while a run goes on. */
const exportMs = 15_000
/** A service that does not answer is not waited for longer than this. */
const closeMs = 5000

/** Begins to listen. What is not asked for is not loaded. */
export async function startTelemetry(options: TelemetryOptions, facts: LogFacts, mask: SecretMask): Promise<Telemetry> {
  const failures = new Map<string, Error>()
  const onFailure = (error: Error): void => void failures.set(error.message, error)
  const common: Attributes = { lakehouse: mask.mask(facts.lakehouse), environment: mask.mask(facts.environment) }
  const service = mask.mask(options.service ?? 'deltaworks')
  const otlp =
    options.otlp === undefined ? null : await (await import('./exporters/otlp.js')).otlpExporters(options.otlp)
  const tracing =
    otlp === null
      ? null
      : await startTracing(watchedSpans(otlp.spans, mask, onFailure), service, common, options.traceparent)
  const exporters = [...(otlp === null ? [] : [otlp.metrics]), ...(await otherExporters(options, facts, mask))].map(
    (exporter) => watchedMetrics(exporter, onFailure),
  )
  const metering = exporters.length === 0 ? null : await startMetering(exporters, service, common)
  const log =
    options.logs === undefined
      ? null
      : await startLog(options.logs, facts, mask, () => tracing?.tracer.spanIds() ?? null)
  return {
    sample: (sample) => metering?.meter.resources(sample),
    freshness: (changes, nowMs) => metering?.meter.freshness(changes, nowMs),
    async close() {
      tracing?.tracer.close()
      metering?.meter.close()
      await Promise.all([tracing?.close(), metering?.close()].map((closing) => within(closing, closeMs)))
      for (const { message } of failures.values()) log?.warn({}, message)
      log?.close()
      return [...failures.values()]
    },
  }
}

async function otherExporters(
  { cloudWatch, statsd, prometheus }: TelemetryOptions,
  facts: LogFacts,
  mask: SecretMask,
): Promise<readonly PushMetricExporter[]> {
  const exporters: PushMetricExporter[] = []
  if (cloudWatch !== undefined) {
    exporters.push((await import('./exporters/cloud-watch.js')).cloudWatchExporter(cloudWatch, mask))
  }
  if (statsd !== undefined) exporters.push((await import('./exporters/statsd.js')).statsdExporter(statsd, mask))
  if (prometheus !== undefined) {
    const { PrometheusExporter } = await import('./exporters/prometheus.js')
    exporters.push(new PrometheusExporter(prometheus, { ...facts }, mask))
  }
  return exporters
}

async function startLog(options: LogOptions, facts: LogFacts, mask: SecretMask, spanIds: () => object | null) {
  const { RunLog } = await import('./logging/run-log.js')
  return new RunLog(options, facts, mask, spanIds)
}

async function startTracing(exporter: SpanExporter, service: string, common: Attributes, traceparent?: string) {
  const [{ BasicTracerProvider, BatchSpanProcessor }, { resourceFromAttributes }, { RunTracer }] = await Promise.all([
    import('@opentelemetry/sdk-trace-base'),
    import('@opentelemetry/resources'),
    import('./tracing/run-tracer.js'),
  ])
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({ 'service.name': service, ...common }),
    spanProcessors: [new BatchSpanProcessor(exporter, { maxQueueSize: 16_384, maxExportBatchSize: 1024 })],
  })
  const tracer: RunTracer = new RunTracer(provider.getTracer('deltaworks'), traceparent)
  return { tracer, close: () => provider.shutdown() }
}

async function startMetering(exporters: readonly PushMetricExporter[], service: string, common: Attributes) {
  const [{ MeterProvider, PeriodicExportingMetricReader }, { resourceFromAttributes }, { RunMeter }] =
    await Promise.all([
      import('@opentelemetry/sdk-metrics'),
      import('@opentelemetry/resources'),
      import('./metrics/run-meter.js'),
    ])
  const provider = new MeterProvider({
    resource: resourceFromAttributes({ 'service.name': service }),
    readers: exporters.map(
      (exporter) => new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: exportMs }),
    ),
  })
  return { meter: new RunMeter(provider.getMeter('deltaworks'), common), close: () => provider.shutdown() }
}

/** Waits for something, whatever becomes of it, but not for ever. */
async function within(task: Promise<void> | undefined, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const bound = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)))
  await Promise.race([task?.catch(() => undefined), bound])
  clearTimeout(timer)
}
