import type { State } from './state.js'

/** Keeps the states of one part of a table: a partition, a day. */
export interface StateStore {
  load(key: string): Promise<State | null>
  save(key: string, state: State): Promise<void>
}

export class MemoryStateStore implements StateStore {
  readonly #states = new Map<string, State>()

  load(key: string): Promise<State | null> {
    return Promise.resolve(this.#states.get(key) ?? null)
  }
  save(key: string, state: State): Promise<void> {
    this.#states.set(key, state)
    return Promise.resolve()
  }
}

/** One JSON file a state, in a folder a part: written whole or not at all. */
export class FileStateStore implements StateStore {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  async load(key: string): Promise<State | null> {
    const { readFile } = await import('node:fs/promises')
    try {
      const { key: kept, state } = JSON.parse(await readFile(await this.#file(key), 'utf8')) as StateFile
      return kept === key ? state : null
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
      throw error
    }
  }

  async save(key: string, state: State): Promise<void> {
    const { mkdir, rename, writeFile } = await import('node:fs/promises')
    await mkdir(this.#folder, { recursive: true })
    const file = await this.#file(key)
    const content: StateFile = { key, state }
    await writeFile(`${file}.part`, JSON.stringify(content))
    await rename(`${file}.part`, file)
  }

  async #file(key: string): Promise<string> {
    const [{ createHash }, { join }] = await Promise.all([import('node:crypto'), import('node:path')])
    return join(this.#folder, `${createHash('sha256').update(key).digest('hex').slice(0, 32)}.json`)
  }
}

interface StateFile {
  readonly key: string
  readonly state: State
}
