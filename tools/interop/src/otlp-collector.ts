import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from './free-port.js'
import { lastLine, run } from './python.js'

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
  readonly endpoint: string
  readonly #process: ChildProcess
  readonly #folder: string
  #said = ''

  private constructor(program: string, folder: string, port: number) {
    this.endpoint = `http://127.0.0.1:${port}`
    this.#folder = folder
    this.#process = spawn(program, ['--config', configuration(folder)], { stdio: ['ignore', 'ignore', 'pipe'] })
    this.#process.stderr?.on('data', (part) => (this.#said += String(part)))
  }

  /** Builds it, once, into `tools`. @returns why it cannot be had, or the program */
  static async program(tools: string): Promise<{ readonly path: string } | { readonly missing: string }> {
    const path = join(tools, 'bin', 'otlp-collector')
    if (existsSync(path)) return { path }
    const source = join(dirname(fileURLToPath(import.meta.url)), '..', 'go', 'collector')
    const built = await run('go', ['build', '-C', source, '-o', path, '.'])
    return built.code === 0 ? { path } : { missing: `it could not be built: ${lastLine(built.stderr)}` }
  }

  /** @param folder a new one for its files */
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
    writeFileSync(configuration(folder), JSON.stringify(settings))
    const collector = new OtlpCollector(program, folder, port)
    await collector.#answers()
    return collector
  }

  async #answers(): Promise<void> {
    for (let tries = 0; tries < 300; tries++) {
      if (this.#process.exitCode !== null) break
      const answered = await fetch(`${this.endpoint}/v1/traces`).then(
        () => true,
        () => false,
      )
      if (answered) return
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    await this.stop()
    throw new Error(`the collector does not answer: ${lastLine(this.#said)}`)
  }

  /** Stops it, so that all that it took is in its files. */
  async stop(): Promise<Taken> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      const closed = new Promise((resolve) => this.#process.once('close', resolve))
      this.#process.kill('SIGTERM')
      await closed
    }
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

const configuration = (folder: string): string => join(folder, 'collector.yaml')
