import {
  exitCode,
  interrupted,
  invalidOption,
  loadLakehouse,
  openSession,
  parseCount,
  report,
  withCommonOptions,
} from '@deltaworks/cli'
import { runLakehouse } from '@deltaworks/lakehouse'
import { resolveUri } from '@deltaworks/storage'
import { showProgress } from '@deltaworks/telemetry'
import { Command, Option } from 'commander'
import { selectionOf, withBatchOptions } from './batch-options.js'
import { watchRun, type WatchRunOptions } from './watch-run.js'

interface RunOptions extends WatchRunOptions {
  readonly watch: boolean
}

export const runCommand = (signal: AbortSignal): Command =>
  withBatchOptions(withCommonOptions(new Command('run')))
    .description('Run the lakehouse: ingest what is new, check it, build what depends on it')
    .addOption(new Option('--report <folder>', 'also write the report as HTML, JSON and Markdown into this folder'))
    .addOption(new Option('--watch', 'go on with what arrives, batch by batch, until a signal comes').default(false))
    .addOption(parsedSeconds('--interval', 'with --watch: look at the landing zone this often', 5))
    .addOption(parsedSeconds('--settle', 'with --watch: leave files alone that were modified in these last seconds', 0))
    .addOption(
      new Option('--max-files <n>', 'with --watch: files of a source in one batch')
        .argParser(parseCount('--max-files'))
        .default(1000),
    )
    .addOption(new Option('--queue <url>', 'with --watch: an SQS queue that the landing bucket tells of new objects'))
    .addHelpText(
      'after',
      '\nExamples:\n  deltaworks-batch run --landing ./landing --root ./lake --report ./reports' +
        '\n  deltaworks-batch run --watch --interval 10 --landing s3://landing/shop --root s3://lake/dev',
    )
    .action(async (options: RunOptions) => {
      if (options.watch) return watchRun(options, signal)
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

const parsedSeconds = (option: string, description: string, value: number): Option =>
  new Option(`${option} <seconds>`, description).default(value).argParser((text) => {
    const seconds = Number(text)
    if (/^\d+(\.\d+)?$/.test(text) && seconds <= 86_400) return seconds
    throw invalidOption(option, text, 'give seconds, such as 5 or 0.5')
  })
