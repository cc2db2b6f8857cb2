import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { generateLanding } from '@deltaworks/sample-data'
import { Checks } from './checks.js'
import { PythonEnvironment, run, type Finished } from './python.js'

/*
 * node tools/interop/dist/airflow.js [--airflow 2.10.5] [--python FOLDER] [--keep]
 *
 * The DAGs of deploy/ in an installed Airflow, by dag.test(): the shop's pipeline with a failure that passes (a retry), the same
 * with one that does not (an alert), a day again, and maintenance after it.
 */

const here = dirname(fileURLToPath(import.meta.url))
const workspace = join(here, '..', '..', '..')
const dags = join(workspace, 'deploy', 'airflow', 'dags')
const argument = (name: string): string | undefined => {
  const at = process.argv.indexOf(`--${name}`)
  return at < 0 ? undefined : process.argv[at + 1]
}

interface TaskFacts {
  readonly task: string
  readonly state: string
  readonly tries: number
  readonly xcoms: Readonly<Record<string, unknown>>
}
interface DagFacts {
  readonly state: string
  readonly tasks: ReadonlyMap<string, TaskFacts>
  readonly edges: readonly string[]
  readonly errors: readonly string[]
  readonly log: string
}

/** Folder of commands: those of this workspace, but for tables that fail as often as a file says. */
function commands(folder: string): string {
  const bin = join(folder, 'bin')
  mkdirSync(bin, { recursive: true })
  for (const app of ['batch', 'maintenance', 'export']) {
    const file = join(bin, `deltaworks-${app}`)
    const command = join(workspace, 'apps', app, 'bin', `deltaworks-${app}.cjs`)
    writeFileSync(
      file,
      `#!/bin/sh
fail="${folder}/fail"
if [ -s "$fail" ] && [ "${app}" = batch ] && echo " $* " | grep -q " --only $(head -1 "$fail") "; then
  tail -n +2 "$fail" > "$fail.next"; mv "$fail.next" "$fail"
  # As if the machine had lost its store: the command itself, with a lake that it cannot reach.
  DELTAWORKS_S3_ENDPOINT=http://127.0.0.1:9 AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=y exec timeout -s KILL 1 "${process.execPath}" "${command}" "$@" --root s3://gone/lake
fi
exec "${process.execPath}" "${command}" "$@"
`,
    )
    chmodSync(file, 0o755)
  }
  return bin
}

async function main(): Promise<void> {
  const version = argument('airflow') ?? '2.10.5'
  const checks = new Checks()
  const given = argument('python')
  const python = new PythonEnvironment(given ?? join(workspace, '.tools', `airflow-${version}`))
  const missing = given === undefined ? await python.install([`apache-airflow==${version}`]) : null
  if (missing !== null) {
    checks.skip(`Airflow ${version}`, missing)
    process.exitCode = checks.finish()
    return
  }
  const folder = mkdtempSync(join(tmpdir(), 'deltaworks-airflow-'))
  const alerts: unknown[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (part) => (body += String(part)))
    request.on('end', () => {
      alerts.push(JSON.parse(body))
      response.end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  generateLanding({ out: join(folder, 'landing'), scale: 0.05 })
  const environment: NodeJS.ProcessEnv = {
    ...process.env,
    AIRFLOW_HOME: join(folder, 'airflow'),
    AIRFLOW__CORE__LOAD_EXAMPLES: 'False',
    AIRFLOW__CORE__DAGS_FOLDER: dags,
    AIRFLOW__CORE__UNIT_TEST_MODE: 'False',
    AIRFLOW__LOGGING__LOGGING_LEVEL: 'WARNING',
    DELTAWORKS_BIN: commands(folder),
    DELTAWORKS_ROOT: join(folder, 'lake'),
    DELTAWORKS_LANDING: join(folder, 'landing'),
    DELTAWORKS_REPORTS: join(folder, 'reports'),
    DELTAWORKS_TARGET: join(folder, 'warehouse.duckdb'),
    DELTAWORKS_ALERT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/alerts`,
    DELTAWORKS_RETRIES: '2',
    DELTAWORKS_RETRY_SECONDS: '1',
  }
  const migrated = await run(python.program('airflow'), ['db', 'migrate'], environment)
  checks.report(`Airflow ${version}: its database`, migrated.code === 0 ? null : migrated.stderr.slice(-400))
  const dag = (id: string, date: string) => dagFacts(python, environment, id, date)
  const fail = (...tables: readonly string[]): void =>
    writeFileSync(join(folder, 'fail'), tables.map((t) => `${t}\n`).join(''))

  fail('fact_transactions')
  const first = await dag('deltaworks_pipeline', '2026-01-01')
  checks.report(`Airflow ${version}: the DAGs import`, first.errors.length === 0 ? null : first.errors.join('; '))
  checks.report(`Airflow ${version}: the shop's pipeline ends well`, first.state === 'success' ? null : stateOf(first))
  const retried = first.tasks.get('build_fact_transactions')
  checks.report(
    `Airflow ${version}: a failure that passes is retried`,
    retried?.state === 'success' && retried.tries >= 2 ? null : JSON.stringify(retried),
  )
  checks.report(
    `Airflow ${version}: nobody is alerted of what a retry mended`,
    alerts.length === 0 ? null : JSON.stringify(alerts),
  )
  checks.report(
    `Airflow ${version}: edges are those of the definitions`,
    first.edges.includes('build_dim_customer > build_fact_transactions') &&
      first.edges.includes('build_fact_transactions > publish')
      ? null
      : first.edges.join(', '),
  )
  const report = retried?.xcoms['report']
  checks.report(
    `Airflow ${version}: the run's id, status and report are XComs`,
    typeof retried?.xcoms['runId'] === 'string' && typeof report === 'string' && existsSync(report)
      ? null
      : JSON.stringify(retried?.xcoms),
  )

  fail('dim_product', 'dim_product', 'dim_product')
  const failed = await dag('deltaworks_pipeline', '2026-01-02')
  const broken = failed.tasks.get('build_dim_product')
  checks.report(
    `Airflow ${version}: a failure that lasts fails the run and what depends on it`,
    failed.state === 'failed' && broken?.state === 'failed' && failed.tasks.get('publish')?.state === 'upstream_failed'
      ? null
      : stateOf(failed),
  )
  checks.report(
    `Airflow ${version}: it is told once, with run, task and error`,
    alerts.length === 1 && (alerts[0] as { task?: string }).task === 'build_dim_product'
      ? null
      : JSON.stringify(alerts),
  )

  fail()
  const again = await dag('deltaworks_pipeline', '2026-01-01')
  const unchanged = [...again.tasks.values()].filter(({ xcoms }) => xcoms['status'] === 'unchanged').length
  checks.report(
    `Airflow ${version}: the same day again changes nothing`,
    again.state === 'success' && unchanged > 10 ? null : stateOf(again),
  )
  const maintenance = await dag('deltaworks_maintenance', '2026-01-03')
  checks.report(
    `Airflow ${version}: maintenance after it`,
    maintenance.state === 'success' ? null : stateOf(maintenance),
  )
  if (process.argv.includes('--keep')) process.stdout.write(`kept: ${folder}\n`)
  else rmSync(folder, { recursive: true, force: true })
  await new Promise((resolve) => server.close(resolve))
  process.exitCode = checks.finish()
}

async function dagFacts(
  python: PythonEnvironment,
  environment: NodeJS.ProcessEnv,
  id: string,
  date: string,
): Promise<DagFacts> {
  const script = join(here, '..', 'python', 'airflow_run.py')
  // A file of its own: what the tasks print stands in the output too.
  const facts = join(mkdtempSync(join(tmpdir(), 'deltaworks-facts-')), 'facts.jsonl')
  const finished: Finished = await run(python.program('python'), [script, dags, id, date, facts], environment)
  const written = existsSync(facts) ? readFileSync(facts, 'utf8') : ''
  rmSync(dirname(facts), { recursive: true })
  const lines = written
    .split('\n')
    .filter((line) => line !== '')
    .map(
      (line) =>
        JSON.parse(line) as Partial<TaskFacts> & {
          readonly edges?: string[]
          readonly import_error?: string
          readonly message?: string
        },
    )
  const tasks = lines.filter((line): line is TaskFacts & typeof line => line.task !== undefined)
  return {
    state: String(lines.find((line) => line.state !== undefined && line.task === undefined)?.state ?? 'none')
      .replace(/^DagRunState\./, '')
      .toLowerCase(),
    tasks: new Map(
      tasks.map((task) => [
        task.task,
        { ...task, state: task.state.replace(/^TaskInstanceState\./, '').toLowerCase() },
      ]),
    ),
    edges: lines.find((line) => line.edges !== undefined)?.edges ?? [],
    errors: lines.flatMap((line) =>
      line.import_error === undefined ? [] : [`${line.import_error}: ${line.message ?? ''}`],
    ),
    log: `${finished.stdout.slice(-2000)}${finished.stderr.slice(-2000)}`,
  }
}

const stateOf = ({ state, tasks, log }: DagFacts): string =>
  `${state}; ${[...tasks.values()].map((task) => `${task.task} ${task.state}`).join(', ')}\n${log}`

await main()
