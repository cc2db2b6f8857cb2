import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Session } from '@deltaworks/engine'
import { loadConfiguration, runLakehouse } from '@deltaworks/lakehouse'
import { RedshiftLocal } from '@deltaworks/redshift-local'
import { retail } from '@deltaworks/retail'
import { S3Local } from '@deltaworks/s3-local'
import { generateLanding } from '@deltaworks/sample-data'
import { openStore } from '@deltaworks/storage'
import { duckDbTarget, redshiftTarget } from '@deltaworks/warehouse'
import { killRounds, type KillRounds } from './kill-rounds.js'

/*
 * node apps/export/dist/kills/main.js [--rounds 100] [--seed 1] [--scale 0.2] [--target duckdb|redshift]
 *
 * Kills exports at random points of their life and looks at what the warehouse holds (see kill-rounds.ts).
 */
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
    scale: { type: 'string', default: '0.2' },
    target: { type: 'string', default: 'duckdb' },
  },
})

const folder = mkdtempSync(join(tmpdir(), 'deltaworks-kills-'))
const session = Session.create()
try {
  generateLanding({ out: join(folder, 'landing'), scale: Number(values.scale) })
  const root = `file://${join(folder, 'lake')}`
  const configuration = loadConfiguration(retail.environments, 'dev', retail.configuration)
  const landing = `file://${join(folder, 'landing')}`
  await runLakehouse({ lakehouse: retail, configuration, session, root, landing, nowMicros: 1_767_225_600_000_000n })
  const onRound = (round: number, found: string): void => void process.stdout.write(`${round}: ${found}\n`)
  const task = { session, root, rounds: Number(values.rounds), seed: Number(values.seed), onRound }
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
    return await killRounds({
      ...task,
      args: [...args, '--staging', 's3://staging/loads'],
      open: () => redshiftTarget({ ...connection, stage, copy: { iamRole: 'default' } }),
      // The service ends idle sessions after a while; nobody waits for that here.
      afterKill: () => server.closeSessions(),
      staged: async () => (await stage.store.list('loads')).length,
    })
  } finally {
    await server.stop()
    await s3.stop()
  }
}
