import {
  loadLakehouse,
  openSession,
  parseCount,
  textTable,
  withCommonOptions,
  type CommonOptions,
} from '@deltaworks/cli'
import { readDecisions, tableOf, type DecisionEntry } from '@deltaworks/lakehouse'
import { resolveUri } from '@deltaworks/storage'
import { Command, Option } from 'commander'

interface LogOptions extends CommonOptions {
  readonly limit: number
  readonly all: boolean
}

export const logCommand = (): Command =>
  withCommonOptions(new Command('log'))
    .description('What maintenance runs decided about tables, and why, the newest first')
    .argument('[tables...]', 'tables by name; default all')
    .addOption(new Option('--limit <n>', 'at most so many').default(50).argParser(parseCount('--limit')))
    .addOption(new Option('--all', 'also what was below its threshold').default(false))
    .action(async (tables: string[], options: LogOptions) => {
      const { lakehouse } = await loadLakehouse(options)
      const names = tables.map((name) => tableOf(lakehouse, name).name)
      const session = openSession(options)
      try {
        const { limit, all } = options
        const decisions = await readDecisions(session, resolveUri(options.root), { tables: names, limit, all })
        if (options.json) process.stdout.write(`${JSON.stringify({ decisions })}\n`)
        else if (!options.quiet) process.stdout.write(`${shown(decisions)}\n`)
      } finally {
        await session.close()
      }
    })

function shown(decisions: readonly DecisionEntry[]): string {
  if (decisions.length === 0) return 'No maintenance run has decided anything that is due; --all shows the rest.'
  return textTable(
    ['decided', 'table', 'operation', 'decision', 'rewritten', 'freed', 'seconds', 'benefit', 'why'],
    decisions.map((entry) => [
      new Date(entry.decidedMs).toISOString(),
      entry.table,
      entry.operation,
      entry.decision,
      megabytes(entry.bytesRewritten),
      megabytes(entry.bytesFreed),
      entry.seconds?.toFixed(1) ?? '',
      entry.benefit === null ? '' : `${entry.benefit.toPrecision(2)} s a query`,
      entry.reason,
    ]),
    [false, false, false, false, true, true, true, true, false],
  )
}

const megabytes = (bytes: number | null): string =>
  bytes === null || bytes === 0 ? '' : `${(bytes / 1e6).toFixed(bytes < 1e7 ? 2 : 0)} MB`
