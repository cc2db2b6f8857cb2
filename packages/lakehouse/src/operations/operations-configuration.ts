import * as z from 'zod/mini'
import { isTimezone } from '../alerts/quiet-hours.js'

/**
 * What an environment says of how its runs are watched: the member `operations` of its configuration, beside what the
 * lakehouse's own schema describes. It does not change what tables hold, so no table is built again because of it.
 */
export const operationsKey = 'operations'

const minimum = (least: number) => z.minimum(least)
const text = () => z.string().check(z.minLength(1, 'text is wanted, it is empty'))
const duration = () =>
  z.string().check(z.regex(/^\d+(\.\d+)?(ms|s|m|h|d)$/, 'a duration such as "90s", "10m", "24h" or "2d" is wanted'))
const clockTime = () => z.string().check(z.regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'a time such as "22:00" is wanted'))
const share = () => z.number().check(minimum(0), z.maximum(1))
const port = () => z.int().check(minimum(1), z.maximum(65_535))
const url = () =>
  z.string().check(z.regex(/^https?:\/\/[^\s@]+$/, 'a URL such as "https://host:4318" is wanted, without a password'))

/** A secret is given by where it is, never by itself. */
const secret = () =>
  z
    .strictObject({
      /** An environment variable. */
      variable: z.optional(text()),
      /** A file, as containers mount them; without the line's end. */
      file: z.optional(text()),
      /** AWS Secrets Manager: name or ARN, and the member of a secret that is a JSON object. */
      secretsManager: z.optional(text()),
      key: z.optional(text()),
      /** AWS Systems Manager's parameter store: its name. */
      parameter: z.optional(text()),
      region: z.optional(text()),
      endpoint: z.optional(url()),
    })
    .check(
      z.refine(
        ({ variable, file, secretsManager, parameter }) =>
          [variable, file, secretsManager, parameter].filter((place) => place !== undefined).length === 1,
        'one of "variable", "file", "secretsManager" and "parameter" is wanted',
      ),
    )

const telemetry = () =>
  z.strictObject({
    /** Name of the service; default `deltaworks`. */
    service: z.optional(text()),
    otlp: z.optional(
      z.strictObject({
        endpoint: url(),
        protocol: z.optional(z.enum(['http/protobuf', 'http/json'])),
        headers: z.optional(z.record(z.string(), secret())),
      }),
    ),
    cloudWatch: z.optional(
      z.strictObject({
        namespace: text(),
        /** `emf`: lines of the log that CloudWatch makes metrics of; `api`: PutMetricData. */
        by: z.enum(['emf', 'api']),
        /** Where EMF lines go; default: standard error, which containers send to CloudWatch Logs. */
        file: z.optional(text()),
        region: z.optional(text()),
        endpoint: z.optional(url()),
      }),
    ),
    statsd: z.optional(
      z.strictObject({
        host: text(),
        port: z.optional(port()),
        prefix: z.optional(text()),
        tags: z.optional(z.boolean()),
      }),
    ),
    prometheus: z.optional(
      z
        .strictObject({
          /** For the textfile collector of node_exporter. */
          file: z.optional(text()),
          /** Of a Pushgateway. */
          pushgateway: z.optional(url()),
        })
        .check(
          z.refine(
            ({ file, pushgateway }) => file !== undefined || pushgateway !== undefined,
            '"file" or "pushgateway" is wanted',
          ),
        ),
    ),
    logs: z.optional(
      z.strictObject({
        level: z.optional(z.enum(['debug', 'info', 'warn', 'error'])),
        /** Default: standard error. */
        file: z.optional(text()),
      }),
    ),
  })

const resources = () =>
  z.strictObject({
    interval: z.optional(duration()),
    /** Shares of the limit from which on it is told. */
    memory: z.optional(share()),
    pool: z.optional(share()),
    disk: z.optional(share()),
    /** Of the temporary disk that a run may use (`--temporary-disk`), or that there is. */
    spill: z.optional(share()),
    cpu: z.optional(share()),
  })

/** Of any channel. */
const routing = () => ({
  /** Default: all. */
  severities: z.optional(z.array(z.enum(['critical', 'warning'])).check(z.minLength(1, 'at least one is wanted'))),
})

const channel = () =>
  z.discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('smtp'),
      host: text(),
      port: z.optional(port()),
      /** Default: encrypted, also on port 25 and 587; `none` is for relays on this machine. */
      encryption: z.optional(z.enum(['required', 'none'])),
      user: z.optional(text()),
      password: z.optional(secret()),
      from: text(),
      to: z.array(text()).check(z.minLength(1, 'at least one address is wanted')),
      ...routing(),
    }),
    z.strictObject({
      kind: z.literal('ses'),
      from: text(),
      to: z.array(text()).check(z.minLength(1, 'at least one address is wanted')),
      region: z.optional(text()),
      endpoint: z.optional(url()),
      ...routing(),
    }),
    z.strictObject({ kind: z.literal('slack'), url: secret(), ...routing() }),
    z.strictObject({
      kind: z.literal('sns'),
      topic: z.string().check(z.regex(/^arn:[\w-]+:sns:/, 'the ARN of a topic is wanted')),
      region: z.optional(text()),
      endpoint: z.optional(url()),
      ...routing(),
    }),
    z.strictObject({
      kind: z.literal('webhook'),
      url: secret(),
      headers: z.optional(z.record(z.string(), secret())),
      ...routing(),
    }),
  ])

const alerts = () =>
  z.strictObject({
    channels: z.record(z.string(), channel()),
    /** What is not among `except` waits for their end. */
    quietHours: z.optional(
      z.strictObject({
        from: clockTime(),
        to: clockTime(),
        timezone: z.string().check(z.refine(isTimezone, 'a time zone such as "Europe/London" is wanted')),
        except: z.optional(z.array(z.enum(['critical', 'warning']))),
      }),
    ),
    /** What lasts is told again after this time; default 24h. */
    remindAfter: z.optional(duration()),
    /** Where it is written what to do; `{rule}` is the rule's id. For rules that name no page of their own. */
    runbooks: z.optional(url()),
    /** Where run reports are found; `{run}` is the run's id. */
    reports: z.optional(url()),
  })

/** Made when an environment has the member: a run that is not watched pays nothing for it. */
export const operationsSchema = () =>
  z.strictObject({
    /** `required`: only what was promoted runs here. */
    promotion: z.optional(z.enum(['required', 'free'])),
    telemetry: z.optional(telemetry()),
    resources: z.optional(resources()),
    alerts: z.optional(alerts()),
  })

export type OperationsConfiguration = z.infer<ReturnType<typeof operationsSchema>>
export type AlertsConfiguration = NonNullable<OperationsConfiguration['alerts']>

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** `90s` → 90,000; null if it is no duration. */
export function durationMs(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text)
  return match === null ? null : Number(match[1]) * unitMs[match[2]!]!
}
