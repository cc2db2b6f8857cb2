import { invalidOption, openSession, parseTimestampMs, withCommonOptions, type CommonOptions } from '@deltaworks/cli'
import { DeltaTable } from '@deltaworks/delta-table'
import { batchToRows } from '@deltaworks/columnar'
import { scan } from '@deltaworks/plan'
import { resolveUri } from '@deltaworks/storage'
import { Command, Option } from 'commander'
import { formatOption, formatRows, type RowFormat } from './print-rows.js'

interface Options extends CommonOptions {
  readonly version: number | undefined
  readonly timestamp: number | undefined
  readonly columns: string | undefined
  readonly format: RowFormat
}

export const readCommand = (signal: AbortSignal): Command =>
  withCommonOptions(new Command('read'))
    .description('Print the rows of any Delta table')
    .argument('<table>', 'path or URI')
    .addOption(new Option('--version <n>', 'an earlier version').argParser(parseVersion))
    .addOption(new Option('--timestamp <t>', 'the version of that time').argParser(parseTimestampMs))
    .addOption(new Option('--columns <a,b>', 'only these columns'))
    .addOption(formatOption())
    .action(async (path: string, options: Options) => {
      const session = openSession(options)
      try {
        const table = await DeltaTable.open(session, resolveUri(path), {
          ...(options.version === undefined ? {} : { version: options.version }),
          ...(options.timestamp === undefined ? {} : { timestampMs: options.timestamp }),
        })
        const all = scan(table.provider())
        const rows =
          options.columns === undefined ? all : all.select(...options.columns.split(',').map((c) => c.trim()))
        if (options.quiet) return
        const format = options.json ? 'jsonl' : options.format
        if (format === 'table') {
          const result = await session.collect(rows, { signal })
          process.stdout.write(formatRows(result.schema, result.rows, format))
          return
        }
        if (format === 'csv') process.stdout.write(formatRows(rows.schema, [], format))
        for await (const batch of session.stream(rows, { signal })) {
          const text = formatRows(batch.schema, batchToRows(session.context.heap, batch), format)
          process.stdout.write(format === 'csv' ? text.slice(text.indexOf('\n') + 1) : text)
        }
      } finally {
        await session.close()
      }
    })

/** @throws UsageError DW-CLI-0001 */
function parseVersion(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw invalidOption('--version', text, 'give a whole number')
  return Number(text)
}
