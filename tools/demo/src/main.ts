import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { loadLakehouse, openSession, reportError, reportOf, usageProblem, writeReport } from '@deltaworks/cli'
import { exportLakehouse, optimizeLakehouse, runLakehouse, vacuumLakehouse } from '@deltaworks/lakehouse'
import { generateLanding } from '@deltaworks/sample-data'
import { renderSummary, showProgress } from '@deltaworks/telemetry'
import { duckDbTarget } from '@deltaworks/warehouse'
import { exportSteps, maintenanceSteps } from './report-steps.js'

/**
 * `npm start`: a landing zone like the shop's is generated, the whole pipeline runs on it, tables are maintained and exported
 * to an embedded warehouse, and a report tells what happened. Everything is under `demo/`
 * in the working folder, which is made anew; a folder of that name that is not ours is left alone.
 */
async function main(): Promise<void> {
  const folder = resolve('demo')
  const at = (...parts: string[]): string => join(folder, ...parts)
  const uri = (...parts: string[]): string => pathToFileURL(at(...parts)).href
  const marker = at('.made-by-npm-start')
  if (existsSync(folder) && !existsSync(marker)) {
    throw usageProblem(`The folder ${folder} is there, but npm start did not make it. Move it away.`)
  }
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  writeFileSync(marker, '')
  const started = performance.now()
  const manifest = generateLanding({ out: at('landing'), scale: 1 })
  const { lakehouse, configuration } = await loadLakehouse({ lakehouse: 'retail', env: 'dev' })
  const session = openSession({ memory: undefined, threads: undefined })
  const progress = showProgress(process.stderr)
  const target = duckDbTarget(at('warehouse.duckdb'))
  try {
    const nowMs = Date.now()
    const result = await runLakehouse({
      lakehouse,
      configuration,
      session,
      root: uri('lake'),
      landing: uri('landing'),
      nowMicros: BigInt(nowMs) * 1000n,
    })
    const task = { lakehouse, session, root: uri('lake'), tables: [], dryRun: false, nowMs }
    const clock = (): number => performance.now() - started
    const zorderStart = clock()
    const maintained = [...(await optimizeLakehouse(task, true)), ...(await vacuumLakehouse(task, null, false))]
    const exportStart = clock()
    const exported = await exportLakehouse({ lakehouse, session, root: uri('lake'), target, loadId: result.runId, nowMs })
    const exportEnd = clock()
    const generatedMs = clock() - result.durationMs - (exportEnd - zorderStart)
    const report = {
      ...reportOf(result, 'dev'),
      command: 'start',
      durationMs: clock() - generatedMs,
      ...{ steps: [...reportOf(result, 'dev').steps, ...maintenanceSteps(maintained, zorderStart - generatedMs), ...exportSteps(exported, exportStart - generatedMs)] },
      exports: exported.tables.map((table) => ({
        target: 'duckdb',
        location: exported.location,
        table: table.table,
        version: table.deltaVersion,
        rows: table.rowCount,
        status: table.status,
        reconciled: table.reconciliation === null ? null : true,
        durationMs: table.durationMs,
      })),
      facts: [
        { label: 'Sample data', value: `seed ${manifest.seed}, scale ${manifest.scale}` },
        { label: 'Threads', value: String(session.threads) },
      ],
      places: [
        { label: 'Landing', location: at('landing') },
        { label: 'Lake', location: at('lake') },
        { label: 'Warehouse', location: at('warehouse.duckdb') },
        { label: 'Report', location: at('reports') },
      ],
    }
    const page = await writeReport(report, at('reports'))
    progress.stop()
    const { isTTY, columns } = process.stdout
    process.stdout.write(renderSummary(report, { colour: isTTY === true, width: columns ?? 100 }))
    process.stdout.write(`
  Look at it
    open ${relative(process.cwd(), page)}
    npx deltaworks-console sql "select * from best_products_by_region" --root demo/lake
    npx deltaworks-console history fact_transactions --root demo/lake
    npx deltaworks-batch run --landing demo/landing --root demo/lake      (nothing new: nothing is written)
`)
    if (result.status === 'quality_failed') process.exitCode = 3
  } finally {
    progress.stop()
    await target.close()
    await session.close()
  }
}

void main().catch((error: unknown) => {
  process.exitCode = reportError(error, { json: false, debug: process.argv.includes('--debug') })
})
