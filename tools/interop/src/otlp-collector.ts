import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from './free-port.js'
import { startProgram, type RunningServer } from './running-server.js'

export interface Attribute {
  readonly key: string
  readonly value: { readonly stringValue?: string; readonly intValue?: string }
}
export interface Span {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly attributes?: readonly Attribute[]
}
export interface Metric {
  readonly name: string
  readonly sum?: {
    readonly dataPoints: readonly {
      readonly attributes?: readonly Attribute[]
      readonly asInt?: string
      readonly asDouble?: number
    }[]
  }
}
interface Of {
  readonly resource: { readonly attributes: readonly Attribute[] }
}
interface TraceLine {
  readonly resourceSpans?: readonly (Of & { readonly scopeSpans: readonly { readonly spans: readonly Span[] }[] })[]
}
interface MetricLine {
  readonly resourceMetrics?: readonly (Of & {
    readonly scopeMetrics: readonly { readonly metrics: readonly Metric[] }[]
  })[]
}

/** What a collector took. */
export interface Taken {
  readonly services: ReadonlySet<string>
  readonly spans: readonly Span[]
  readonly metrics: readonly Metric[]
  /** Whole, to look for what must not be in it. */
  readonly text: string
}

export const attribute = (of: readonly Attribute[] | undefined, key: string): string | undefined =>
  of?.find((found) => found.key === key)?.value.stringValue

/** OpenTelemetry's collector, running: it takes OTLP over HTTP and writes it into files. */
export class OtlpCollector {
  readonly #server: RunningServer
  readonly #folder: string

  private constructor(server: RunningServer, folder: string) {
    this.#server = server
    this.#folder = folder
  }

  get endpoint(): string {
    return this.#server.endpoint
  }

  /** @param folder a new one for its files @throws Error if it does not start */
  static async start(program: string, folder: string): Promise<OtlpCollector> {
    mkdirSync(folder)
    const [port, own] = [await freePort(), await freePort()]
    const pipeline = (signal: string) => ({ receivers: ['otlp'], exporters: [`file/${signal}`] })
    const exporter = (signal: string) => ({ path: join(folder, `${signal}.jsonl`) })
    const settings = {
      receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${port}` } } } },
      exporters: { 'file/traces': exporter('traces'), 'file/metrics': exporter('metrics') },
      service: {
        telemetry: {
          metrics: { readers: [{ pull: { exporter: { prometheus: { host: '127.0.0.1', port: own } } } }] },
        },
        pipelines: { traces: pipeline('traces'), metrics: pipeline('metrics') },
      },
    }
    // JSON is YAML.
    const configuration = join(folder, 'collector.yaml')
    writeFileSync(configuration, JSON.stringify(settings))
    const server = await startProgram(program, ['--config', configuration], port)
    if (typeof server === 'string') throw new Error(server)
    return new OtlpCollector(server, folder)
  }

  /** Stops it, so that all that it took is in its files. */
  async stop(): Promise<Taken> {
    await this.#server.stop()
    const traces = this.#lines<TraceLine>('traces').flatMap(({ resourceSpans = [] }) => resourceSpans)
    const metrics = this.#lines<MetricLine>('metrics').flatMap(({ resourceMetrics = [] }) => resourceMetrics)
    const services = [...traces, ...metrics].map(({ resource }) => attribute(resource.attributes, 'service.name'))
    return {
      services: new Set(services.map((service) => service ?? 'nameless')),
      spans: traces.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)),
      metrics: metrics.flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics)),
      text: JSON.stringify([traces, metrics]),
    }
  }

  #lines<Line>(signal: string): readonly Line[] {
    const file = join(this.#folder, `${signal}.jsonl`)
    if (!existsSync(file)) return []
    const lines = readFileSync(file, 'utf8').split('\n')
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Line)
  }
}
