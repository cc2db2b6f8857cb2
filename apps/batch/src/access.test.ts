import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  allows,
  matches,
  S3Local,
  statementAllows,
  type Permission,
  type Policy,
  type PolicyStatement,
} from '@deltaworks/s3-local'
import { generateLanding } from '@deltaworks/sample-data'

const binOf = (app: string): string => fileURLToPath(new URL(`../../${app}/bin/deltaworks-${app}.cjs`, import.meta.url))
const places = ['--root', 's3://lake/dev'] as const
const landing = ['--landing', 's3://landing/shop'] as const
const noConditions = { ifMatch: undefined, ifNoneMatch: undefined }
type Policies = Readonly<Record<'batch' | 'maintenance' | 'export' | 'console', Policy>>

/** An S3 that enforces policies, and records what each request asked leave for. */
describe('least privilege', () => {
  let folder: string
  let policies: Policies
  const servers: S3Local[] = []

  const start = async (server: S3Local | null, app: string, ...args: readonly string[]) => {
    const env = {
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test12345',
      DELTAWORKS_S3_ENDPOINT: server?.endpoint ?? '',
    }
    const child = spawn(process.execPath, [binOf(app), ...args], { cwd: folder, env })
    const output = { stdout: '', stderr: '' }
    child.stdout.on('data', (data: Buffer) => (output.stdout += data.toString()))
    child.stderr.on('data', (data: Buffer) => (output.stderr += data.toString()))
    return new Promise<{ status: number | null; stdout: string; stderr: string }>((resolve) =>
      child.once('close', (status) => resolve({ status, ...output })),
    )
  }
  const serve = async (policy?: Policy): Promise<S3Local> => {
    const server = await S3Local.start({ buckets: ['landing', 'lake'], ...(policy === undefined ? {} : { policy }) })
    servers.push(server)
    for (const name of readdirSync(join(folder, 'landing'))) {
      server.buckets.get('landing')!.put(`shop/${name}`, readFileSync(join(folder, 'landing', name)), {}, noConditions)
    }
    return server
  }
  const run = (server: S3Local) => start(server, 'batch', 'run', '--quiet', ...places, ...landing)
  const called = (server: S3Local): readonly Permission[] => server.permissions.splice(0)
  /** Calls that a policy does not allow, and what of it no call needed. */
  const compared = (policy: Policy, calls: readonly Permission[]) => ({
    denied: [
      ...new Set(calls.filter((call) => !allows(policy, call)).map(({ action, resource }) => `${action} ${resource}`)),
    ],
    unused: policy.Statement.flatMap((statement) => [
      ...statement.Action.filter(
        (action) => !calls.some((call) => call.action === action && statementAllows(statement, call)),
      ).map((action) => `${statement.Sid}: ${action}`),
      ...statement.Resource.filter(
        (pattern) => !calls.some((call) => matches(pattern, call.resource) && statementAllows(statement, call)),
      ).map((pattern) => `${statement.Sid}: ${pattern}`),
    ]),
  })

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'deltaworks-access-'))
    generateLanding({ out: join(folder, 'landing'), scale: 0.05 })
    const { stdout } = await start(null, 'batch', 'access', '--json', ...places, ...landing)
    policies = JSON.parse(stdout) as Policies
  })
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.stop()))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('M-111: what the definitions make is what recorded runs call, and nothing more', async () => {
    const server = await serve()
    expect((await run(server)).status).toBe(0)
    const more = readFileSync(
      join(
        folder,
        'landing',
        readdirSync(join(folder, 'landing')).find((name) => /transactions/.test(name))!,
      ),
      'utf8',
    )
    server.buckets.get('landing')!.put('shop/de_shop_transactions_20991231.csv', Buffer.from(more), {}, noConditions)
    expect((await run(server)).status).toBe(0)
    const { denied, unused } = compared(policies.batch, called(server))
    expect(denied).toEqual([])
    // What runs that fail need, and decisions about rows that nobody has decided about.
    expect(unused.filter((right) => !/^TidyFailures|quarantine_decisions/.test(right))).toEqual([])
    for (const [app, args] of [
      ['maintenance', ['run', '--quiet', ...places]],
      ['export', ['duckdb', '--quiet', '--target', 'warehouse.duckdb', ...places]],
      ['console', ['sql', 'select count(*) from fact_transactions', ...places]],
    ] as const) {
      const { status, stderr } = await start(server, app, ...args)
      expect([app, status, stderr]).toEqual([app, 0, ''])
      expect([app, compared(policies[app], called(server)).denied]).toEqual([app, []])
    }
  })

  it('M-111: with its policy a run succeeds; with any statement of it taken away it names the missing permission', async () => {
    expect(await run(await serve(policies.batch))).toMatchObject({ status: 0, stderr: '' })
    for (const missing of policies.batch.Statement) {
      const Statement = policies.batch.Statement.filter((statement) => statement !== missing)
      const { status, stderr } = await run(await serve({ Statement }))
      if (missing.Sid === 'TidyFailures' && status === 0) continue
      expect([missing.Sid, status]).toEqual([missing.Sid, 1])
      expect(stderr).toMatch(/^DW-STORAGE-000[23]: /)
      const named = /(s3:\w+) on (arn:aws:s3:::[^\s]+)/.exec(stderr)
      expect([missing.Sid, missing.Action]).toEqual([missing.Sid, expect.arrayContaining([named?.[1]])])
      const ofStatement = missing.Resource.some((pattern) => matches(pattern, named![2]!))
      expect([missing.Sid, stderr, ofStatement]).toEqual([missing.Sid, stderr, true])
    }
  }, 300_000)

  it('M-111: policies are also resources of Terraform, and name topics, secrets and parameters of the environment', async () => {
    const terraform = await start(
      null,
      'batch',
      'access',
      '--format',
      'terraform',
      '--app',
      'export',
      ...places,
      ...landing,
    )
    expect(terraform.stdout).toContain('resource "aws_iam_policy" "deltaworks_retail_export_dev" {')
    expect(terraform.stdout).toContain('Action = ["s3:ListBucket"]')
    const operations = {
      telemetry: { cloudWatch: { namespace: 'Shop', by: 'api' } },
      alerts: {
        channels: {
          team: { kind: 'sns', topic: 'arn:aws:sns:eu-west-1:1:alerts' },
          mail: { kind: 'smtp', host: 'h', from: 'a@b', to: ['c'], password: { secretsManager: 'prod/mail' } },
          slack: { kind: 'slack', url: { parameter: '/prod/slack' } },
        },
      },
    }
    const set = Object.entries(operations).map(([key, value]) => `operations.${key}=${JSON.stringify(value)}`)
    const { stdout, stderr } = await start(
      null,
      'batch',
      'access',
      '--json',
      '--app',
      'batch',
      ...places,
      ...landing,
      '--set',
      ...set,
    )
    expect(stderr).toBe('')
    const statements = (JSON.parse(stdout) as Policies).batch.Statement as readonly PolicyStatement[]
    const rights = statements.slice(-4).map(({ Action, Resource }) => `${Action.join()} ${Resource.join()}`)
    expect(rights).toEqual([
      'sns:Publish arn:aws:sns:eu-west-1:1:alerts',
      'cloudwatch:PutMetricData *',
      'secretsmanager:GetSecretValue arn:aws:secretsmanager:*:*:secret:prod/mail-??????',
      'ssm:GetParameter arn:aws:ssm:*:*:parameter/prod/slack',
    ])
  })
})
