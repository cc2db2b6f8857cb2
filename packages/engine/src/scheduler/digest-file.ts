import { errorFromData } from '@deltaworks/schema'
import { isThreadLocal } from '@deltaworks/storage'
import { workerFailed } from '../errors.js'
import { digestOf, type DigestTask } from './digest-task.js'
import type { WorkerPool } from './worker-pool.js'

/** SHA-256 of a file's content, hex. A worker reads it, if there are any and they can, so that this thread goes on meanwhile. */
export async function digestFile(file: DigestTask, workers: WorkerPool | null): Promise<string> {
  if (workers === null || isThreadLocal(file.store)) return digestOf(file)
  const result = await workers.digest(file).catch((error: unknown) => {
    throw workerFailed('the hashing of a file', 1, error)
  })
  if (result.kind === 'failed') throw errorFromData(result.error)
  return result.sha256
}
