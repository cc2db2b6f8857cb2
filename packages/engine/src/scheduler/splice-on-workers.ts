import { kernelModule } from '@deltaworks/columnar'
import { errorFromData } from '@deltaworks/schema'
import { workerFailed } from '../errors.js'
import type { SpliceResult, SpliceRun } from '../splice-files.js'
import type { WorkerPool } from './worker-pool.js'

/** Each worker takes its share of the runs. @throws EngineError DW-ENGINE-0005; StorageError, FormatError */
export async function spliceOnWorkers(
  workers: WorkerPool,
  runs: readonly SpliceRun[],
  atATime: number,
): Promise<readonly SpliceResult[]> {
  const results: SpliceResult[] = []
  const shares = Array.from({ length: Math.min(workers.threads, runs.length) }, (_, worker) =>
    runs.flatMap((run, i) => (i % workers.threads === worker ? [{ run, i }] : [])),
  )
  const perWorker = Math.ceil(atATime / shares.length)
  const work = async (share: (typeof shares)[number]): Promise<void> => {
    const task = { runs: share.map(({ run }) => run), atATime: perWorker, kernels: kernelModule() }
    const result = await workers.splice(task).catch((error: unknown) => {
      // Whole files of a worker that died are not known here: who asked for them removes the folder.
      throw workerFailed('the staging of files', 1, error)
    })
    if (result.kind === 'failed') throw errorFromData(result.error)
    for (const [n, { i }] of share.entries()) results[i] = result.results[n]!
  }
  const done = await Promise.allSettled(shares.map(work))
  for (const one of done) if (one.status === 'rejected') throw one.reason
  return results
}
