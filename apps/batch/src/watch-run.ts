import { loadLakehouse, openOperations, openSession, report, usageProblem } from '@deltaworks/cli'
import { runRecorded, watchLakehouse, type RunResult } from '@deltaworks/lakehouse'
import { errorToData } from '@deltaworks/schema'
import { resolveUri, SqsNotifications } from '@deltaworks/storage'
import { selectionOf, type BatchOptions } from './batch-options.js'
import { resultOf } from './end-of-run.js'

export interface WatchRunOptions extends BatchOptions {
  readonly report: string | undefined
  readonly interval: number
  readonly settle: number
  readonly maxFiles: number
  readonly queue: string | undefined
}

/** `run --watch`: a line a batch, until a signal comes; then the batch under way is finished, and the exit code is 0. */
export async function watchRun(options: WatchRunOptions, stop: AbortSignal): Promise<void> {
  if (options.now !== undefined) throw usageProblem('--now is for a single run; --watch has the system’s clock.')
  if (options.reprocess)
    throw usageProblem('--reprocess would read the same files for ever with --watch; run it alone.')
  const loaded = await loadLakehouse(options)
  const { lakehouse, configuration } = loaded
  const session = openSession(options)
  const root = resolveUri(options.root)
  try {
    const operations = await openOperations({ loaded, session, root, environment: options.env })
    const summary = await watchLakehouse({
      lakehouse,
      configuration,
      session,
      root,
      landing: resolveUri(options.landing),
      selection: selectionOf(options),
      intervalMs: options.interval * 1000,
      settleMs: options.settle * 1000,
      maxFiles: options.maxFiles,
      ...(options.queue === undefined ? {} : { notifications: new SqsNotifications(options.queue) }),
      stop,
      run: async (batch) => {
        const run = await runRecorded({ ...batch, environment: options.env })
        const result = resultOf(run)
        await operations.ended(result, null)
        return result
      },
      onBatch: async (result) => {
        if (options.report !== undefined) await report(result, { ...options, json: false, quiet: true })
        tell(options, batchOf(result), inWords(result))
      },
      onFailure: (error) => {
        void operations.ended(null, error)
        const { code, message } = errorToData(error)
        process.stderr.write(
          options.json ? `${JSON.stringify({ error: { code, message } })}\n` : `${code}: ${message}\n`,
        )
      },
    })
    await operations.close()
    tell(
      options,
      { stopped: true, ...summary },
      `Stopped after ${summary.batches} batches, ${summary.failures} failed.`,
    )
  } finally {
    await session.close()
  }
}

const freshFiles = ({ files }: RunResult) => files.filter((file) => file.state !== 'known')
const rowsIngested = ({ steps }: RunResult): number =>
  steps.reduce((sum, step) => (step.kind === 'ingest' ? sum + step.rowsOut : sum), 0)

const batchOf = (result: RunResult): object => ({
  run: result.runId,
  status: result.status,
  files: freshFiles(result).map((file) => file.path),
  rows: rowsIngested(result),
  quarantined: result.quarantined,
  durationMs: Math.round(result.durationMs),
})

function inWords(result: RunResult): string {
  const quarantined = result.quarantined === 0 ? '' : `, ${result.quarantined} quarantined`
  const facts = `${freshFiles(result).length} files, ${rowsIngested(result)} rows${quarantined}`
  return `${result.runId}  ${result.status}: ${facts}, ${(result.durationMs / 1000).toFixed(1)} s`
}

function tell(options: Pick<WatchRunOptions, 'json' | 'quiet'>, data: object, text: string): void {
  if (options.json) process.stdout.write(`${JSON.stringify(data)}\n`)
  else if (!options.quiet) process.stdout.write(`${text}\n`)
}
