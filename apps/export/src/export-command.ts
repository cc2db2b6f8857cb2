import { loadLakehouse, openSession, textTable, watched, withCommonOptions, type CommonOptions } from '@deltaworks/cli'
import { exportLakehouse, planLakehouseExport } from '@deltaworks/lakehouse'
import { resolveUri } from '@deltaworks/storage'
import { formatPlan, type ExportResult, type WarehouseTarget } from '@deltaworks/warehouse'
import { Command, Option } from 'commander'
import { chooseExport, type ChoiceOptions } from './chosen-export.js'
import { readLayouts } from './layout-file.js'
import { unload } from './unload.js'

export interface ExportCommandOptions extends CommonOptions, ChoiceOptions {
  readonly dryRun: boolean
  readonly layout: string | undefined
  readonly certify: boolean
  readonly unload: string | undefined
  readonly into: string | undefined
  readonly ifExists: 'fail' | 'append' | 'overwrite'
}

export interface TargetDescription<O extends ExportCommandOptions> {
  readonly name: string
  readonly description: string
  readonly options: readonly Option[]
  /** Of `--memory`, what the target takes; default 0: it runs elsewhere. */
  readonly memoryShare?: number
  readonly open: (options: O) => WarehouseTarget | Promise<WarehouseTarget>
}

/** A command that loads one kind of warehouse. */
export function exportCommand<O extends ExportCommandOptions>(target: TargetDescription<O>): Command {
  const command = withCommonOptions(new Command(target.name)).description(target.description)
  for (const option of [...target.options, ...loadOptions()]) command.addOption(option)
  return command.action((options: O) => run(target, options))
}

const loadOptions = (): readonly Option[] => [
  new Option('--mode <mode>', 'how tables are loaded; auto: what has changed, where that can be told, else whole')
    .choices(['auto', 'full', 'append', 'merge', 'incremental'])
    .default('auto'),
  new Option('--drift <policy>', 'what a changed definition may do to a table that is there')
    .choices(['fail', 'append', 'sync'])
    .default('append'),
  new Option('--tables <names>', 'only these tables, separated by commas'),
  new Option('--run <id>', 'tables as this run left them; default: as they are published'),
  new Option('--as-of <timestamp>', 'tables as readers of the lake saw them then: 2026-01-31T06:00:00Z'),
  new Option('--table-version <name=n...>', 'a table at a version'),
  new Option('--resume', 'go on with the newest export into this warehouse that did not end').default(false),
  new Option('--layout <file>', 'JSON: distribution, encodings, clustering, grants, masking and actions by table'),
  new Option('--certify', 'write what both sides agree on down in the lake: quality/certified_loads').default(false),
  new Option('--unload <query>', 'the way back: a table of the warehouse, or a SELECT, is written to --into'),
  new Option('--into <uri>', 'the Delta table that --unload writes'),
  new Option('--if-exists <what>', 'what --unload does to a table that is there')
    .choices(['fail', 'append', 'overwrite'])
    .default('fail'),
  new Option('--dry-run', 'print the SQL; nothing is written').default(false),
]

async function run<O extends ExportCommandOptions>(description: TargetDescription<O>, options: O): Promise<void> {
  if (options.unload !== undefined || options.into !== undefined)
    return unload(await description.open(options), options)
  const loaded = await loadLakehouse(options)
  const { lakehouse } = loaded
  const layouts = readLayouts(options.layout)
  const target = await description.open(options)
  const { memory, threads } = options
  const forEngine = memory === undefined ? undefined : Math.floor(memory * (1 - (description.memoryShare ?? 0)))
  const session = openSession({ memory: forEngine, threads })
  try {
    const { certify } = options
    const nowMs = Date.now()
    const root = resolveUri(options.root)
    const chosen = await chooseExport(options, { lakehouse, session, root, target, nowMs })
    const task = { lakehouse, session, root, target, layouts, ...chosen }
    if (options.dryRun) process.stdout.write(`${formatPlan(await planLakehouseExport(task))}\n`)
    else {
      const watching = { loaded, session, root, environment: options.env, task: 'export' } as const
      const work = () => exportLakehouse({ ...task, nowMs, certify })
      print(await watched(watching, work, () => null, new AbortController().signal), options)
    }
  } finally {
    await target.close()
    await session.close()
  }
}

function print(result: ExportResult, options: ExportCommandOptions): void {
  if (options.json) process.stdout.write(`${JSON.stringify(result, bigintText)}\n`)
  else if (!options.quiet) {
    const rows = result.tables.map((t) => [
      t.table,
      t.status,
      t.mode ?? '',
      String(t.rowCount),
      String(t.deltaVersion),
      t.reconciliation === null ? '' : 'agrees',
    ])
    const titles = ['table', 'status', 'mode', 'rows', 'version', 'lake']
    const table = textTable(titles, rows, [false, false, false, true, true])
    process.stdout.write(`${table}\n${result.rowsLoaded} rows loaded into ${result.location}\n`)
  }
}

const bigintText = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? value.toString() : value)
