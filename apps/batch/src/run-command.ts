import { interrupted, loadLakehouse, openSession, withCommonOptions, type CommonOptions } from '@deltaworks/cli'
import { resumeRun, runRecorded, type RecordedRun } from '@deltaworks/lakehouse'
import type { Session } from '@deltaworks/engine'
import { resolveUri } from '@deltaworks/storage'
import { showProgress } from '@deltaworks/telemetry'
import { Command, Option } from 'commander'
import { selectionOf, withBatchOptions, type BatchOptions } from './batch-options.js'
import { endOfRun } from './end-of-run.js'
import {
  runLimits,
  stepSelection,
  withLimitOptions,
  withStepOptions,
  type LimitOptions,
  type StepOptions,
} from './step-options.js'

interface ReportOption {
  readonly report: string | undefined
}
type RunOptions = BatchOptions & StepOptions & ReportOption
type ResumeOptions = CommonOptions & LimitOptions & ReportOption

const reportOption = (): Option =>
  new Option('--report <folder>', 'also write the report as HTML, JSON and Markdown into this folder')

export const runCommand = (signal: AbortSignal): Command =>
  withStepOptions(withBatchOptions(withCommonOptions(new Command('run'))))
    .description('Run the lakehouse: ingest what is new, check it, build what depends on it')
    .addOption(reportOption())
    .addHelpText('after', '\nExample:\n  deltaworks-batch run --landing ./landing --root ./lake --report ./reports')
    .action(async (options: RunOptions) => {
      const { lakehouse, configuration } = await loadLakehouse(options.lakehouse, options.env)
      await inSession(options, signal, (session) =>
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
      const { lakehouse } = await loadLakehouse(options.lakehouse, options.env)
      await inSession(options, signal, (session) => {
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
  signal: AbortSignal,
  task: (session: Session) => Promise<RecordedRun>,
): Promise<void> {
  const session = openSession(options)
  const progress = options.quiet || options.json ? null : showProgress(process.stderr)
  try {
    const run = await task(session)
    progress?.stop()
    process.exitCode = await endOfRun(run, options)
  } catch (error) {
    throw signal.aborted ? interrupted() : error
  } finally {
    progress?.stop()
    await session.close()
  }
}
