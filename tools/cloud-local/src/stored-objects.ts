import { randomUUID } from 'node:crypto'

export interface StoredObject {
  readonly key: string
  readonly body: Buffer
  readonly metadata: Readonly<Record<string, string>>
  /** Changes with every write of the key. */
  readonly version: string
  readonly modifiedMs: number
}

export interface StoredPage {
  readonly objects: readonly StoredObject[]
  readonly folders: readonly string[]
  readonly next: string | undefined
}

/** Objects of a bucket in memory; each call is one step, so that a condition and its write cannot part. */
export class StoredObjects {
  readonly #objects = new Map<string, StoredObject>()
  readonly #ignoreConditions: boolean
  #writes = 0

  /** @param ignoreConditions as stores without conditional writes do */
  constructor(ignoreConditions: boolean) {
    this.#ignoreConditions = ignoreConditions
  }

  get(key: string): StoredObject | undefined {
    return this.#objects.get(key)
  }

  clear(): void {
    this.#objects.clear()
  }

  /** @returns null, having written nothing, if it was to be created and is there */
  put(key: string, body: Buffer, metadata: Readonly<Record<string, string>>, create: boolean): StoredObject | null {
    if (create && !this.#ignoreConditions && this.#objects.has(key)) return null
    const version = String(1_000_000 + ++this.#writes)
    const object = { key, body: Buffer.from(body), metadata, version, modifiedMs: Date.now() }
    this.#objects.set(key, object)
    return object
  }

  delete(key: string): boolean {
    return this.#objects.delete(key)
  }

  /** @param from the first key that is given; a page begins with the key that the one before told */
  list(prefix: string, delimiter: string, from: string, most: number): StoredPage {
    const keys = [...this.#objects.keys()]
      .filter((key) => key.startsWith(prefix) && Buffer.compare(Buffer.from(key), Buffer.from(from)) >= 0)
      .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    const folders = new Set<string>()
    const objects: StoredObject[] = []
    for (const key of keys) {
      if (objects.length >= most) return { objects, folders: [...folders], next: key }
      const slash = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length)
      if (slash >= 0) folders.add(key.slice(0, slash + 1))
      else objects.push(this.#objects.get(key)!)
    }
    return { objects, folders: [...folders], next: undefined }
  }
}

export const newId = (): string => randomUUID()

/** `bytes=2-4` → [2, 5); null: no range, or one that is not satisfiable (then `wrong`). */
export function rangeOf(
  header: string | undefined,
  size: number,
): { readonly start: number; readonly end: number } | 'whole' | 'wrong' {
  const match = /^bytes=(\d+)-(\d*)$/.exec(header ?? '')
  if (match === null) return 'whole'
  const start = Number(match[1])
  if (start >= size) return 'wrong'
  return { start, end: match[2] === '' ? size : Math.min(size, Number(match[2]) + 1) }
}
