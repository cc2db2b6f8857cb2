import { openStore } from '@deltaworks/storage'
import { decodeJson, encodeJson, numberedPath, numberOfPath } from '../runs/numbered-objects.js'
import { promotionsPath } from '../runs/operations-path.js'

/** What was let into an environment, from where, and on what grounds. Kept in the lake of that environment. */
export interface PromotionRecord {
  readonly formatVersion: 1
  readonly promotedMs: number
  readonly lakehouse: string
  readonly from: { readonly environment: string; readonly root: string; readonly runId: string }
  readonly to: { readonly environment: string; readonly root: string }
  /** Hash of each definition without configuration, by the path of its table. */
  readonly definitions: Readonly<Record<string, number>>
  /** Hash of how each table's rules are written; absent in records of earlier versions. */
  readonly rules?: Readonly<Record<string, number>>
  /** Version control's name of the code, if it is known. */
  readonly commit: string | null
  readonly by: string
  /** Keys of the configuration that differed then. */
  readonly differences: readonly string[]
}

export async function latestPromotion(root: string): Promise<PromotionRecord | null> {
  const store = openStore(root)
  const last = (await store.list(promotionsPath)).at(-1)
  return last === undefined ? null : (decodeJson(await store.get(last.path)) as PromotionRecord)
}

/** Puts the record behind the ones that are there; none is ever written over. */
export async function recordPromotion(record: PromotionRecord): Promise<void> {
  const store = openStore(record.to.root)
  for (;;) {
    const last = (await store.list(promotionsPath)).at(-1)
    const path = numberedPath(promotionsPath, last === undefined ? 1 : numberOfPath(last.path) + 1)
    if ((await store.put(path, encodeJson(record), 'create')) !== 'exists') return
  }
}
