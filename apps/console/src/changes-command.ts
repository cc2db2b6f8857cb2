import { openSession, withCommonOptions, type CommonOptions } from '@deltaworks/cli'
import { DeltaTable } from '@deltaworks/delta-table'
import { DataFrame } from '@deltaworks/plan'
import { resolveUri } from '@deltaworks/storage'
import { Command, Option } from 'commander'
import { parseVersion } from './parse-version.js'
import { printQuery, tableFormatOption, type TableFormat } from './print-query.js'

interface Options extends CommonOptions {
  readonly from: number
  readonly to: number | undefined
  readonly format: TableFormat
}

export const changesCommand = (signal: AbortSignal): Command =>
  withCommonOptions(new Command('changes'))
    .description('Print the change data feed of a Delta table')
    .argument('<table>', 'path or URI')
    .addOption(new Option('--from <n>', 'the first version').argParser(parseVersion('--from')).makeOptionMandatory())
    .addOption(new Option('--to <n>', 'the last version, default the latest').argParser(parseVersion('--to')))
    .addOption(tableFormatOption())
    .action(async (path: string, options: Options) => {
      const session = openSession(options)
      try {
        const table = await DeltaTable.open(session, resolveUri(path))
        const changes = new DataFrame(
          await table.changes({
            from: { version: options.from },
            ...(options.to === undefined ? {} : { to: { version: options.to } }),
          }),
        )
        if (options.quiet) return
        const format = options.json ? 'jsonl' : options.format
        // JSON lines are there to be compared, and no two tables are committed to at one time.
        const shown = format === 'jsonl' ? changes.select(...changes.columns.slice(0, -1)) : changes
        await printQuery(session, shown.plan, format, signal)
      } finally {
        await session.close()
      }
    })
