import { exitCode, exitCodeOf, report, type CommonOptions } from '@deltaworks/cli'
import type { RecordedRun, RunResult } from '@deltaworks/lakehouse'
import { secretMask, type ReportQuery } from '@deltaworks/telemetry'

interface EndOptions extends CommonOptions {
  readonly report: string | undefined
}

/** Null: nothing was done. */
export const resultOf = (run: RecordedRun): RunResult | null => (run.kind === 'ran' ? run.result : null)

/** Tells how a run ended, and with which exit code the process does. */
export async function endOfRun(
  run: RecordedRun,
  options: EndOptions,
  queries: readonly ReportQuery[] = [],
): Promise<number> {
  switch (run.kind) {
    case 'busy': {
      const { runId, host, pid, startedMs } = run.holder
      const since = new Date(startedMs).toISOString()
      say(`Run ${runId} is going on since ${since} (process ${pid} on ${host}); nothing was done.`, options, {
        status: 'busy',
        holder: run.holder,
      })
      return exitCode.done
    }
    case 'done':
      say(`Run ${run.manifest.runId} has ended already; nothing was done.`, options, {
        status: 'done',
        runId: run.manifest.runId,
      })
      return exitCode.done
    case 'ran': {
      const { result } = run
      await report(result, options, queries)
      for (const { step, code, message } of result.failures)
        process.stderr.write(secretMask.mask(`${code}: ${step}: ${message}\n`))
      const [failure] = result.failures
      if (failure !== undefined) return exitCodeOf(failure.fault)
      return result.status === 'quality_failed' ? exitCode.quality : exitCode.done
    }
  }
}

function say(sentence: string, { json, quiet }: CommonOptions, data: object): void {
  if (json) process.stdout.write(`${JSON.stringify(data)}\n`)
  else if (!quiet) process.stdout.write(`${sentence}\n`)
}
