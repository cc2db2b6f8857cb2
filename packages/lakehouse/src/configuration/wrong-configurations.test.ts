import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as z from 'zod/mini'
import { errorOf } from '../testing/test-lake.js'
import { loadEnvironment } from './load-configuration.js'

const definition = z.strictObject({
  segments: z.strictObject({
    high: z.string().check(z.regex(/^\d+$/, 'an amount such as "5000" is wanted')),
    medium: z.string(),
  }),
  quality: z.strictObject({ emails: z.number().check(z.minimum(0), z.maximum(1)), critical: z.boolean() }),
  families: z.record(z.string(), z.strictObject({ name: z.string() })),
  mode: z.enum(['fast', 'exact']),
  days: z.array(z.int()),
  top: z.int().check(z.positive()),
})

/** Stands on line n of the file, one member a line. */
const right = {
  segments: { high: '10000', medium: '5000' },
  quality: { emails: 0.9, critical: true },
  families: { S10: { name: 'Cars' } },
  mode: 'fast',
  days: [1, 2],
  top: 10,
}
const secret = 'pa55word-of-nobody'
const slack = (change: object = {}) => ({ kind: 'slack', url: { variable: 'SLACK_URL' }, ...change })
const channel = (value: unknown) => ({ operations: { alerts: { channels: { team: value } } } })
const telemetry = (value: object) => ({ operations: { telemetry: value } })

/** What is changed, and what the one sentence says: the key, what is wanted, the nearest right key. The line is looked up. */
const wrong: readonly (readonly [string, object, string, RegExp])[] = [
  ['a misspelt key', { tpo: 1 }, 'tpo', /unknown key "tpo" \(did you mean "top"\?\)/],
  ['another misspelt key', { segmnets: {} }, 'segmnets', /unknown key "segmnets" \(did you mean "segments"\?\)/],
  [
    'a misspelt key within',
    { segments: { high: '1', medium: '2', hihg: '3' } },
    'segments.hihg',
    /"segments\.hihg" \(did you mean "high"\?\)/,
  ],
  [
    'a misspelt key of an entry',
    { families: { S10: { nmae: 'x', name: 'y' } } },
    'families.S10.nmae',
    /"families\.S10\.nmae" \(did you mean "name"\?\)/,
  ],
  ['a key in capitals', { TOP: 1 }, 'TOP', /unknown key "TOP" \(did you mean "top"\?\)/],
  ['a key of nothing', { zebra: 1 }, 'zebra', /unknown key "zebra" \(line/],
  [
    'text for a number',
    { top: '10' },
    'top',
    /"top": a whole number is wanted, text is there|"top": a number is wanted, text is there/,
  ],
  [
    'a number for text',
    { segments: { high: 5, medium: '1' } },
    'segments.high',
    /"segments\.high": text is wanted, a number is there/,
  ],
  ['a fraction', { top: 1.5 }, 'top', /"top": a whole number is wanted/],
  ['null', { top: null }, 'top', /"top": .* is wanted, null is there/],
  ['a list for an object', { segments: [] }, 'segments', /"segments": an object is wanted, a list is there/],
  ['an object for a list', { days: {} }, 'days', /"days": a list is wanted, an object is there/],
  ['text in a list of numbers', { days: [1, 'x'] }, 'days.1', /"days\.1": .* is wanted, text is there/],
  [
    'text for true',
    { quality: { emails: 0.9, critical: 'yes' } },
    'quality.critical',
    /"quality\.critical": true or false is wanted, text is there/,
  ],
  [
    'a share above one',
    { quality: { emails: 95, critical: true } },
    'quality.emails',
    /"quality\.emails": at most 1 is wanted/,
  ],
  [
    'a share below nothing',
    { quality: { emails: -1, critical: true } },
    'quality.emails',
    /"quality\.emails": at least 0 is wanted/,
  ],
  ['nothing where more is wanted', { top: 0 }, 'top', /"top": at least|"top": .*0 is wanted/],
  [
    'a word that is nearly one',
    { mode: 'exakt' },
    'mode',
    /"mode": one of "fast", "exact" is wanted \(did you mean "exact"\?\)/,
  ],
  ['a word that is none', { mode: secret }, 'mode', /"mode": one of "fast", "exact" is wanted/],
  [
    'an amount in words',
    { segments: { high: 'a lot', medium: '1' } },
    'segments.high',
    /an amount such as "5000" is wanted/,
  ],
  [
    'a member that is missing',
    { segments: { high: '1' } },
    'segments',
    /"segments\.medium": it is missing; text is wanted/,
  ],
  [
    'an entry that is no object',
    { families: { S10: 'Cars' } },
    'families.S10',
    /"families\.S10": an object is wanted, text is there/,
  ],
  [
    'operations: a misspelt member',
    { operations: { alarts: {} } },
    'operations.alarts',
    /"operations\.alarts" \(did you mean "alerts"\?\)/,
  ],
  [
    'operations: not an object',
    { operations: true },
    'operations',
    /"operations": an object is wanted, true or false is there/,
  ],
  [
    'channels: missing',
    { operations: { alerts: {} } },
    'operations.alerts',
    /"operations\.alerts\.channels": it is missing/,
  ],
  [
    'channel: no kind',
    channel({ url: { variable: 'X' } }),
    'operations.alerts.channels.team',
    /team\.kind": it is missing; one of "smtp", "ses", "slack", "sns", "webhook" is wanted/,
  ],
  [
    'channel: a kind that is nearly one',
    channel({ kind: 'slak' }),
    'operations.alerts.channels.team.kind',
    /team\.kind": one of .* is wanted \(did you mean "slack"\?\)/,
  ],
  [
    'channel: a misspelt key of its kind',
    channel(slack({ severites: [] })),
    'operations.alerts.channels.team.severites',
    /team\.severites" \(did you mean "severities"\?\)/,
  ],
  [
    'channel: a key of another kind',
    channel(slack({ host: 'x' })),
    'operations.alerts.channels.team.host',
    /unknown key "operations\.alerts\.channels\.team\.host"/,
  ],
  [
    'channel: a secret by itself',
    channel({ kind: 'slack', url: `https://hooks.example/${secret}` }),
    'operations.alerts.channels.team.url',
    /team\.url": an object is wanted, text is there/,
  ],
  [
    'channel: a secret of no place',
    channel({ kind: 'slack', url: {} }),
    'operations.alerts.channels.team.url',
    /team\.url": one of "variable", "file", "secretsManager" and "parameter" is wanted/,
  ],
  [
    'channel: a secret of two places',
    channel({ kind: 'slack', url: { variable: 'A', file: '/b' } }),
    'operations.alerts.channels.team.url',
    /team\.url": one of "variable"/,
  ],
  [
    'channel: a secret of a misspelt place',
    channel({ kind: 'slack', url: { varaible: 'A' } }),
    'operations.alerts.channels.team.url.varaible',
    /team\.url\.varaible" \(did you mean "variable"\?\)/,
  ],
  [
    'channel: a severity that is none',
    channel(slack({ severities: ['fatal'] })),
    'operations.alerts.channels.team.severities.0',
    /severities\.0": one of "critical", "warning" is wanted/,
  ],
  [
    'channel: no severity',
    channel(slack({ severities: [] })),
    'operations.alerts.channels.team.severities',
    /severities": at least one is wanted/,
  ],
  [
    'mail: nobody',
    channel({ kind: 'smtp', host: 'h', from: 'a@b', to: [] }),
    'operations.alerts.channels.team.to',
    /team\.to": at least one address is wanted/,
  ],
  [
    'mail: a port that is none',
    channel({ kind: 'smtp', host: 'h', from: 'a@b', to: ['c'], port: 70000 }),
    'operations.alerts.channels.team.port',
    /team\.port": at most 65535 is wanted/,
  ],
  [
    'mail: an encryption that is none',
    channel({ kind: 'smtp', host: 'h', from: 'a@b', to: ['c'], encryption: 'requried' }),
    'operations.alerts.channels.team.encryption',
    /\(did you mean "required"\?\)/,
  ],
  [
    'sns: no ARN',
    channel({ kind: 'sns', topic: 'alerts' }),
    'operations.alerts.channels.team.topic',
    /team\.topic": the ARN of a topic is wanted/,
  ],
  [
    'quiet hours: no time',
    { operations: { alerts: { channels: {}, quietHours: { from: '25:00', to: '07:00', timezone: 'UTC' } } } },
    'operations.alerts.quietHours.from',
    /quietHours\.from": a time such as "22:00" is wanted/,
  ],
  [
    'quiet hours: no zone',
    { operations: { alerts: { channels: {}, quietHours: { from: '22:00', to: '07:00', timezone: 'Europe/Lodnon' } } } },
    'operations.alerts.quietHours.timezone',
    /a time zone such as "Europe\/London" is wanted/,
  ],
  [
    'a duration without a unit',
    { operations: { alerts: { channels: {}, remindAfter: '24' } } },
    'operations.alerts.remindAfter',
    /a duration such as "90s", "10m", "24h" or "2d" is wanted/,
  ],
  [
    'telemetry: a misspelt exporter',
    telemetry({ oltp: {} }),
    'operations.telemetry.oltp',
    /telemetry\.oltp" \(did you mean "otlp"\?\)/,
  ],
  [
    'otlp: no endpoint',
    telemetry({ otlp: {} }),
    'operations.telemetry.otlp',
    /otlp\.endpoint": it is missing; text is wanted/,
  ],
  [
    'otlp: a password in the URL',
    telemetry({ otlp: { endpoint: `https://me:${secret}@host` } }),
    'operations.telemetry.otlp.endpoint',
    /endpoint": a URL such as .* is wanted, without a password/,
  ],
  [
    'otlp: a protocol that is none',
    telemetry({ otlp: { endpoint: 'http://h:1', protocol: 'grpc' } }),
    'operations.telemetry.otlp.protocol',
    /protocol": one of "http\/protobuf", "http\/json" is wanted/,
  ],
  [
    'otlp: a header by itself',
    telemetry({ otlp: { endpoint: 'http://h:1', headers: { 'api-key': secret } } }),
    'operations.telemetry.otlp.headers.api-key',
    /headers\.api-key": an object is wanted, text is there/,
  ],
  [
    'CloudWatch: no way',
    telemetry({ cloudWatch: { namespace: 'x' } }),
    'operations.telemetry.cloudWatch',
    /cloudWatch\.by": .*one of "emf", "api" is wanted/,
  ],
  [
    'Prometheus: nowhere',
    telemetry({ prometheus: {} }),
    'operations.telemetry.prometheus',
    /"file" or "pushgateway" is wanted/,
  ],
  [
    'logs: a level that is nearly one',
    telemetry({ logs: { level: 'wran' } }),
    'operations.telemetry.logs.level',
    /level": one of .* is wanted \(did you mean "warn"\?\)/,
  ],
  [
    'resources: a share above one',
    { operations: { resources: { memory: 85 } } },
    'operations.resources.memory',
    /memory": at most 1 is wanted/,
  ],
  [
    'resources: a misspelt resource',
    { operations: { resources: { memroy: 0.8 } } },
    'operations.resources.memroy',
    /memroy" \(did you mean "memory"\?\)/,
  ],
]

describe('wrong configurations', () => {
  const folder = mkdtempSync(join(tmpdir(), 'deltaworks-wrong-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'prod.json')
  const load = () => loadEnvironment(folder, 'prod', definition, { variables: {} })

  it('they are more than fifty, and the right one is right', () => {
    writeFileSync(file, JSON.stringify(right))
    expect(load()).toEqual({ configuration: right, operations: null })
    expect(wrong.length).toBeGreaterThanOrEqual(50)
  })

  it.each(wrong)(
    'O-04: %s: one sentence with the file, the line, the key and the nearest right key',
    async (_, change, key, expected) => {
      const text = JSON.stringify({ ...right, ...change }, null, 2)
      writeFileSync(file, text)
      const { code, message } = await errorOf(load)
      expect(code).toBe('DW-LAKEHOUSE-0004')
      expect(message).toMatch(expected)
      expect(message).toContain(file)
      expect(message).toContain(`line ${lineOf(text, key)}`)
      expect(message).not.toContain(secret)
      expect(message).not.toContain('\n')
      expect(message.match(/\. /g) ?? []).toHaveLength(0)
    },
  )
})

/** Line of a key in indented JSON: each part of the path is looked for behind the one before. */
function lineOf(text: string, path: string): number {
  const lines = text.split('\n')
  let line = 0
  for (const part of path.split('.')) {
    if (/^\d+$/.test(part)) line += Number(part) + 1
    else line = lines.findIndex((content, i) => i >= line && content.trimStart().startsWith(`"${part}":`))
  }
  return line + 1
}
