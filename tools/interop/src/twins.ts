import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DeltaTable } from '@deltaworks/delta-table'
import { scan } from '@deltaworks/plan'
import { Agreement } from './agreement.js'
import { canonicalRow } from './canonical.js'
import { Checks } from './checks.js'
import { difference } from './difference.js'
import { lastLine, run } from './python.js'
import { openSession } from './session.js'
import { sparkScript } from './spark-script.js'
import { twins } from './twin-statements.js'

/*
 * node tools/interop/dist/twins.js [--keep] [--only NAME,NAME] [--record]
 *
 * The same SQL in Spark and in our console, each on a table of its own: every version must have the same rows, as we read ours, as
 * Spark reads its own, and as Spark reads ours.
 */

const here = dirname(fileURLToPath(import.meta.url))
const workspace = join(here, '..', '..', '..')
const consoleScript = join(workspace, 'apps', 'console', 'bin', 'deltaworks-console.cjs')

interface Version {
  readonly name: string
  readonly of: 'spark' | 'ours'
  readonly version: number | null
  readonly rows: readonly string[]
  readonly message: string | null
}

/** @returns null, or what our console said */
async function runOurs(
  folder: string,
  path: string,
  name: string,
  statements: readonly string[],
): Promise<string | null> {
  const file = join(folder, `${name}.sql`)
  writeFileSync(file, statements.map((text) => `${text.replaceAll('{t}', `delta.\`${path}\``)};`).join('\n'))
  const done = await run(process.execPath, [consoleScript, 'sql', '--table', 'none=none.csv', '--file', file])
  return done.code === 0 ? null : lastLine(done.stderr)
}

async function main(args: readonly string[]): Promise<number> {
  const only = args.includes('--only') ? (args[args.indexOf('--only') + 1] ?? '').split(',') : null
  const folder = mkdtempSync(join(tmpdir(), 'deltaworks-twins-'))
  const checks = new Checks()
  const agreement = new Agreement()
  const report = (name: string, party: 'written' | 'spark', what: string, message: string | null): void => {
    checks.report(`${what} ${name}`, message)
    agreement.add(`twin ${name}`, party, message === null)
  }
  const session = openSession(false)
  try {
    const manifest = []
    for (const [name, { create, statements }] of Object.entries(twins)) {
      if (only !== null && !only.includes(name)) continue
      const ours = join(folder, `ours ${name}`)
      report(name, 'written', 'our console runs', await runOurs(folder, ours, name, [create, ...statements]))
      manifest.push({ name, path: join(folder, `spark ${name}`), ours, statements: [create, ...statements] })
    }
    const file = join(folder, 'manifest.json')
    writeFileSync(file, JSON.stringify(manifest))
    const answers = await sparkScript('twins.py', [file])
    for (const answer of answers) {
      if (typeof answer['unavailable'] === 'string') {
        checks.skip('Spark', answer['unavailable'])
        continue
      }
      const { name, of, version, rows, message } = answer as unknown as Version
      const what =
        of === 'spark' ? `Spark made the same as we, version ${version},` : `Spark reads ours, version ${version},`
      if (message !== null || version === null) report(name, 'spark', what, message)
      else {
        const table = await DeltaTable.open(session, join(folder, `ours ${name}`), { version })
        const read = await session.collect(scan(table.provider()).plan)
        report(
          name,
          'spark',
          what,
          difference(
            rows,
            read.rows.map((row) => canonicalRow(read.schema, row)),
          ),
        )
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
