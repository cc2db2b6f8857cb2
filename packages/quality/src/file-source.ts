import { invalidRule } from './errors.js'
import type { HashAlgorithm } from './rule.js'

export interface FileEntry {
  readonly path: string
  readonly sizeBytes: number
  readonly changedMicros: bigint
}

/** Where file rules look: the landing folder, a bucket. */
export interface FileSource {
  /** @param path a file or folder; null: the files that the table is made of */
  list(path: string | null): Promise<readonly FileEntry[]>
  /** In hexadecimal. */
  hash(path: string, algorithm: HashAlgorithm): Promise<string>
}

/** Files of the machine. */
export class LocalFiles implements FileSource {
  readonly #root: string | null

  /** @param root the folder of the table's own files */
  constructor(root: string | null = null) {
    this.#root = root
  }

  async list(path: string | null): Promise<readonly FileEntry[]> {
    const [{ readdir, stat }, { join }] = await Promise.all([import('node:fs/promises'), import('node:path')])
    const root = path ?? this.#root
    if (root === null) throw invalidRule('it names no files, and the verification was given no folder of its own')
    const found = await stat(root).catch(() => null)
    if (found === null) throw invalidRule(`there is no file or folder "${root}"`)
    const names = found.isFile()
      ? [root]
      : (await readdir(root, { recursive: true, withFileTypes: true }))
          .filter((entry) => entry.isFile())
          .map((entry) => join(entry.parentPath, entry.name))
    return Promise.all(
      names.sort().map(async (name) => {
        const { size, mtimeMs } = await stat(name)
        return { path: name, sizeBytes: size, changedMicros: BigInt(Math.round(mtimeMs)) * 1000n }
      }),
    )
  }

  async hash(path: string, algorithm: HashAlgorithm): Promise<string> {
    const [{ createHash }, { createReadStream }] = await Promise.all([import('node:crypto'), import('node:fs')])
    const hash = createHash(algorithm.replace('-', '').toLowerCase())
    for await (const part of createReadStream(path)) hash.update(part as Buffer)
    return hash.digest('hex')
  }
}
