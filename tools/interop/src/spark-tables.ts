import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DeltaTable, type TableSession } from '@deltaworks/delta-table'
import { scan } from '@deltaworks/plan'
import { Agreement } from './agreement.js'
import { canonicalRow } from './canonical.js'
import { Checks } from './checks.js'
import { difference, readLines } from './difference.js'
import { openSession } from './session.js'
import { sparkScript } from './spark-script.js'

/*
 * node tools/interop/dist/spark-tables.js [--keep] [--only NAME,NAME] [--record]
 *
 * Spark writes a table a feature (python/spark_tables.py); we must read its rows at every version, cold and as an update of an older
 * snapshot, and its change data feed.
 */

interface Written {
  readonly name: string
  readonly path: string
  readonly version: number | 'changes' | null
  /** null: Spark itself could not make or read it. */
  readonly lines: string | null
  readonly refused: readonly string[]
}

async function rowsOf(session: TableSession, table: DeltaTable): Promise<string[]> {
  const { schema, rows } = await session.collect(scan(table.provider()).plan)
  return rows.map((row) => canonicalRow(schema, row))
}

async function changesOf(session: TableSession, path: string): Promise<string[]> {
  const table = await DeltaTable.open(session, path)
  const { schema, rows } = await session.collect(await table.changes({ from: { version: 0 } }))
  const kept = { fields: schema.fields.slice(0, -1) }
  return rows.map((row) => canonicalRow(kept, row.slice(0, -1)))
}

/** What is wrong with our reading of one version. */
async function compare(session: TableSession, { path, version, lines }: Written): Promise<string | null> {
  const expected = readLines(lines!)
  if (typeof version !== 'number') return difference(expected, await changesOf(session, path))
  const table = await DeltaTable.open(session, path, { version })
  const cold = difference(expected, await rowsOf(session, table))
  if (cold !== null || version === 0) return cold
  const older = await DeltaTable.open(session, path, { version: 0 }).catch(() => null)
  const latest = older === null ? null : await older.refresh()
  if (latest === null || latest.version !== version) return null
  const updated = difference(expected, await rowsOf(session, latest))
  return updated === null ? null : `as an update of version 0: ${updated}`
}

async function main(args: readonly string[]): Promise<number> {
  const only = args.includes('--only') ? (args[args.indexOf('--only') + 1] ?? '').split(',') : []
  const folder = mkdtempSync(join(tmpdir(), 'deltaworks-spark-'))
  const checks = new Checks()
  const agreement = new Agreement()
  const session = openSession(false)
  try {
    const answers = await sparkScript('spark_tables.py', [folder, ...only])
    for (const answer of answers) {
      if (typeof answer['unavailable'] === 'string') checks.skip('Spark', answer['unavailable'])
      else {
        const written = answer as unknown as Written
        const name = `${written.name} ${typeof written.version === 'number' ? `v${written.version}` : (written.version ?? '')}`
        for (const reason of written.refused) checks.skip(name, `Spark: ${reason}`)
        if (written.lines === null) continue
        const failedBefore = checks.failed
        await checks.run(`we read ${name}`, () => compare(session, written))
        agreement.add(written.name, 'read', checks.failed === failedBefore)
      }
    }
  } finally {
    await session.close?.()
    if (args.includes('--keep')) process.stdout.write(`tables are in ${folder}\n`)
    else rmSync(folder, { recursive: true, force: true })
  }
  if (args.includes('--record')) agreement.save('theirs')
  return checks.finish()
}

process.exitCode = await main(process.argv.slice(2))
