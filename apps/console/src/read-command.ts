import { openSession, parseTimestampMs, withCommonOptions, type CommonOptions } from '@deltaworks/cli'
import { DeltaTable } from '@deltaworks/delta-table'
import { DataFrame, scan } from '@deltaworks/plan'
import { resolveUri } from '@deltaworks/storage'
import { Command, Option } from 'commander'
import { parseVersion } from './parse-version.js'
import { printQuery, tableFormatOption, type TableFormat } from './print-query.js'

interface Options extends CommonOptions {
  readonly version: number | undefined
  readonly timestamp: number | undefined
  readonly columns: string | undefined
  readonly rowIds: boolean
  readonly format: TableFormat
}

export const readCommand = (signal: AbortSignal): Command =>
  withCommonOptions(new Command('read'))
    .description('Print the rows of any Delta table')
    .argument('<table>', 'path or URI')
    .addOption(new Option('--version <n>', 'an earlier version').argParser(parseVersion('--version')))
    .addOption(new Option('--timestamp <t>', 'the version of that time').argParser(parseTimestampMs))
    .addOption(new Option('--columns <a,b>', 'only these columns'))
    .addOption(
      new Option('--row-ids', 'with _row_id and _row_commit_version, for tables that track rows').default(false),
    )
    .addOption(tableFormatOption())
    .action(async (path: string, options: Options) => {
      const session = openSession(options)
      try {
        const table = await DeltaTable.open(session, resolveUri(path), {
          ...(options.version === undefined ? {} : { version: options.version }),
          ...(options.timestamp === undefined ? {} : { timestampMs: options.timestamp }),
        })
        const all = options.rowIds ? new DataFrame(table.rowsWithIds()) : scan(table.provider())
        const rows =
          options.columns === undefined ? all : all.select(...options.columns.split(',').map((c) => c.trim()))
        if (options.quiet) return
        await printQuery(session, rows.plan, options.json ? 'jsonl' : options.format, signal)
      } finally {
        await session.close()
      }
    })
