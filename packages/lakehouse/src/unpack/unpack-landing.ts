import { mkdtempSync, promises, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { DigestSlot } from '@deltaworks/plan'
import { isRemote, type ObjectStore } from '@deltaworks/storage'
import { isDeltaworksError } from '@deltaworks/schema'
import { unreadableArchive } from '../errors.js'
import { globExpression, type LandingFile } from '../landing.js'
import { readObject, type ByteStream } from './byte-stream.js'
import { decompress, type Compression } from './decompress.js'
import { readTar, type ArchiveMember } from './tar.js'
import { readZip } from './zip.js'

/** A plain file to read, which stands for a landing file or a part of one. */
export interface LandingPart {
  /** URI of its store, and its path in it. */
  readonly store: string
  readonly path: string
  readonly sizeBytes: number
  /** What rows say they come from: the landing file, or `archive.zip!/member.csv`. */
  readonly sourceFile: string
  /** SHA-256 of the landing file, hex; empty if the scan of its rows is to put it into `digestSlot`. */
  readonly checksum: string
  readonly digestSlot?: DigestSlot | undefined
}

/** What a landing file's members are called in `source_file`, behind the file's own path. */
export const memberMark = '!/'

interface Packing {
  readonly compression: Compression | null
  readonly archive: 'tar' | 'zip' | null
}

const endings: readonly (readonly [RegExp, Packing])[] = [
  [/\.(tar\.gz|tgz)$/i, { compression: 'gzip', archive: 'tar' }],
  [/\.(tar\.zst|tzst)$/i, { compression: 'zstd', archive: 'tar' }],
  [/\.(tar\.bz2|tbz2?)$/i, { compression: 'bzip2', archive: 'tar' }],
  [/\.tar$/i, { compression: null, archive: 'tar' }],
  [/\.zip$/i, { compression: null, archive: 'zip' }],
  [/\.gz$/i, { compression: 'gzip', archive: null }],
  [/\.zst$/i, { compression: 'zstd', archive: null }],
  [/\.bz2$/i, { compression: 'bzip2', archive: null }],
]

const packed = /\.(?:tar|tgz|tzst|tbz2?|zip|gz|zst|bz2)$/i

export const packingOf = (path: string): Packing | null =>
  packed.test(path) ? endings.find(([ending]) => ending.test(path))![1] : null

/** What a packed file may become: enough for every honest one, and a bound for the others. */
const maxRatio = 200
const freeBytes = 1024 ** 3
const maxMembers = 100_000

const smallBytes = 1024 * 1024
const manyFiles = 32
const filesAtOnce = 16

export interface UnpackOptions {
  /** Which members of an archive belong to the source. */
  readonly members: string
  readonly signal?: AbortSignal | undefined
}

/**
 * Unpacks compressed landing files and archives into a temporary folder of this run, so that workers can read ranges of
 * them in parallel; others stay where they are. Names of members are never names on the disk.
 */
export class LandingUnpacker {
  #folder: string | null = null
  #count = 0

  /** @throws LakehouseError DW-LAKEHOUSE-0015 naming the file and what is wrong with it */
  async parts(
    store: ObjectStore,
    files: readonly LandingFile[],
    options: UnpackOptions,
  ): Promise<readonly LandingPart[]> {
    const fetched = await this.#fetchSmall(store, files)
    const parts: LandingPart[] = []
    for (const file of files) {
      const packing = packingOf(file.path)
      if (packing === null) {
        const { path, sizeBytes, sha256: checksum } = file
        const digestSlot = file.digestSlot ?? undefined
        parts.push({
          ...(fetched.get(path) ?? { store: store.uri, path, sizeBytes, sourceFile: path, checksum }),
          digestSlot,
        })
        continue
      }
      try {
        parts.push(...(await this.#unpack(store, file, packing, options)))
      } catch (error) {
        // A store that fails is not the file's fault.
        if (isDeltaworksError(error)) throw error
        throw unreadableArchive(file.path, error instanceof Error ? error.message : String(error), error)
      }
    }
    return parts
  }

  /** Many small files of a bucket are fetched side by side: reading them one after the other is waiting for the network. */
  async #fetchSmall(store: ObjectStore, files: readonly LandingFile[]): Promise<ReadonlyMap<string, LandingPart>> {
    const fetched = new Map<string, LandingPart>()
    if (!isRemote(store.uri)) return fetched
    const small = files.filter((file) => file.sizeBytes <= smallBytes && packingOf(file.path) === null)
    if (small.length < manyFiles) return fetched
    let next = 0
    const readers = Array.from({ length: filesAtOnce }, async () => {
      while (next < small.length) {
        const file = small[next++]!
        fetched.set(file.path, await this.#write([await store.get(file.path)], file.path, file))
      }
    })
    await Promise.all(readers)
    return fetched
  }

  /** Removes what was unpacked. */
  close(): void {
    if (this.#folder !== null) rmSync(this.#folder, { recursive: true, force: true })
    this.#folder = null
  }

  async #unpack(
    store: ObjectStore,
    file: LandingFile,
    { compression, archive }: Packing,
    options: UnpackOptions,
  ): Promise<readonly LandingPart[]> {
    const budget = new UnpackBudget(file, options.signal)
    const plain = (): ByteStream => {
      const packed = readObject(store, file.path)
      return budget.count(compression === null ? packed : decompress(packed, compression))
    }
    switch (archive) {
      case null:
        return [await this.#write(plain(), file.path, file)]
      case 'tar':
        return this.#members(readTar(plain()), file, options)
      case 'zip':
        return this.#members(counted(readZip(store, file.path, file.sizeBytes), budget), file, options)
    }
  }

  async #members(
    members: AsyncIterable<ArchiveMember>,
    file: LandingFile,
    options: UnpackOptions,
  ): Promise<readonly LandingPart[]> {
    const expression = globExpression(options.members)
    const parts: LandingPart[] = []
    const names = new Set<string>()
    let count = 0
    for await (const { name, content } of members) {
      if (++count > maxMembers) throw new Error(`it has more than ${maxMembers} members`)
      const path = name.replace(/^(\.\/)+/, '')
      if (/^(?:[\\/]|[a-z]:)|(?:^|[\\/])\.\.(?:[\\/]|$)|\0/i.test(path))
        throw new Error(`its member "${name}" leaves it`)
      if (!expression.test(path) || isHidden(path)) continue
      if (names.has(path)) throw new Error(`it has two members "${path}"`)
      names.add(path)
      parts.push(await this.#write(content, `${file.path}${memberMark}${path}`, file))
    }
    return parts
  }

  async #write(
    content: ByteStream | readonly Uint8Array[],
    sourceFile: string,
    { sha256: checksum }: LandingFile,
  ): Promise<LandingPart> {
    this.#folder ??= newFolder()
    // Its name is for messages.
    const name = sourceFile.replaceAll(/[^\w.-]+/g, '-').slice(-80)
    const path = join(this.#folder, `${this.#count++}-${name}`)
    const output = await promises.open(path, 'wx')
    let sizeBytes = 0
    try {
      for await (const chunk of content) {
        await output.writeFile(chunk)
        sizeBytes += chunk.byteLength
      }
    } finally {
      await output.close()
    }
    const at = decodeURIComponent(pathToFileURL(path).pathname).slice(1)
    return { store: 'file:///', path: at, sizeBytes, sourceFile, checksum }
  }
}

/** Hidden files, and what a Mac adds to its archives. */
const isHidden = (path: string): boolean => /(?:^|\/)(?:\.|__MACOSX\/)/.test(path)

async function* counted(members: AsyncIterable<ArchiveMember>, budget: UnpackBudget): AsyncIterable<ArchiveMember> {
  for await (const { name, content } of members) yield { name, content: budget.count(content) }
}

/** Counts what comes out of one landing file, and stops where it is too much for what went in. */
class UnpackBudget {
  readonly #limit: number
  readonly #signal: AbortSignal | undefined
  #bytes = 0

  constructor({ sizeBytes }: LandingFile, signal: AbortSignal | undefined) {
    this.#limit = Math.max(freeBytes, sizeBytes * maxRatio)
    this.#signal = signal
  }

  async *count(content: ByteStream): ByteStream {
    for await (const chunk of content) {
      this.#signal?.throwIfAborted()
      this.#bytes += chunk.byteLength
      if (this.#bytes > this.#limit) throw new Error(`it unpacks to more than ${this.#limit} bytes, as a bomb would`)
      yield chunk
    }
  }
}

const folderPrefix = 'deltaworks-unpack-'

/** A folder that names its process; those of processes that died are removed. */
function newFolder(): string {
  const parent = tmpdir()
  for (const name of readdirSync(parent)) {
    const owner = new RegExp(`^${folderPrefix}(\\d+)-`).exec(name)?.[1]
    if (owner !== undefined && !isAlive(Number(owner)) && isOld(join(parent, name))) {
      rmSync(join(parent, name), { recursive: true, force: true })
    }
  }
  return mkdtempSync(join(parent, `${folderPrefix}${process.pid}-`))
}

/** Another machine's process may share the folder: its number says nothing here, its age does. */
function isOld(folder: string): boolean {
  const hourMs = 3_600_000
  try {
    return Date.now() - statSync(folder).mtimeMs > hourMs
  } catch {
    return false
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as { readonly code?: string }).code === 'EPERM'
  }
}
