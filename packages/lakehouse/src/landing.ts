import { hash } from 'node:crypto'
import { contentDigest, digestChunkBytes } from '@deltaworks/formats'
import type { DigestSlot } from '@deltaworks/plan'
import { comparePaths, isRemote, objectNotFoundCode, type ObjectMeta, type ObjectStore } from '@deltaworks/storage'
import { digestReader, digestSlots } from './landing-digests.js'
import type { SourceDefinition } from './source-definition.js'

/** A file of the landing zone, and whether its table has it already. */
export interface LandingFile {
  readonly path: string
  readonly sizeBytes: number
  readonly modifiedMs: number
  /** The store's own mark of this content, if it has one. */
  readonly etag: string | undefined
  /** `again`: known, but asked for by `reprocess`. */
  readonly state: 'new' | 'changed' | 'again' | 'known'
  /** First 52 bits of the SHA-256 of its content; 0 where nobody has read it (yet): see `sha256`. */
  readonly contentHash: number
  /** SHA-256 of its content, hex; empty for a known file recognised by size and time alone, and until its `digestSlot` is looked at. */
  readonly sha256: string
  /**
   * The file is hashed while its rows are read: by the scan, which puts it here, or beside it (`hashAside`); null: it was hashed
   * before, or need not be.
   */
  readonly digestSlot: DigestSlot | null
}

/**
 * What a table's own log tells of the files it was made from: two application transactions (PROTOCOL.md, "Transaction
 * Identifiers") a file, committed together with its rows, so that rows and record cannot part.
 *   deltaworks:landing:<path>       version = 52 bits of the content's SHA-256
 *   deltaworks:landing-stat:<path>  version = 52 bits of a hash of size, modification time and etag: spares hashing the content
 */
export type Ledger = ReadonlyMap<string, number>

export const contentTransaction = (path: string): string => `deltaworks:landing:${path}`
export const statTransaction = (path: string): string => `deltaworks:landing-stat:${path}`

/** The application transactions that record a file as ingested. */
export const ledgerEntries = (file: LandingFile): readonly { readonly appId: string; readonly version: number }[] => [
  { appId: contentTransaction(file.path), version: file.contentHash },
  { appId: statTransaction(file.path), version: statHash(file) },
]

/** Which landing files a run looks at; all members together must hold. */
export interface LandingSelection {
  /** Globs on paths within the landing zone; a file must match one of them. */
  readonly files?: readonly string[]
  /** Delivered (modified) at or after, and before; milliseconds since the epoch. */
  readonly sinceMs?: number
  readonly untilMs?: number
  /** Also those that their table has already: their rows take the place of the former ones. */
  readonly reprocess?: boolean
  /** At most so many files of a source are ingested, those that were delivered first. Default: all. */
  readonly maxFiles?: number
}

/** The landing zone's listing, or as much of it as is asked for: candidates that are not there any more are passed over. */
export async function landingFiles(
  landing: ObjectStore,
  candidates: readonly string[] | undefined,
): Promise<readonly ObjectMeta[]> {
  if (candidates === undefined) return landing.list('')
  const found = await Promise.all(
    candidates.map((path) =>
      landing.head(path).catch((error: unknown) => {
        if ((error as { readonly code?: string }).code === objectNotFoundCode) return null
        throw error
      }),
    ),
  )
  return found.filter((meta) => meta !== null).sort((a, b) => comparePaths(a.path, b.path))
}

export function isSelected({ path, modifiedMs }: ObjectMeta, selection: LandingSelection): boolean {
  const { files, sinceMs, untilMs } = selection
  return (
    (files === undefined || files.some((glob) => globExpression(glob).test(path))) &&
    (sinceMs === undefined || modifiedMs >= sinceMs) &&
    (untilMs === undefined || modifiedMs < untilMs)
  )
}

/** Files of a listing that a source declares. */
export function filesOfSource(
  listing: readonly ObjectMeta[],
  { files, archiveFolder }: Pick<SourceDefinition, 'files' | 'archiveFolder'>,
): readonly ObjectMeta[] {
  const expression = globExpression(files)
  return listing.filter(({ path }) => expression.test(path) && !path.startsWith(`${archiveFolder}/`))
}

export interface Discovery extends Pick<LandingSelection, 'reprocess' | 'maxFiles'> {
  /** Whether a new file is hashed while its rows are read, so that it need not be read for that before. */
  readonly isHashedLater?: (file: ObjectMeta) => boolean
}

/**
 * Files in path order, each compared with the ledger. Reads a file only if its size, time or etag is new, or if it is asked for; no
 * more than are wanted.
 */
export async function discoverLandingFiles(
  store: ObjectStore,
  candidates: readonly ObjectMeta[],
  ledger: Ledger,
  options: Discovery = {},
): Promise<readonly LandingFile[]> {
  const { maxFiles = Infinity } = options
  if (maxFiles >= candidates.length) return compareFiles(store, candidates, ledger, options)
  const found: LandingFile[] = []
  let pending = 0
  const oldestFirst = [...candidates].sort((a, b) => a.modifiedMs - b.modifiedMs)
  for (let at = 0; at < oldestFirst.length && pending < maxFiles;) {
    const some = oldestFirst.slice(at, at + maxFiles - pending)
    at += some.length
    const compared = await compareFiles(store, some, ledger, options)
    pending += compared.filter((file) => file.state !== 'known').length
    found.push(...compared)
  }
  return found.sort((a, b) => comparePaths(a.path, b.path))
}

async function compareFiles(
  store: ObjectStore,
  candidates: readonly ObjectMeta[],
  ledger: Ledger,
  { reprocess = false, isHashedLater = () => false }: Discovery,
): Promise<readonly LandingFile[]> {
  const slotOf = digestSlots(candidates.length)
  return withChunks(store, candidates, (meta, index, chunk): LandingFile | Promise<LandingFile> => {
    const { path, sizeBytes, modifiedMs, etag } = meta
    const recorded = ledger.get(contentTransaction(path))
    const listed = { path, sizeBytes, modifiedMs, etag, contentHash: recorded ?? 0, sha256: '', digestSlot: null }
    if (!reprocess && recorded !== undefined && isKnownByStat(meta, ledger)) return { ...listed, state: 'known' }
    if (recorded === undefined && isHashedLater(meta)) {
      return { ...listed, state: 'new', digestSlot: slotOf(index) }
    }
    return contentDigest(store, meta, chunk()).then((sha256) => {
      const content = contentOf(sha256)
      const same = reprocess ? 'again' : 'known'
      const state = recorded === undefined ? 'new' : recorded === content.contentHash ? same : 'changed'
      return { ...listed, state, ...content }
    })
  })
}

/**
 * The files with the hashes that their scans gave. One that no scan had whole is read for its hash.
 * @param aside hashes that are made already, by path
 */
export function hashedFiles(
  store: ObjectStore,
  files: readonly LandingFile[],
  aside: ReadonlyMap<string, Promise<string>> = new Map(),
): Promise<readonly LandingFile[]> {
  const digestIn = digestReader()
  const hashed = (file: LandingFile, sha256: string): LandingFile => ({
    ...file,
    ...contentOf(sha256),
    digestSlot: null,
  })
  return withChunks(store, files, (file, _, chunk) => {
    if (file.digestSlot === null) return file
    const digest = digestIn(file.digestSlot)
    if (digest !== null) return hashed(file, digest)
    const here = (): Promise<string> => contentDigest(store, file, chunk())
    return (aside.get(file.path)?.catch(here) ?? here()).then((sha256) => hashed(file, sha256))
  })
}

/** Works on files in turn, over a network on several at once, each of which may ask for memory to read a part of a file into. */
async function withChunks<F extends Pick<ObjectMeta, 'sizeBytes'>, R>(
  store: ObjectStore,
  files: readonly F[],
  work: (file: F, index: number, chunk: () => Uint8Array) => R | Promise<R>,
): Promise<readonly R[]> {
  const results = new Array<R>(files.length)
  let next = 0
  const largest = files.reduce((most, { sizeBytes }) => Math.max(most, sizeBytes), 0)
  const atOnce = isRemote(store.uri) ? filesAtOnce : 1
  const workers = Array.from({ length: Math.min(atOnce, files.length) }, async () => {
    let memory: Uint8Array | null = null
    const chunk = (): Uint8Array => (memory ??= new Uint8Array(Math.min(digestChunkBytes, largest)))
    while (next < files.length) {
      const index = next++
      const result = work(files[index]!, index, chunk)
      // Most files are not looked into.
      results[index] = result instanceof Promise ? await result : result
    }
  })
  await Promise.all(workers)
  return results
}

/** Whether a table has a file of this size, time and etag already. Reads nothing. */
export const isKnownByStat = (meta: ObjectMeta, ledger: Ledger): boolean =>
  ledger.get(statTransaction(meta.path)) === statHash(meta)

const filesAtOnce = 16

const contentOf = (sha256: string) => ({ sha256, contentHash: first52Bits(sha256) })

const first52Bits = (hex: string): number => Number.parseInt(hex.slice(0, 13), 16)

export const hash52 = (text: string): number => first52Bits(hash('sha256', text))

/** A store that tells times in seconds (S3) tells a quick replacement by its etag. */
const statHash = ({ sizeBytes, modifiedMs, etag }: Stat): number => hash52(`${sizeBytes}:${modifiedMs}:${etag ?? ''}`)

interface Stat {
  readonly sizeBytes: number
  readonly modifiedMs: number
  readonly etag?: string | undefined
}

/** Whether an object is still what it was when it was listed and hashed. */
export async function isUnchanged(store: ObjectStore, file: LandingFile): Promise<boolean> {
  try {
    const { sizeBytes, modifiedMs, etag } = await store.head(file.path)
    return sizeBytes === file.sizeBytes && modifiedMs === file.modifiedMs && etag === file.etag
  } catch (error) {
    if ((error as { readonly code?: string }).code === objectNotFoundCode) return false
    throw error
  }
}

/** `*` and `?` stay within a folder, `**` crosses folders. */
export function globExpression(pattern: string): RegExp {
  const source = pattern.replaceAll(/\*\*\/?|[*?]|[.+^${}()|[\]\\]/g, (part) => {
    if (part.startsWith('**')) return '(?:.*/)?'
    if (part === '*') return '[^/]*'
    if (part === '?') return '[^/]'
    return `\\${part}`
  })
  return new RegExp(`^${source}$`)
}
