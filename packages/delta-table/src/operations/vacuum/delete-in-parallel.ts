import type { ObjectStore } from '@deltaworks/storage'

/** What a bucket takes in one request. */
const pathsARequest = 1000
const requestsAtOnce = 8

/** Deletes objects, some requests at a time. Another VACUUM may delete the same: what is gone is gone. */
export async function deleteInParallel(
  store: ObjectStore,
  paths: readonly string[],
  signal?: AbortSignal,
): Promise<void> {
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < paths.length) {
      signal?.throwIfAborted()
      const first = next
      next += pathsARequest
      await store.delete(paths.slice(first, first + pathsARequest))
    }
  }
  await Promise.all(Array.from({ length: Math.min(requestsAtOnce, Math.ceil(paths.length / pathsARequest)) }, worker))
}
