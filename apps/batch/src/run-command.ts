import { exitCode, interrupted, loadLakehouse, openSession, report, withCommonOptions } from '@deltaworks/cli'
import { runLakehouse } from '@deltaworks/lakehouse'
import { resolveUri } from '@deltaworks/storage'
import { showProgress } from '@deltaworks/telemetry'
import { Command, Option } from 'commander'
import { selectionOf, withBatchOptions, type BatchOptions } from './batch-options.js'

interface RunOptions extends BatchOptions {
  readonly report: string | undefined
}

export const runCommand = (signal: AbortSignal): Command =>
  withBatchOptions(withCommonOptions(new Command('run')))
    .description('Run the lakehouse: ingest what is new, check it, build what depends on it')
    .addOption(new Option('--report <folder>', 'also write the report as HTML, JSON and Markdown into this folder'))
    .addHelpText('after', '\nExample:\n  deltaworks-batch run --landing ./landing --root ./lake --report ./reports')
    .action(async (options: RunOptions) => {
      const { lakehouse, configuration } = await loadLakehouse(options.lakehouse, options.env)
      const session = openSession(options)
      const progress = options.quiet || options.json ? null : showProgress(process.stderr)
      try {
        const result = await runLakehouse({
          lakehouse,
          configuration,
          session,
          root: resolveUri(options.root),
          landing: resolveUri(options.landing),
          nowMicros: options.now ?? BigInt(Date.now()) * 1000n,
          selection: selectionOf(options),
          signal,
        })
        progress?.stop()
        await report(result, options)
        process.exitCode = result.status === 'quality_failed' ? exitCode.quality : exitCode.done
      } catch (error) {
        throw signal.aborted ? interrupted() : error
      } finally {
        progress?.stop()
        await session.close()
      }
    })
