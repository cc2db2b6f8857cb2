import { exitCode, loadLakehouse, openSession, textTable, withCommonOptions, type CommonOptions } from '@deltaworks/cli'
import { replayRun } from '@deltaworks/lakehouse'
import { resolveUri } from '@deltaworks/storage'
import { Command } from 'commander'

interface ReplayOptions extends CommonOptions {
  readonly into: string
}

export const replayCommand = (signal: AbortSignal): Command =>
  withCommonOptions(new Command('replay'))
    .description('Make the tables of a run again from what it read, in another lake, and compare them')
    .argument('<run>', 'see history')
    .requiredOption('--into <uri>', 'an empty lake for the tables')
    .addHelpText('after', '\nExample:\n  deltaworks-batch replay 20260131T060000000Z --root ./lake --into ./replay')
    .action(async (runId: string, options: ReplayOptions) => {
      const { lakehouse } = await loadLakehouse(options)
      const session = openSession(options)
      try {
        const root = resolveUri(options.root)
        const { tables, software } = await replayRun({
          lakehouse,
          session,
          root,
          runId,
          into: resolveUri(options.into),
          signal,
        })
        if (options.json) process.stdout.write(`${JSON.stringify({ runId, tables, software })}\n`)
        else if (!options.quiet) {
          const rows = tables.map((t) => [
            t.table,
            t.how,
            String(t.version),
            t.equal ? 'equal' : 'different',
            t.expected,
            t.actual,
          ])
          process.stdout.write(`${textTable(['table', 'how', 'version', 'rows', 'logical hash then', 'now'], rows)}\n`)
          const { then, now } = software
          if (then !== null && then.deltaworks !== now.deltaworks)
            process.stdout.write(`It ran with Deltaworks ${then.deltaworks}; this is ${now.deltaworks}.\n`)
        }
        process.exitCode = tables.every(({ equal }) => equal) ? exitCode.done : exitCode.failed
      } finally {
        await session.close()
      }
    })
