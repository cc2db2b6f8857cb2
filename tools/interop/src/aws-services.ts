import { channel } from 'node:diagnostics_channel'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CloudWatchClient, GetMetricStatisticsCommand, ListMetricsCommand } from '@aws-sdk/client-cloudwatch'
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { CreateEmailIdentityCommand, SESv2Client } from '@aws-sdk/client-sesv2'
import { CreateTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns'
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm'
import { SecretMask } from '@deltaworks/telemetry'
import { alertMessage, resolveSecret, sendAlert, startTelemetry } from '@deltaworks/telemetry/operations'
import { Checks } from './checks.js'
import { freePort } from './free-port.js'
import { PythonEnvironment } from './python.js'
import { startProgram } from './running-server.js'

/*
 * node tools/interop/dist/aws-services.js [--python FOLDER]
 *
 * Metrics, alerts and secrets against moto, an emulator of AWS from PyPI: CloudWatch, SNS (read back from a queue), SES, Secrets
 * Manager, the parameter store.
 */

const here = dirname(fileURLToPath(import.meta.url))
const checks = new Checks()
const region = 'us-east-1'
Object.assign(process.env, {
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test-secret',
  AWS_REGION: region,
  AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
})

const at = process.argv.indexOf('--python')
const given = at < 0 ? undefined : process.argv[at + 1]
const python = new PythonEnvironment(given ?? join(here, '..', '..', '..', '.tools', 'moto'))

async function check(): Promise<void> {
  const port = await freePort()
  const moto = await startProgram(python.program('moto_server'), ['-H', '127.0.0.1', '-p', String(port)], port)
  if (typeof moto === 'string') {
    checks.report('moto', moto)
    return
  }
  const { endpoint } = moto
  try {
    await checks.run('CloudWatch has the metrics of a run', () => metrics(endpoint))
    await checks.run('SNS hands an alert on to a queue, once', () => topic(endpoint))
    await checks.run('SES takes an alert', () => mail(endpoint))
    await checks.run('secrets come from Secrets Manager and the parameter store', () => secrets(endpoint))
  } finally {
    await moto.stop()
  }
}

const step = {
  step: 'build days',
  kind: 'build',
  table: 'days',
  layer: 'analytics',
  status: 'written',
  startMs: 0,
  endMs: 20,
  rowsIn: 7,
  rowsOut: 3,
  rowsQuarantined: 0,
  filesWritten: 1,
  bytesWritten: 900,
  version: 1,
  attempts: 1,
}

async function metrics(endpoint: string): Promise<string | null> {
  const facts = { lakehouse: 'shop', environment: 'test' }
  const options = { cloudWatch: { namespace: 'Shop', by: 'api', region, endpoint } } as const
  const telemetry = await startTelemetry(options, facts, new SecretMask())
  channel('deltaworks:step:finish').publish({ ...step, durationMs: 20, rows: 3, result: step, failure: null })
  const failures = await telemetry.close()
  if (failures.length > 0) return failures.map(({ message }) => message).join(' ')
  const client = new CloudWatchClient({ region, endpoint })
  const { Metrics = [] } = await client.send(
    new ListMetricsCommand({ Namespace: 'Shop', MetricName: 'deltaworks.rows.out' }),
  )
  const [metric] = Metrics
  if (metric?.Dimensions?.some(({ Name, Value }) => Name === 'table' && Value === 'days') !== true)
    return JSON.stringify(Metrics)
  const now = Date.now()
  const { Datapoints = [] } = await client.send(
    new GetMetricStatisticsCommand({
      Namespace: 'Shop',
      MetricName: 'deltaworks.rows.out',
      Dimensions: metric.Dimensions,
      StartTime: new Date(now - 600_000),
      EndTime: new Date(now + 600_000),
      Period: 60,
      Statistics: ['Sum'],
    }),
  )
  return Datapoints[0]?.Sum === 3 ? null : JSON.stringify(Datapoints)
}

const message = () =>
  alertMessage(
    [
      {
        kind: 'opened',
        alert: {
          key: 'failure:build days',
          rule: 'failure',
          severity: 'critical',
          title: 'build days failed',
          detail: 'No answer to jane@shop.example.',
          runbook: 'https://wiki.example/failure',
          sinceMs: Date.now(),
        },
      },
    ],
    {
      lakehouse: 'shop',
      environment: 'test',
      runId: 'r',
      root: 's3://lake',
      report: null,
      runbooks: null,
      nowMs: Date.now(),
    },
    new SecretMask(),
  )

async function topic(endpoint: string): Promise<string | null> {
  const [sns, sqs] = [new SNSClient({ region, endpoint }), new SQSClient({ region, endpoint })]
  const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: 'alerts' }))
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'alerts' }))
  const queueArn = `arn:aws:sqs:${region}:123456789012:alerts`
  await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint: queueArn }))
  await sendAlert('topic', { kind: 'sns', topic: TopicArn!, region, endpoint }, message(), new SecretMask())
  const received = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }))
  const bodies = (received.Messages ?? []).map(({ Body }) => Body ?? '')
  const fine = bodies.length === 1 && bodies[0]!.includes('build days failed') && !bodies[0]!.includes('jane@')
  return fine ? null : JSON.stringify(bodies)
}

async function mail(endpoint: string): Promise<string | null> {
  const client = new SESv2Client({ region, endpoint })
  const ses = { kind: 'ses', from: 'lake@shop.example', to: ['team@shop.example'], region, endpoint } as const
  const refused = await sendAlert('mail', ses, message(), new SecretMask()).then(
    () => 'an address that is not verified was taken',
    (error: unknown) => (/MessageRejected|BadRequest|NotFound/.test(String(error)) ? null : String(error)),
  )
  await client.send(new CreateEmailIdentityCommand({ EmailIdentity: ses.from }))
  await sendAlert('mail', ses, message(), new SecretMask())
  return refused
}

async function secrets(endpoint: string): Promise<string | null> {
  await new SecretsManagerClient({ region, endpoint }).send(
    new CreateSecretCommand({ Name: 'prod/mail', SecretString: '{"password":"from-manager"}' }),
  )
  await new SSMClient({ region, endpoint }).send(
    new PutParameterCommand({ Name: '/prod/token', Value: 'from-parameter', Type: 'SecureString' }),
  )
  const mask = new SecretMask()
  const managed = await resolveSecret({ secretsManager: 'prod/mail', key: 'password', region, endpoint }, mask)
  const parameter = await resolveSecret({ parameter: '/prod/token', region, endpoint }, mask)
  const masked = mask.mask(`${managed} ${parameter}`)
  return managed === 'from-manager' && parameter === 'from-parameter' && masked === '•••• ••••'
    ? null
    : `${managed}, ${masked}`
}

const missing = given === undefined ? await python.install(['moto[server]==5.2.5']) : null
if (missing === null) await check()
else checks.skip('moto', missing)
process.exitCode = checks.finish()
