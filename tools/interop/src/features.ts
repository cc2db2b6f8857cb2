import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DeltaTable, type TableSession } from '@deltaworks/delta-table'
import { scan, type LogicalPlan } from '@deltaworks/plan'
import { canonicalRow } from './canonical.js'
import { featureTables, type FeatureTable } from './feature-tables.js'
import { PythonEnvironment } from './python.js'
import { openSession } from './session.js'

/*
 * node tools/interop/dist/features.js [--quick] [--keep] [--only NAME,NAME]
 *
 * A table for every feature: we write it; delta-rs (where it can) and Spark read it and must get our rows; Spark writes on, and is
 * refused where the table's rules refuse it; we read what Spark made, write once more, and Spark reads that.
 */

interface Entry {
  readonly name: string
  readonly path: string
  readonly expected: string
  readonly changes: { readonly from: number; readonly expected: string } | null
  readonly steps: FeatureTable['steps']
  /** Where the reader puts its rows behind the steps. */
  readonly after: string
}

const here = dirname(fileURLToPath(import.meta.url))
const workspace = join(here, '..', '..', '..')
const script = join(here, '..', 'python', 'features.py')

let passed = 0
let failed = 0
function report(name: string, message: string | null): void {
  if (message === null) passed++
  else failed++
  process.stdout.write(`${message === null ? 'ok  ' : 'FAIL'} ${name}${message === null ? '' : `: ${message}`}\n`)
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

async function linesOf(session: TableSession, plan: LogicalPlan): Promise<string[]> {
  const { schema, rows } = await session.collect(plan)
  return rows.map((row) => canonicalRow(schema, row))
}

/** Without the time, which no two tables share. */
async function changesOf(session: TableSession, table: DeltaTable, from: number): Promise<string[]> {
  const { schema, rows } = await session.collect(await table.changes({ from: { version: from } }))
  const kept = { fields: schema.fields.slice(0, -1) }
  return rows.map((row) => canonicalRow(kept, row.slice(0, -1)))
}

async function write(
  session: TableSession,
  folder: string,
  name: string,
  feature: FeatureTable,
): Promise<Entry | null> {
  const path = join(folder, name)
  try {
    const table = await feature.write(session, path)
    const expected = join(folder, `${name}.expected.jsonl`)
    writeFileSync(expected, (await linesOf(session, scan(table.provider()).plan)).join('\n'))
    const from = feature.changesFrom
    const changes = from === undefined ? null : { from, expected: join(folder, `${name}.changes.jsonl`) }
    if (changes !== null) writeFileSync(changes.expected, (await changesOf(session, table, changes.from)).join('\n'))
    report(`write ${name}`, null)
    return { name, path, expected, changes, steps: feature.steps, after: join(folder, `${name}.after.jsonl`) }
  } catch (error) {
    report(`write ${name}`, error instanceof Error ? (error.stack ?? error.message) : textOf(error))
    return null
  }
}

async function ask(
  python: PythonEnvironment,
  reader: string,
  entries: readonly Entry[],
  folder: string,
): Promise<void> {
  const manifest = join(folder, `${reader}.manifest.json`)
  writeFileSync(manifest, JSON.stringify(entries))
  for (const answer of await python.script(script, [reader, manifest])) {
    if (typeof answer['unavailable'] === 'string') process.stdout.write(`skip ${reader}: ${answer['unavailable']}\n`)
    else if (answer['unsupported'] !== undefined) {
      process.stdout.write(`none ${reader} ${String(answer['name'])}: ${String(answer['unsupported'])}\n`)
    } else report(`${reader} ${String(answer['name'])}`, answer['ok'] === true ? null : String(answer['message']))
  }
}

/** We read what Spark left, and go on. */
async function readOn(session: TableSession, entry: Entry): Promise<Entry | null> {
  const feature = featureTables[entry.name]!
  try {
    const table = await DeltaTable.open(session, entry.path)
    const theirs = readFileSync(entry.after, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
    const ours = await linesOf(session, scan(table.provider()).plan)
    report(`we read ${entry.name} after Spark`, difference(theirs, ours))
    if (feature.then === undefined) return null
    const last = await feature.then(table)
    writeFileSync(entry.expected, (await linesOf(session, scan(last.provider()).plan)).join('\n'))
    return { ...entry, changes: null, steps: [] }
  } catch (error) {
    report(`we read ${entry.name} after Spark`, error instanceof Error ? (error.stack ?? error.message) : textOf(error))
    return null
  }
}

function difference(expected: readonly string[], actual: readonly string[]): string | null {
  const normal = (lines: readonly string[]): string[] => lines.map((line) => JSON.stringify(JSON.parse(line))).sort()
  const [wanted, found] = [normal(expected), normal(actual)]
  const at = wanted.findIndex((line, i) => line !== found[i])
  return at < 0 && wanted.length === found.length
    ? null
    : `${wanted.length} rows expected, ${found.length} read; first difference ${wanted[at]} / ${found[at]}`
}

async function main(args: readonly string[]): Promise<number> {
  const only = args.includes('--only') ? (args[args.indexOf('--only') + 1] ?? '').split(',') : null
  const folder = mkdtempSync(join(tmpdir(), 'deltaworks-features-'))
  const python = new PythonEnvironment(join(workspace, '.tools', 'interop-venv'))
  const session = openSession(false)
  try {
    const entries: Entry[] = []
    for (const [name, feature] of Object.entries(featureTables)) {
      if (only !== null && !only.includes(name)) continue
      const entry = await write(session, folder, name, feature)
      if (entry !== null) entries.push(entry)
    }
    const failure = await python.install([
      'deltalake',
      'pyarrow',
      ...(args.includes('--quick') ? [] : ['pyspark==4.1.*']),
    ])
    if (failure !== null) process.stdout.write(`skip readers: Python packages could not be installed: ${failure}\n`)
    else {
      await ask(
        python,
        'delta-rs',
        entries.map((entry) => ({ ...entry, steps: [] })),
        folder,
      )
      if (!args.includes('--quick')) {
        await ask(python, 'spark', entries, folder)
        const again: Entry[] = []
        for (const entry of entries) {
          const next = await readOn(session, entry)
          if (next !== null) again.push(next)
        }
        await ask(python, 'spark', again, folder)
      }
    }
  } finally {
    await session.close?.()
    if (args.includes('--keep')) process.stdout.write(`tables are in ${folder}\n`)
    else rmSync(folder, { recursive: true, force: true })
  }
  process.stdout.write(`${passed} passed, ${failed} failed\n`)
  return failed === 0 ? 0 : 1
}

process.exitCode = await main(process.argv.slice(2))
