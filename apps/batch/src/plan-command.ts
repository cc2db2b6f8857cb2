import { loadLakehouse, openSession, textTable, withCommonOptions } from '@deltaworks/cli'
import { estimateRun, planRun, type RunEstimate } from '@deltaworks/lakehouse'
import { resolveUri } from '@deltaworks/storage'
import { formatBytes, formatDuration } from '@deltaworks/telemetry'
import { Command } from 'commander'
import { selectionOf, withBatchOptions, type BatchOptions } from './batch-options.js'

export const planCommand = (signal: AbortSignal): Command =>
  withBatchOptions(withCommonOptions(new Command('plan')))
    .description('Show what a run would do, and why; nothing is written')
    .action(async (options: BatchOptions) => {
      const { lakehouse, configuration } = await loadLakehouse(options)
      const session = openSession(options)
      try {
        const run = {
          lakehouse,
          configuration,
          session,
          root: resolveUri(options.root),
          landing: resolveUri(options.landing),
          nowMicros: options.now ?? BigInt(Date.now()) * 1000n,
          selection: selectionOf(options),
          signal,
        }
        const steps = await planRun(run)
        const estimate = await estimateRun(run, { memoryBytes: options.memory })
        if (options.json) process.stdout.write(`${JSON.stringify({ steps, estimate }, null, 2)}\n`)
        else if (!options.quiet) {
          const rows = steps.map((step) => [step.action, step.table, step.reason])
          process.stdout.write(`${textTable(['action', 'table', 'because'], rows)}\n${inWords(estimate)}\n`)
        }
      } finally {
        await session.close()
      }
    })

function inWords({ readBytes, temporaryBytes, timeMs }: RunEstimate): string {
  const disk = temporaryBytes === 0 ? 'no temporary disk' : `up to ${formatBytes(temporaryBytes)} of temporary disk`
  const time = timeMs === null ? '' : `, about ${formatDuration(timeMs)} by earlier runs`
  return `Expected: ${formatBytes(readBytes)} of landing files, ${disk}${time}.`
}
