import { createSocket } from 'node:dgram'
import type { SecretMask } from '../secrets/secret-mask.js'
import type { MetricPoint } from './metric-points.js'
import { PointExporter } from './point-exporter.js'

export interface StatsdOptions {
  readonly host: string
  readonly port?: number | undefined
  /** Put before every name. */
  readonly prefix?: string | undefined
  /** DogStatsD's tags; without them (plain StatsD) attributes become parts of the name. Default true. */
  readonly tags?: boolean | undefined
}

/** What fits into a packet of Ethernet, as DataDog's agent advises. */
const packetBytes = 1432

export function statsdExporter(options: StatsdOptions, mask: SecretMask): PointExporter {
  const socket = createSocket('udp4')
  socket.unref()
  socket.on('error', () => undefined)
  const send = (packet: string): Promise<void> =>
    new Promise((resolve, reject) => {
      socket.send(packet, options.port ?? 8125, options.host, (error) => (error === null ? resolve() : reject(error)))
    })
  return new PointExporter(
    'StatsD',
    async (points) => {
      const lines = points.flatMap((point) => statsdLines(point, options)).map((line) => mask.mask(line))
      for (const packet of packets(lines)) await send(packet)
    },
    () => new Promise((resolve) => socket.close(() => resolve())),
  )
}

/** `deltaworks.rows.out:12|c|#table:orders,layer:raw`; a histogram is its count, sum and maximum. */
export function statsdLines(
  point: MetricPoint,
  { prefix = '', tags = true }: Pick<StatsdOptions, 'prefix' | 'tags'>,
): readonly string[] {
  const { kind, value } = point
  const clean = (text: unknown): string => String(text).replaceAll(/[:|#,@\s]/g, '_')
  const attributes = Object.entries(point.attributes)
  const name = tags
    ? `${prefix}${point.name}`
    : [`${prefix}${point.name}`, ...attributes.map(([, text]) => clean(text).replaceAll('.', '_'))].join('.')
  const suffix =
    tags && attributes.length > 0
      ? `|#${attributes.map(([key, text]) => `${clean(key)}:${clean(text)}`).join(',')}`
      : ''
  if (typeof value === 'number') return [`${name}:${value}|${kind === 'counter' ? 'c' : 'g'}${suffix}`]
  return [
    `${name}.count:${value.count}|c${suffix}`,
    `${name}.sum:${value.sum}|c${suffix}`,
    `${name}.max:${value.max}|g${suffix}`,
  ]
}

/** Lines put together to packets. */
function packets(lines: readonly string[]): readonly string[] {
  const made: string[] = []
  for (const line of lines) {
    const last = made.at(-1)
    if (last !== undefined && Buffer.byteLength(last) + Buffer.byteLength(line) < packetBytes)
      made[made.length - 1] = `${last}\n${line}`
    else made.push(line)
  }
  return made
}
