import { conditionsIgnored, type StorageError } from './errors.js'

/** Writers that race for one key in the probe, and what each of them writes. */
const racers = 4
const raceBytes = 32 * 1024

export interface ProbedStore {
  readonly uri: string
  readonly endpoint: string | undefined
  create(key: string, body: Uint8Array): Promise<'written' | 'exists'>
  remove(keys: readonly string[]): Promise<unknown>
  /** Whether a create failed because the store knows no such condition. */
  isUnsupported(error: unknown): boolean
}

/**
 * Tries whether the store holds the promise that commits rest on: of several writers that create one key, one succeeds. A store
 * that fails it is refused by name; one that passes may still break it under a load that this does not make.
 * @param key of an object that no listing shows
 * @throws StorageError DW-STORAGE-0012
 */
export async function probeCreation(store: ProbedStore, key: string): Promise<void> {
  const create = (suffix: string): Promise<'written' | 'exists'> =>
    store.create(key + suffix, new Uint8Array(raceBytes))
  const refusal = (finding: string): StorageError => conditionsIgnored(store.uri, store.endpoint ?? null, finding)
  try {
    await create('').catch((error: unknown) => {
      throw store.isUnsupported(error) ? refusal('it knows no If-None-Match') : error
    })
    if ((await create('')) === 'written') throw refusal('it ignores If-None-Match')
    const race = await Promise.all(Array.from({ length: racers }, () => create('-race')))
    const winners = race.filter((outcome) => outcome === 'written').length
    if (winners !== 1) throw refusal(`${winners} of ${racers} writers created one object`)
  } finally {
    // It may be forbidden to us; the probe's objects are small, and no listing shows them.
    await store.remove([key, `${key}-race`]).catch(() => undefined)
  }
}
