import { checkPromotion, durationMs, lastChanges, type OperationsConfiguration } from '@deltaworks/lakehouse'
import { secretMask } from '@deltaworks/telemetry'
import {
  defaultResourceLimits,
  resolveSecret,
  ResourceMonitor,
  startTelemetry,
  type SecretReference,
  type Telemetry,
  type TelemetryOptions,
} from '@deltaworks/telemetry/operations'
import { AlertDesk } from './alert-desk.js'
import type { Operations, OperationsOptions } from './operations.js'

const defaultIntervalMs = 2000

/** Begins to watch: secrets first, so that what is missing is told before anything is done, and nothing shows one. */
export async function watchOperations(
  options: OperationsOptions,
  configuration: OperationsConfiguration,
): Promise<Operations> {
  const { loaded, session, root, environment, task } = options
  const { lakehouse } = loaded
  if (configuration.promotion === 'required') await checkPromotion(lakehouse, environment, root)
  await fetchChannelSecrets(configuration)
  const telemetry = await openTelemetry(configuration, { lakehouse: lakehouse.name, environment })
  const monitor = openMonitor(options, configuration, telemetry)
  const desk =
    configuration.alerts === undefined
      ? null
      : new AlertDesk({ lakehouse, session, root, environment, configuration: configuration.alerts, task })
  desk?.listen()
  return {
    async ended(result, error) {
      monitor?.sample()
      if (telemetry !== null && configuration.telemetry !== undefined && hasMetrics(configuration.telemetry)) {
        try {
          telemetry.freshness(await lastChanges(lakehouse.tables, session, root), Date.now())
        } catch (failure) {
          warn(failure)
        }
      }
      for (const failure of (await desk?.ended(result, error, monitor?.pressures ?? [])) ?? []) warn(failure)
    },
    async close() {
      desk?.close()
      monitor?.close()
      for (const failure of (await telemetry?.close()) ?? []) warn(failure)
    },
  }
}

const hasMetrics = ({
  otlp,
  cloudWatch,
  statsd,
  prometheus,
}: NonNullable<OperationsConfiguration['telemetry']>): boolean =>
  [otlp, cloudWatch, statsd, prometheus].some((exporter) => exporter !== undefined)

/** What is watched goes on whatever becomes of the watching. */
const warn = (failure: unknown): void => {
  const { code, message } = failure as { readonly code?: string; readonly message: string }
  process.stderr.write(`${secretMask.mask(`${code ?? 'warning'}: ${message}`)}\n`)
}

async function fetchChannelSecrets({ alerts }: OperationsConfiguration): Promise<void> {
  const references: SecretReference[] = []
  for (const channel of Object.values(alerts?.channels ?? {})) {
    if (channel.kind === 'smtp' && channel.password !== undefined) references.push(channel.password)
    if (channel.kind === 'slack' || channel.kind === 'webhook') references.push(channel.url)
    if (channel.kind === 'webhook') references.push(...Object.values(channel.headers ?? {}))
  }
  await Promise.all(references.map((reference) => resolveSecret(reference, secretMask)))
}

async function openTelemetry(
  { telemetry }: OperationsConfiguration,
  facts: { readonly lakehouse: string; readonly environment: string },
): Promise<Telemetry | null> {
  if (telemetry === undefined) return null
  const { otlp, ...others } = telemetry
  const headers: Record<string, string> = {}
  for (const [name, reference] of Object.entries(otlp?.headers ?? {})) {
    headers[name] = await resolveSecret(reference, secretMask)
  }
  const options: TelemetryOptions = {
    ...others,
    otlp: otlp === undefined ? undefined : { ...otlp, headers },
    traceparent: process.env['TRACEPARENT'],
  }
  return startTelemetry(options, facts, secretMask)
}

function openMonitor(
  { session }: OperationsOptions,
  { resources, telemetry: asked, alerts }: OperationsConfiguration,
  telemetry: Telemetry | null,
): ResourceMonitor | null {
  if (resources === undefined && alerts === undefined && (asked === undefined || !hasMetrics(asked))) return null
  const { interval, ...limits } = resources ?? {}
  const sources = {
    wasmBytes: () => session.context.heap.touchedBytes,
    pool: () => session.pool,
    spill: () => session.spill,
  }
  return new ResourceMonitor(
    sources,
    {
      memory: limits.memory ?? defaultResourceLimits.memory,
      pool: limits.pool ?? defaultResourceLimits.pool,
      disk: limits.disk ?? defaultResourceLimits.disk,
      spill: limits.spill ?? defaultResourceLimits.spill,
      cpu: limits.cpu ?? defaultResourceLimits.cpu,
    },
    durationMs(interval ?? '') ?? defaultIntervalMs,
    (sample) => telemetry?.sample(sample),
  )
}
