import { createHash } from 'node:crypto'
import { objectNotFoundCode, type ObjectMeta, type ObjectStore } from '@deltaworks/storage'

/** A file of the landing zone, and whether its table has it already. */
export interface LandingFile {
  readonly path: string
  readonly sizeBytes: number
  readonly modifiedMs: number
  /** The store's own mark of this content, if it has one. */
  readonly etag: string | undefined
  readonly state: 'new' | 'changed' | 'known'
  /** First 52 bits of the SHA-256 of its content; 0 for a known file that was recognised by size and time alone. */
  readonly contentHash: number
  /** SHA-256 of its content, hex; empty for a known file recognised by size and time alone. */
  readonly sha256: string
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

/** Files that match the pattern, in path order, each compared with the ledger. Reads a file only if its size or time is new. */
export async function discoverLandingFiles(
  store: ObjectStore,
  listing: readonly ObjectMeta[],
  pattern: string,
  ledger: Ledger,
): Promise<readonly LandingFile[]> {
  const expression = globExpression(pattern)
  const files: LandingFile[] = []
  for (const meta of listing) {
    if (!expression.test(meta.path)) continue
    const { path, sizeBytes, modifiedMs, etag } = meta
    const recorded = ledger.get(contentTransaction(path))
    if (recorded !== undefined && ledger.get(statTransaction(path)) === statHash(meta)) {
      files.push({ path, sizeBytes, modifiedMs, etag, state: 'known', contentHash: recorded, sha256: '' })
      continue
    }
    const sha256 = await hashContent(store, meta)
    const contentHash = first52Bits(sha256)
    const state = recorded === undefined ? 'new' : recorded === contentHash ? 'known' : 'changed'
    files.push({ path, sizeBytes, modifiedMs, etag, state, contentHash, sha256 })
  }
  return files
}

const hashChunkBytes = 8 * 1024 * 1024

async function hashContent(store: ObjectStore, { path, sizeBytes }: ObjectMeta): Promise<string> {
  const hash = createHash('sha256')
  for (let start = 0; start < sizeBytes; start += hashChunkBytes) {
    hash.update(await store.get(path, { start, end: Math.min(sizeBytes, start + hashChunkBytes) }))
  }
  return hash.digest('hex')
}

const first52Bits = (hex: string): number => Number.parseInt(hex.slice(0, 13), 16)

export const hash52 = (text: string): number => first52Bits(createHash('sha256').update(text).digest('hex'))

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
    const now = await store.head(file.path)
    return statHash(now) === statHash(file)
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
