import { loadLakehouse, openSession, textTable, withCommonOptions } from '@deltaworks/cli'
import { planRun } from '@deltaworks/lakehouse'
import { resolveUri } from '@deltaworks/storage'
import { Command } from 'commander'
import { selectionOf, withBatchOptions, type BatchOptions } from './batch-options.js'

export const planCommand = (signal: AbortSignal): Command =>
  withBatchOptions(withCommonOptions(new Command('plan')))
    .description('Show what a run would do, and why; nothing is written')
    .action(async (options: BatchOptions) => {
      const { lakehouse, configuration } = await loadLakehouse(options)
      const session = openSession(options)
      try {
        const steps = await planRun({
          lakehouse,
          configuration,
          session,
          root: resolveUri(options.root),
          landing: resolveUri(options.landing),
          nowMicros: options.now ?? BigInt(Date.now()) * 1000n,
          selection: selectionOf(options),
          signal,
        })
        if (options.json) process.stdout.write(`${JSON.stringify({ steps }, null, 2)}\n`)
        else if (!options.quiet) {
          const rows = steps.map((step) => [step.action, step.table, step.reason])
          process.stdout.write(`${textTable(['action', 'table', 'because'], rows)}\n`)
        }
      } finally {
        await session.close()
      }
    })
