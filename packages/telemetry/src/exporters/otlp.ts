import type { PushMetricExporter } from '@opentelemetry/sdk-metrics'
import type { SpanExporter } from '@opentelemetry/sdk-trace-base'

export interface OtlpOptions {
  /** Of the collector: `http://127.0.0.1:4318`; `/v1/traces` and `/v1/metrics` are put behind it. */
  readonly endpoint: string
  readonly protocol?: 'http/protobuf' | 'http/json' | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
}

/** A collector that does not answer must not hold up a run that has ended. */
const timeoutMillis = 4000

export async function otlpExporters({ endpoint, protocol = 'http/protobuf', headers = {} }: OtlpOptions): Promise<{
  readonly spans: SpanExporter
  readonly metrics: PushMetricExporter
}> {
  const at = (signal: string) => ({
    url: `${endpoint.replace(/\/$/, '')}/v1/${signal}`,
    headers: { ...headers },
    timeoutMillis,
  })
  if (protocol === 'http/json') {
    const [{ OTLPTraceExporter }, { OTLPMetricExporter }] = await Promise.all([
      import('@opentelemetry/exporter-trace-otlp-http'),
      import('@opentelemetry/exporter-metrics-otlp-http'),
    ])
    return { spans: new OTLPTraceExporter(at('traces')), metrics: new OTLPMetricExporter(at('metrics')) }
  }
  const [{ OTLPTraceExporter }, { OTLPMetricExporter }] = await Promise.all([
    import('@opentelemetry/exporter-trace-otlp-proto'),
    import('@opentelemetry/exporter-metrics-otlp-proto'),
  ])
  return { spans: new OTLPTraceExporter(at('traces')), metrics: new OTLPMetricExporter(at('metrics')) }
}
