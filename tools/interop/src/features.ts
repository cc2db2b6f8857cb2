import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DeltaTable, DeltaTableProvider, type TableSession } from '@deltaworks/delta-table'
import { bind } from '@deltaworks/expression'
import { parseExpression, scan, type LogicalPlan } from '@deltaworks/plan'
import { Agreement, type Party } from './agreement.js'
import { canonicalRow } from './canonical.js'
import { Checks } from './checks.js'
import type { FeatureTable } from './feature-table.js'
import { featureTables } from './feature-tables.js'
import { difference, readLines } from './difference.js'
import { PythonEnvironment } from './python.js'
import { openSession } from './session.js'

/*
 * node tools/interop/dist/features.js [--quick] [--keep] [--only NAME,NAME] [--record]
 *
 * A table for every feature: we write it; delta-rs (where it can) and Spark read it and must get our rows; Spark writes on, and is
 * refused where the table's rules refuse it; we read what Spark made, write once more, and Spark reads that. `--record` keeps what
 * came of it for docs/delta-agreement.md.
 */

interface Entry {
  readonly name: string
  readonly path: string
  /** What each version that can be read holds. */
  readonly versions: readonly { readonly version: number; readonly expected: string }[]
  readonly changes: { readonly from: number; readonly expected: string } | null
  /** Rows with `_row_id` and `_row_commit_version`; null: not compared. */
  readonly rowIds: string | null
  readonly history: readonly { readonly version: number; readonly operation: string }[]
  readonly skips: readonly { readonly where: string; readonly files: number }[]
  readonly steps: FeatureTable['steps']
  /** Where the reader puts its rows behind the steps. */
  readonly after: string
}

const here = dirname(fileURLToPath(import.meta.url))
const workspace = join(here, '..', '..', '..')
const script = join(here, '..', 'python', 'features.py')

const checks = new Checks()
const agreement = new Agreement()
function report(table: string, party: Party, name: string, message: string | null): void {
  checks.report(name, message)
  agreement.add(table, party, message === null)
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

async function entryOf(
  session: TableSession,
  folder: string,
  name: string,
  feature: FeatureTable,
  table: DeltaTable,
): Promise<Entry> {
  const put = (what: string, lines: readonly string[]): string => {
    const file = join(folder, `${name}.${what}.jsonl`)
    writeFileSync(file, lines.join('\n'))
    return file
  }
  const versions: { version: number; expected: string }[] = []
  for (let version = 0; version <= table.version; version++) {
    const at = await table.at({ version }).catch(() => null)
    if (at === null) continue
    versions.push({ version, expected: put(`v${version}`, await linesOf(session, scan(at.provider()).plan)) })
  }
  const from = feature.changesFrom
  const history = await table.history()
  return {
    name,
    path: table.uri.replace(/^file:\/\//, ''),
    versions,
    changes: from === undefined ? null : { from, expected: put('changes', await changesOf(session, table, from)) },
    rowIds: feature.rowIds === true ? put('ids', await linesOf(session, table.rowsWithIds())) : null,
    history: history.map(({ version, info }) => ({ version, operation: info?.operation ?? '' })),
    skips: await Promise.all(
      (feature.skips ?? []).map(async (where) => ({ where, files: await openedFiles(table, where) })),
    ),
    steps: feature.steps,
    after: join(folder, `${name}.after.jsonl`),
  }
}

/** How many files we would open. */
async function openedFiles(table: DeltaTable, where: string): Promise<number> {
  return new DeltaTableProvider(table.snapshot).prune([bind(await parseExpression(where), table.schema)]).length
}

async function write(
  session: TableSession,
  folder: string,
  name: string,
  feature: FeatureTable,
): Promise<Entry | null> {
  try {
    const table = await feature.write(session, join(folder, name))
    const entry = await entryOf(session, folder, name, feature, table)
    report(name, 'written', `write ${name}`, null)
    return entry
  } catch (error) {
    report(name, 'written', `write ${name}`, error instanceof Error ? (error.stack ?? error.message) : textOf(error))
    return null
  }
}

async function ask(
  python: PythonEnvironment,
  reader: 'spark' | 'delta-rs',
  entries: readonly Entry[],
  folder: string,
): Promise<void> {
  const manifest = join(folder, `${reader}.manifest.json`)
  writeFileSync(manifest, JSON.stringify(entries))
  for (const answer of await python.script(script, [reader, manifest])) {
    if (typeof answer['unavailable'] === 'string') checks.skip(reader, answer['unavailable'])
    else if (answer['unsupported'] !== undefined) {
      agreement.addUnable(String(answer['table']), reader)
      process.stdout.write(`none ${reader} ${String(answer['name'])}: ${String(answer['unsupported'])}\n`)
    } else
      report(
        String(answer['table']),
        reader,
        `${reader} ${String(answer['name'])}`,
        answer['ok'] === true ? null : String(answer['message']),
      )
  }
}

/** We read what Spark left, and go on. */
async function readOn(session: TableSession, folder: string, entry: Entry): Promise<Entry | null> {
  const feature = featureTables[entry.name]!
  try {
    const table = await DeltaTable.open(session, entry.path)
    const theirs = readLines(entry.after)
    const ours = await linesOf(session, scan(table.provider()).plan)
    report(entry.name, 'read', `we read ${entry.name} after Spark`, difference(theirs, ours))
    if (feature.then === undefined) return null
    const last = await feature.then(table)
    const all = await entryOf(session, folder, entry.name, feature, last)
    return { ...all, versions: all.versions.slice(-2), skips: [], steps: [] }
  } catch (error) {
    report(
      entry.name,
      'read',
      `we read ${entry.name} after Spark`,
      error instanceof Error ? (error.stack ?? error.message) : textOf(error),
    )
    return null
  }
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
          const next = await readOn(session, folder, entry)
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
  if (args.includes('--record')) agreement.save('ours')
  return checks.finish()
}

process.exitCode = await main(process.argv.slice(2))
