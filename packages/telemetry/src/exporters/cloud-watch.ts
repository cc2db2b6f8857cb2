import { appendFile } from 'node:fs/promises'
import type { MetricDatum, StandardUnit } from '@aws-sdk/client-cloudwatch'
import type { Attributes } from '@opentelemetry/api'
import { clientOptions, loadAwsClient } from '../aws-client.js'
import type { SecretMask } from '../secrets/secret-mask.js'
import type { MetricPoint } from './metric-points.js'
import { PointExporter } from './point-exporter.js'

export interface CloudWatchOptions {
  readonly namespace: string
  /** `emf`: lines of a log from which CloudWatch makes metrics; `api`: PutMetricData. */
  readonly by: 'emf' | 'api'
  /** Where the lines go; default: standard error. */
  readonly file?: string | undefined
  readonly region?: string | undefined
  readonly endpoint?: string | undefined
}

/** Limits of CloudWatch: metrics of a line, data of a request, dimensions of a metric. */
const metricsPerLine = 100
const dataPerRequest = 500

export const cloudWatchExporter = (options: CloudWatchOptions, mask: SecretMask): PointExporter =>
  options.by === 'emf' ? emfExporter(options, mask) : apiExporter(options, mask)

function emfExporter({ namespace, file }: CloudWatchOptions, mask: SecretMask): PointExporter {
  const write = async (text: string): Promise<void> => {
    if (file === undefined) process.stderr.write(text)
    else await appendFile(file, text)
  }
  return new PointExporter('CloudWatch (EMF)', async (points) => {
    const lines = emfLines(namespace, points)
    await write(mask.mask(lines.map((line) => `${JSON.stringify(line)}\n`).join('')))
  })
}

/**
 * Embedded metric format: a line for each set of dimensions. Source: CloudWatch user guide, "Specification: Embedded metric
 * format".
 */
export function emfLines(namespace: string, points: readonly MetricPoint[]): readonly object[] {
  const bySet = new Map<string, MetricPoint[]>()
  for (const point of points) {
    const key = JSON.stringify(dimensionsOf(point.attributes))
    const group = bySet.get(key)
    if (group === undefined) bySet.set(key, [point])
    else group.push(point)
  }
  return [...bySet.values()].flatMap((group) =>
    Array.from({ length: Math.ceil(group.length / metricsPerLine) }, (_, i) =>
      emfLine(namespace, group.slice(i * metricsPerLine, (i + 1) * metricsPerLine)),
    ),
  )
}

function emfLine(namespace: string, points: readonly MetricPoint[]): object {
  const dimensions = dimensionsOf(points[0]!.attributes)
  return {
    _aws: {
      Timestamp: points[0]!.timeMs,
      CloudWatchMetrics: [
        {
          Namespace: namespace,
          Dimensions: [dimensions.map(([name]) => name)],
          Metrics: points.map(({ name, unit }) => ({ Name: name, Unit: unitOf(unit) })),
        },
      ],
    },
    ...Object.fromEntries(dimensions),
    ...Object.fromEntries(
      points.map(({ name, value }) => [
        name,
        typeof value === 'number' ? value : { Count: value.count, Sum: value.sum, Min: value.min, Max: value.max },
      ]),
    ),
  }
}

function apiExporter(options: CloudWatchOptions, mask: SecretMask): PointExporter {
  const { CloudWatchClient, PutMetricDataCommand } = loadAwsClient('@aws-sdk/client-cloudwatch')
  const client = new CloudWatchClient(clientOptions(options))
  return new PointExporter(
    'CloudWatch',
    async (points) => {
      const data = points.map(datumOf).map((datum) => mask.maskData(datum))
      for (let i = 0; i < data.length; i += dataPerRequest) {
        const MetricData = data.slice(i, i + dataPerRequest)
        await client.send(new PutMetricDataCommand({ Namespace: mask.mask(options.namespace), MetricData }))
      }
    },
    () => client.destroy(),
  )
}

const datumOf = ({ name, unit, attributes, value, timeMs }: MetricPoint): MetricDatum => ({
  MetricName: name,
  Unit: unitOf(unit),
  Timestamp: new Date(timeMs),
  Dimensions: dimensionsOf(attributes).map(([Name, Value]) => ({ Name, Value })),
  ...(typeof value === 'number'
    ? { Value: value }
    : { StatisticValues: { SampleCount: value.count, Sum: value.sum, Minimum: value.min, Maximum: value.max } }),
})

/** CloudWatch takes no empty dimension. */
const dimensionsOf = (attributes: Attributes): readonly (readonly [string, string])[] =>
  Object.entries(attributes)
    .map(([name, value]) => [name, String(value)] as const)
    .filter(([, value]) => value !== '')
    .sort(([a], [b]) => (a < b ? -1 : 1))

const unitOf = (unit: string): StandardUnit => (unit === 's' ? 'Seconds' : unit === 'By' ? 'Bytes' : 'Count')
