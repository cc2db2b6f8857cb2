import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Session } from '@deltaworks/engine'
import { loadConfiguration, runLakehouse } from '@deltaworks/lakehouse'
import { RedshiftLocal, type FaultRule, type Faults } from '@deltaworks/redshift-local'
import { retail } from '@deltaworks/retail'
import { S3Local } from '@deltaworks/s3-local'
import { generateLanding } from '@deltaworks/sample-data'
import { openStore } from '@deltaworks/storage'
import { duckDbTarget, redshiftTarget } from '@deltaworks/warehouse'
import { killRounds, type KillRounds } from './kill-rounds.js'

/*
 * node apps/export/dist/kills/main.js [--kills 100] [--seed 1] [--scale 0.2] [--target duckdb|redshift] [--faults]
 *
 * Kills so many exports at random points of their life and looks at what the warehouse holds (see kill-rounds.ts). With --faults,
 * the Redshift server throttles, loses requests, answers and sessions, aborts statements, and says that one's time ran out that it
 * did run.
 */
const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
    scale: { type: 'string', default: '0.2' },
    target: { type: 'string', default: 'duckdb' },
    faults: { type: 'boolean', default: false },
  },
})

/** An export is some dozens of requests: most meet a few of these, and some a statement that does not come to its end. */
const faultRules: readonly FaultRule[] = [
  { kind: 'throttle', probability: 0.05 },
  { kind: 'busy', probability: 0.03 },
  { kind: 'internal-error', probability: 0.02 },
  { kind: 'cut-request', probability: 0.02 },
  { kind: 'lost-response', probability: 0.02 },
  { kind: 'abort', probability: 0.005 },
  { kind: 'timeout-after', probability: 0.005 },
  { kind: 'timeout-after', probability: 0.2, sql: '^COMMIT' },
  { kind: 'abort', probability: 0.2, sql: '^COPY' },
  { kind: 'lose-session', probability: 0.005 },
]

const folder = mkdtempSync(join(tmpdir(), 'deltaworks-kills-'))
const session = Session.create()
try {
  generateLanding({ out: join(folder, 'landing'), scale: Number(values.scale) })
  const root = `file://${join(folder, 'lake')}`
  const configuration = loadConfiguration(retail.environments, 'dev', retail.configuration)
  const landing = `file://${join(folder, 'landing')}`
  await runLakehouse({ lakehouse: retail, configuration, session, root, landing, nowMicros: 1_767_225_600_000_000n })
  const onRound = (round: number, kind: string): void => void process.stdout.write(`${round}: ${kind}\n`)
  const task = { session, root, kills: Number(values.kills), seed: Number(values.seed), onRound }
  const result = values.target === 'redshift' ? await inRedshift(task) : await inDuckDb(task)
  process.stdout.write(`${JSON.stringify({ target: values.target, ...result })}\n`)
} finally {
  await session.close()
  rmSync(folder, { recursive: true, force: true })
}

type Task = Omit<KillRounds, 'args' | 'open'>

function inDuckDb(task: Task) {
  const file = join(folder, 'warehouse.duckdb')
  return killRounds({ ...task, args: ['duckdb', '--target', file], open: () => duckDbTarget(file) })
}

async function inRedshift(task: Task) {
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test12345' })
  const s3 = await S3Local.start({ buckets: ['staging'] })
  process.env['DELTAWORKS_S3_ENDPOINT'] = s3.endpoint
  const server = await RedshiftLocal.start()
  try {
    const connection = { workgroup: 'shop', database: 'dev', endpoint: server.endpoint, region: 'eu-central-1' }
    const stage = { store: openStore('s3://staging'), prefix: 'loads', uri: 's3://staging/loads' }
    const args = ['redshift', '--workgroup', 'shop', '--endpoint', server.endpoint, '--region', 'eu-central-1']
    const counts: Record<string, number> = {}
    const result = await killRounds({
      ...task,
      ...(values.faults ? { trouble: troubleOf(server.faults, counts) } : {}),
      args: [...args, '--staging', 's3://staging/loads'],
      open: () => redshiftTarget({ ...connection, stage, copy: { iamRole: 'default' } }),
      // The service ends idle sessions after a while; nobody waits for that here.
      afterKill: () => server.closeSessions(),
      staged: async () => (await stage.store.list('loads')).map(({ path }) => path),
    })
    return { ...result, faults: counts }
  } finally {
    await server.stop()
    await s3.stop()
  }
}

/** @param counts is added up: faults by their kind */
function troubleOf(faults: Faults, counts: Record<string, number>) {
  return {
    begin: () => faults.add(...faultRules),
    end: () => {
      for (const [kind, count] of faults.counts) counts[kind] = (counts[kind] ?? 0) + count
      faults.clear()
    },
  }
}
