import {
  invalidOption,
  loadLakehouse,
  openSession,
  textTable,
  withCommonOptions,
  type CommonOptions,
} from '@deltaworks/cli'
import {
  checkpointLakehouse,
  maintainAlone,
  optimizeLakehouse,
  vacuumLakehouse,
  type MaintenanceOptions,
  type MaintenanceResult,
} from '@deltaworks/lakehouse'
import { resolveUri } from '@deltaworks/storage'
import { Command, Option } from 'commander'
import { tellBusy } from './tell-busy.js'

interface Options extends CommonOptions {
  readonly dryRun: boolean
}
interface VacuumOptions extends Options {
  readonly retain: number | undefined
  readonly force: boolean
  readonly lite: boolean
}

type Task = (options: MaintenanceOptions) => Promise<readonly MaintenanceResult[]>

const command = (name: string, description: string): Command =>
  withCommonOptions(new Command(name))
    .description(description)
    .argument('[tables...]', 'tables by name; default all that ask for it')
    .addOption(new Option('--dry-run', 'show what would be done; nothing is written').default(false))

export const optimizeCommand = (name: 'optimize' | 'zorder', signal: AbortSignal): Command =>
  command(
    name,
    name === 'optimize' ? 'Put small files together' : 'Order rows along a Z curve of the columns that a table names',
  ).action((tables: string[], options: Options) =>
    maintain(tables, options, signal, (task) => optimizeLakehouse(task, name === 'zorder')),
  )

export const vacuumCommand = (signal: AbortSignal): Command =>
  command('vacuum', 'Delete files that no version inside the retention needs')
    .addOption(new Option('--retain <hours>', 'instead of the table’s own retention').argParser(parseHours))
    .addOption(
      new Option('--force', 'allow a retention below 7 days: only if no other process reads or writes').default(false),
    )
    .addOption(
      new Option('--lite', 'find files in the log instead of listing folders: only what commits have removed').default(
        false,
      ),
    )
    .action((tables: string[], options: VacuumOptions) =>
      maintain(tables, options, signal, (task) =>
        vacuumLakehouse(task, options.retain ?? null, options.force, options.lite ? 'lite' : 'full'),
      ),
    )

export const checkpointCommand = (signal: AbortSignal): Command =>
  command('checkpoint', 'Write a checkpoint of each table’s log').action((tables: string[], options: Options) =>
    maintain(tables, options, signal, checkpointLakehouse),
  )

/** @throws UsageError DW-CLI-0001 */
function parseHours(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw invalidOption('--retain', text, 'give a number of hours')
  return Number(text)
}

async function maintain(tables: readonly string[], options: Options, signal: AbortSignal, task: Task): Promise<void> {
  const { lakehouse } = await loadLakehouse(options)
  const session = openSession(options)
  try {
    const root = resolveUri(options.root)
    const nowMs = Date.now()
    const { dryRun } = options
    const done = await maintainAlone(root, `maintenance-${nowMs}`, (beforeWriting) =>
      task({ lakehouse, session, root, tables, dryRun, nowMs, signal, beforeWriting }),
    )
    if (done.kind === 'busy') return tellBusy(done.holder, options)
    const results = done.result
    if (options.json) process.stdout.write(`${JSON.stringify({ results })}\n`)
    else if (!options.quiet) process.stdout.write(`${shown(results, options.dryRun)}\n`)
  } finally {
    await session.close()
  }
}

function shown(results: readonly MaintenanceResult[], dryRun: boolean): string {
  const table = textTable(
    ['operation', 'table', 'status', 'files before', 'after', 'deleted', 'ms'],
    results.map((r) => [
      r.operation,
      r.table,
      r.status,
      String(r.filesBefore),
      String(r.filesAfter),
      String(r.filesDeleted),
      r.durationMs.toFixed(0),
    ]),
    [false, false, false, true, true, true, true],
  )
  const paths = dryRun ? results.flatMap((r) => r.paths.map((path) => `${r.table}: would delete ${path}`)) : []
  return [table, ...paths].join('\n')
}
