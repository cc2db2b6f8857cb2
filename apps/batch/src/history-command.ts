import {
  loadLakehouse,
  openSession,
  parseCount,
  textTable,
  withCommonOptions,
  type CommonOptions,
} from '@deltaworks/cli'
import { readJournal, unfinishedRun } from '@deltaworks/lakehouse'
import { resolveUri } from '@deltaworks/storage'
import { Command, Option } from 'commander'

interface HistoryOptions extends CommonOptions {
  readonly limit: number
}

export const historyCommand = (): Command =>
  withCommonOptions(new Command('history'))
    .description('The runs of a lake, the newest first')
    .addOption(new Option('--limit <n>', 'at most so many').default(20).argParser(parseCount('--limit')))
    .action(async (options: HistoryOptions) => {
      await loadLakehouse(options)
      const session = openSession(options)
      try {
        const root = resolveUri(options.root)
        const runs = await readJournal(session, root, options.limit)
        const unfinished = await unfinishedRun(root)
        if (options.json) {
          process.stdout.write(`${JSON.stringify({ runs, unfinished: unfinished?.runId ?? null })}\n`)
        } else if (!options.quiet) {
          const rows = runs.map((run) => [
            run.runId,
            run.status,
            run.environment,
            new Date(run.startedMs).toISOString(),
            `${(run.durationMs / 1000).toFixed(2)} s`,
            String(run.rowsIn),
            String(run.rowsOut),
            String(run.rowsQuarantined),
          ])
          const header = ['run', 'status', 'environment', 'started', 'took', 'rows in', 'rows out', 'quarantined']
          const numbers = [false, false, false, false, true, true, true, true]
          process.stdout.write(`${textTable(header, rows, numbers)}\n`)
          if (unfinished !== null) {
            process.stdout.write(`\nRun ${unfinished.runId} did not end. Go on with it: deltaworks-batch resume\n`)
          }
        }
      } finally {
        await session.close()
      }
    })
