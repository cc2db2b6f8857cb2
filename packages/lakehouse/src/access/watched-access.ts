import type { OperationsConfiguration } from '../operations/operations-configuration.js'
import type { AccessStatement } from './access-policy.js'

type Secret = NonNullable<NonNullable<NonNullable<OperationsConfiguration['telemetry']>['otlp']>['headers']>[string]

/** What telemetry, alerts and secrets of an environment need of AWS. */
export function watchedAccess(operations: OperationsConfiguration | null): readonly AccessStatement[] {
  if (operations === null) return []
  const { telemetry, alerts } = operations
  const channels = Object.values(alerts?.channels ?? {})
  const topics = channels.flatMap((channel) => (channel.kind === 'sns' ? [channel.topic] : []))
  const senders = channels.flatMap((channel) => (channel.kind === 'ses' ? [channel.from] : []))
  const cloudWatch = telemetry?.cloudWatch
  const secrets = secretsOf(operations)
  const managed = secrets.flatMap(({ secretsManager }) =>
    secretsManager === undefined ? [] : [secretArn(secretsManager)],
  )
  const parameters = secrets.flatMap(({ parameter }) => (parameter === undefined ? [] : [parameterArn(parameter)]))
  const allow = (Sid: string, Action: string, Resource: readonly string[], Condition?: AccessStatement['Condition']) =>
    Resource.length === 0
      ? []
      : [
          {
            Sid,
            Effect: 'Allow' as const,
            Action: [Action],
            Resource,
            ...(Condition === undefined ? {} : { Condition }),
          },
        ]
  return [
    ...allow('PublishAlerts', 'sns:Publish', topics),
    ...allow('MailAlerts', 'ses:SendEmail', senders.length === 0 ? [] : ['*'], {
      StringEquals: { 'ses:FromAddress': senders },
    }),
    ...allow('PutMetrics', 'cloudwatch:PutMetricData', cloudWatch?.by === 'api' ? ['*'] : [], {
      StringEquals: { 'cloudwatch:namespace': [cloudWatch?.namespace ?? ''] },
    }),
    ...allow('ReadSecrets', 'secretsmanager:GetSecretValue', [...new Set(managed)]),
    ...allow('ReadParameters', 'ssm:GetParameter', [...new Set(parameters)]),
  ]
}

function secretsOf({ telemetry, alerts }: OperationsConfiguration): readonly Secret[] {
  const ofChannels = Object.values(alerts?.channels ?? {}).flatMap((channel): readonly Secret[] => {
    switch (channel.kind) {
      case 'smtp':
        return channel.password === undefined ? [] : [channel.password]
      case 'slack':
        return [channel.url]
      case 'webhook':
        return [channel.url, ...Object.values(channel.headers ?? {})]
      case 'ses':
      case 'sns':
        return []
    }
  })
  return [...Object.values(telemetry?.otlp?.headers ?? {}), ...ofChannels]
}

/** Secrets Manager puts six characters of its own behind a name. */
const secretArn = (id: string): string =>
  id.startsWith('arn:') ? id : `arn:aws:secretsmanager:*:*:secret:${id}-??????`
const parameterArn = (name: string): string =>
  name.startsWith('arn:') ? name : `arn:aws:ssm:*:*:parameter/${name.replace(/^\//, '')}`
