import {
  interrupted,
  invalidOption,
  loadLakehouse,
  openSession,
  parseCount,
  recordQueries,
  watched,
  withCommonOptions,
  type CommonOptions,
  type LoadedLakehouse,
} from '@deltaworks/cli'
import { resumeRun, runRecorded, type RecordedRun } from '@deltaworks/lakehouse'
import type { Session } from '@deltaworks/engine'
import { resolveUri } from '@deltaworks/storage'
import { showProgress } from '@deltaworks/telemetry'
import { Command, Option } from 'commander'
import { selectionOf, withBatchOptions } from './batch-options.js'
import { endOfRun, resultOf } from './end-of-run.js'
import {
  runLimits,
  stepSelection,
  withLimitOptions,
  withStepOptions,
  type LimitOptions,
  type StepOptions,
} from './step-options.js'
import { watchRun, type WatchRunOptions } from './watch-run.js'

interface ReportOption {
  readonly report: string | undefined
}
type RunOptions = WatchRunOptions & StepOptions & { readonly watch: boolean }
type ResumeOptions = CommonOptions & LimitOptions & ReportOption

const reportOption = (): Option =>
  new Option('--report <folder>', 'also write the report as HTML, JSON and Markdown into this folder')

export const runCommand = (signal: AbortSignal): Command =>
  withStepOptions(withBatchOptions(withCommonOptions(new Command('run'))))
    .description('Run the lakehouse: ingest what is new, check it, build what depends on it')
    .addOption(reportOption())
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
      const loaded = await loadLakehouse(options)
      const { lakehouse, configuration } = loaded
      await inSession(options, loaded, signal, (session) =>
        runRecorded({
          lakehouse,
          configuration,
          session,
          environment: options.env,
          root: resolveUri(options.root),
          landing: resolveUri(options.landing),
          nowMicros: options.now ?? BigInt(Date.now()) * 1000n,
          selection: selectionOf(options),
          signal,
          steps: stepSelection(options),
          ...(options.runId === undefined ? {} : { runId: options.runId }),
          ...runLimits(options),
        }),
      )
    })

export const resumeCommand = (signal: AbortSignal): Command =>
  withLimitOptions(withCommonOptions(new Command('resume')))
    .description('Go on with a run that did not end, from the last step that it committed')
    .argument('[run]', 'default: the newest run that did not end')
    .addOption(reportOption())
    .addHelpText('after', '\nExample:\n  deltaworks-batch resume --root ./lake')
    .action(async (run: string | undefined, options: ResumeOptions) => {
      const loaded = await loadLakehouse(options)
      const { lakehouse } = loaded
      await inSession(options, loaded, signal, (session) => {
        const root = resolveUri(options.root)
        const environment = options.env
        return resumeRun({
          ...runLimits(options),
          ...(run === undefined ? {} : { runId: run }),
          lakehouse,
          session,
          environment,
          root,
          signal,
        })
      })
    })

async function inSession(
  options: ResumeOptions,
  loaded: LoadedLakehouse,
  signal: AbortSignal,
  task: (session: Session) => Promise<RecordedRun>,
): Promise<void> {
  const session = openSession(options)
  // Who writes no report pays nothing for it.
  const recorder = options.report === undefined ? null : recordQueries()
  const progress = options.quiet || options.json ? null : showProgress(process.stderr)
  try {
    const watching = { loaded, session, root: resolveUri(options.root), environment: options.env }
    const run = await watched(watching, () => task(session), resultOf, signal)
    progress?.stop()
    process.exitCode = await endOfRun(run, options, recorder?.queries)
  } catch (error) {
    throw signal.aborted ? interrupted() : error
  } finally {
    progress?.stop()
    recorder?.close()
    await session.close()
  }
}
const parsedSeconds = (option: string, description: string, value: number): Option =>
  new Option(`${option} <seconds>`, description).default(value).argParser((text) => {
    const seconds = Number(text)
    if (/^\d+(\.\d+)?$/.test(text) && seconds <= 86_400) return seconds
    throw invalidOption(option, text, 'give seconds, such as 5 or 0.5')
  })
