import { fileURLToPath } from 'node:url'
import { loadLakehouse, openSession, textTable, withCommonOptions, type CommonOptions } from '@deltaworks/cli'
import { exportLakehouse, planLakehouseExport } from '@deltaworks/lakehouse'
import { resolveUri } from '@deltaworks/storage'
import { duckDbTarget, formatPlan } from '@deltaworks/warehouse'
import { Command, Option } from 'commander'

interface Options extends CommonOptions {
  readonly target: string
  readonly dryRun: boolean
}

export const duckDbCommand = (): Command =>
  withCommonOptions(new Command('duckdb'))
    .description('Load into an embedded DuckDB file, in one transaction, reconciled against the lake')
    .addOption(new Option('--target <uri>', 'the DuckDB file').default('warehouse.duckdb'))
    .addOption(new Option('--dry-run', 'print the SQL; nothing is written').default(false))
    .action(async (options: Options) => {
      const { lakehouse } = await loadLakehouse(options.lakehouse, options.env)
      const session = openSession(options)
      const uri = resolveUri(options.target)
      const target = duckDbTarget(uri.startsWith('file:') ? fileURLToPath(uri) : options.target)
      const nowMs = Date.now()
      const task = { lakehouse, session, root: resolveUri(options.root), target, loadId: `export-${nowMs}`, nowMs }
      try {
        if (options.dryRun) {
          process.stdout.write(`${formatPlan(await planLakehouseExport(task))}\n`)
          return
        }
        const result = await exportLakehouse(task)
        if (options.json) process.stdout.write(`${JSON.stringify(result, bigintText)}\n`)
        else if (!options.quiet) {
          const rows = result.tables.map((t) => [
            t.table,
            t.status,
            String(t.rowCount),
            String(t.deltaVersion),
            t.reconciliation === null ? '' : 'agrees',
          ])
          const table = textTable(['table', 'status', 'rows', 'version', 'lake'], rows, [false, false, true, true])
          process.stdout.write(`${table}\n${result.rowsLoaded} rows loaded into ${result.location}\n`)
        }
      } finally {
        await target.close()
        await session.close()
      }
    })

const bigintText = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? value.toString() : value)
