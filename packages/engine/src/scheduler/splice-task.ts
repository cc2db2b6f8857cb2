import { errorToData, type ErrorData } from '@deltaworks/schema'
import { spliceRuns, type SpliceResult, type SpliceRun } from '../splice-files.js'
import { threadContext } from './thread-context.js'

/** One worker's runs of files that are put together, as data. */
export interface SpliceTask {
  readonly runs: readonly SpliceRun[]
  readonly atATime: number
  readonly kernels: WebAssembly.Module
}

export type SpliceTaskResult =
  | { readonly kind: 'finished'; readonly results: readonly SpliceResult[] }
  | { readonly kind: 'failed'; readonly error: ErrorData }

/** Runs a task on this thread. Its errors are a result, so that a rejection means a dead worker. */
export async function spliceTask({ runs, atATime, kernels }: SpliceTask): Promise<SpliceTaskResult> {
  try {
    return { kind: 'finished', results: await spliceRuns(threadContext(kernels), runs, atATime) }
  } catch (error) {
    return { kind: 'failed', error: errorToData(error) }
  }
}
