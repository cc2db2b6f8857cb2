import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { generateLanding } from '@deltaworks/sample-data'
import { Checks } from './checks.js'
import { dockerfileSteps, executeSteps } from './dockerfile.js'
import { lastLine, run } from './python.js'

/*
 * node tools/interop/dist/deploy.js [--image] [--keep]
 *
 * The compose file, loaded by Docker Compose's own library (Go); with --image, the steps of the Dockerfile in a plain folder
 * instead of an image, and a run of what it makes. An engine of containers is not needed.
 */

const here = dirname(fileURLToPath(import.meta.url))
const workspace = join(here, '..', '..', '..')
const checks = new Checks()

await checkCompose()
if (process.argv.includes('--image')) await checkImage()
process.exitCode = checks.finish()

async function checkCompose(): Promise<void> {
  const file = join(workspace, 'deploy', 'docker', 'docker-compose.yml')
  const settings = { S3_ACCESS_KEY: 'access', S3_SECRET_KEY: 'secret', POSTGRES_PASSWORD: 'password' }
  const load = (env: NodeJS.ProcessEnv) =>
    run('go', ['run', '-C', join(here, '..', 'go', 'compose'), '-mod=mod', '.', file], { ...process.env, ...env })
  const loaded = await load(settings)
  if (loaded.code === 127) return checks.skip('the compose file', 'Go is not installed')
  checks.report('the compose file is one', loaded.code === 0 ? null : lastLine(loaded.stderr))
  if (loaded.code !== 0) return
  const services = JSON.parse(loaded.stdout) as Readonly<Record<string, readonly string[]>>
  const after = services['airflow-scheduler'] ?? []
  const complete = ['postgres', 's3', 'airflow-init'].every((name) => after.includes(name))
  checks.report('its scheduler waits for database, store and migration', complete ? null : loaded.stdout)
  const without = await load({ POSTGRES_PASSWORD: '' })
  checks.report(
    'it asks for its passwords',
    /POSTGRES_PASSWORD|S3_ACCESS_KEY/.test(without.stderr) ? null : without.stderr,
  )
}

async function checkImage(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'deltaworks-image-'))
  const context = join(folder, 'context')
  try {
    mkdirSync(context)
    // What is committed is what is built.
    const archive = await run('sh', ['-c', `git -C '${workspace}' archive HEAD | tar -x -C '${context}'`])
    checks.report('the build context', archive.code === 0 ? null : lastLine(archive.stderr))
    const text = readFileSync(join(context, 'deploy', 'docker', 'Dockerfile'), 'utf8')
    const image = join(folder, 'image')
    const failure = await executeSteps(dockerfileSteps(text), { folder: image, context })
    checks.report('every step of the Dockerfile', failure)
    if (failure !== null) return
    const root = join(image, 'stage-1')
    const command = (...words: readonly string[]) =>
      run(join(root, 'usr/local/bin/deltaworks'), words, {
        PATH: `${join(root, 'usr/local/bin')}:${dirname(process.execPath)}:/usr/bin:/bin`,
      })
    const health = await command('batch', '--version')
    checks.report('what it makes starts', health.code === 0 && /^\d/.test(health.stdout) ? null : health.stderr)
    generateLanding({ out: join(folder, 'landing'), scale: 0.05 })
    const ended = await command(
      'batch',
      'run',
      '--landing',
      join(folder, 'landing'),
      '--root',
      join(folder, 'lake'),
      '--json',
    )
    checks.report(
      'and runs the shop',
      ended.code === 0 && existsSync(join(folder, 'lake', 'analytics')) ? null : ended.stderr,
    )
    const sql = await command(
      'console',
      'sql',
      'select count(*) as n from fact_transactions',
      '--root',
      join(folder, 'lake'),
      '--format',
      'jsonl',
    )
    checks.report('and its console reads it', /"n":\d/.test(sql.stdout) ? null : sql.stderr)
    const extra = ['tools', 'benchmarks', 'demo'].filter((name) => existsSync(join(root, 'opt/deltaworks', name)))
    checks.report('without what builds it', extra.length === 0 ? null : extra.join(', '))
  } finally {
    if (process.argv.includes('--keep')) process.stdout.write(`kept: ${folder}\n`)
    else rmSync(folder, { recursive: true, force: true })
  }
}
