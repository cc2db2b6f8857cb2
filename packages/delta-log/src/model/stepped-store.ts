import { type MemoryStore, StorageError, type ObjectStore, type PutMode } from '@deltaworks/storage'

/** A call of a writer that waits for its turn. */
export interface Call {
  readonly verb: 'get' | 'put'
  readonly path: string
}

/** What may happen at a writer's call. `lost`: the call is done, but its answer does not arrive. */
export type Outcome = 'done' | 'crash before' | 'crash after' | 'lost'

const commitName = /\/\d{20}\.json$/

/**
 * A writer's view of a store in which every call on a commit of the log waits until `step` lets it happen: so a search decides
 * the order of all writers' calls. Calls on other files happen at once; nobody else's outcome depends on them.
 */
export class SteppedStore {
  readonly store: ObjectStore
  readonly #inner: MemoryStore
  #waiting: { readonly call: Call; readonly resume: (outcome: Outcome) => Promise<void> } | null = null

  constructor(inner: MemoryStore) {
    this.#inner = inner
    const stepped = <T>(call: Call, act: () => Promise<T>): Promise<T> =>
      new Promise<T>((resolve, reject) => {
        const resume = async (outcome: Outcome): Promise<void> => {
          if (outcome === 'crash before') return
          const result = act()
          // A writer that crashed never gets its answer.
          if (outcome === 'crash after') await result.catch(() => undefined)
          else if (outcome === 'lost') await result.then(() => reject(lost(call.path)), reject)
          else await result.then(resolve, reject)
        }
        this.#waiting = { call, resume }
      })
    this.store = new Proxy<ObjectStore>(inner, {
      get: (target, property: keyof ObjectStore) => {
        if (property === 'get') {
          return (path: string) =>
            commitName.test(path) ? stepped({ verb: 'get', path }, () => inner.get(path)) : inner.get(path)
        }
        if (property === 'put') {
          return (path: string, data: Uint8Array, mode: PutMode) =>
            commitName.test(path)
              ? stepped({ verb: 'put', path }, () => inner.put(path, data, mode))
              : inner.put(path, data, mode)
        }
        const member = target[property]
        return typeof member === 'function' ? member.bind(target) : member
      },
    })
  }

  /** The call that waits; null: the writer is at work, at its end, or dead. */
  get call(): Call | null {
    return this.#waiting?.call ?? null
  }

  get inner(): MemoryStore {
    return this.#inner
  }

  async step(outcome: Outcome): Promise<void> {
    const waiting = this.#waiting
    this.#waiting = null
    await waiting?.resume(outcome)
  }
}

const lost = (path: string): StorageError =>
  new StorageError('DW-STORAGE-0005', 'storage', `The answer to the put of ${path} was lost.`, { path })
