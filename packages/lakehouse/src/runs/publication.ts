import type { Session } from '@deltaworks/engine'
import { openStore, type ObjectStore } from '@deltaworks/storage'
import { Lake } from '../lake.js'
import { decodeJson, encodeJson, numberedPath, numberOfPath } from './numbered-objects.js'
import { publicationsPath } from './operations-path.js'

/** The marker of a whole run: which versions of the lake's tables belong together. Its readers see all of a run or none of it. */
export interface Publication {
  readonly runId: string
  readonly publishedMs: number
  /** Version by the table's path under the root. Tables that are not in it are not published. */
  readonly versions: Readonly<Record<string, number>>
  /** `logicalHash` of each version, where it is known. */
  readonly hashes: Readonly<Record<string, string>>
}

/** So many earlier publications are kept: readers that have just listed may still open one. */
const keptPublications = 100

/** The newest publication of a lake, or null if no run has published one: then its tables are read as they are. */
export async function latestPublication(root: string): Promise<Publication | null> {
  const store = openStore(root)
  const last = (await store.list(publicationsPath)).at(-1)
  return last === undefined ? null : (decodeJson(await store.get(last.path)) as Publication)
}

/**
 * Puts the next publication behind the newest one: one put-if-absent, so that readers switch at once.
 * @param change makes the next from the newest one; again, if another one came between. Null: nothing is to be published
 */
export async function publish(
  root: string,
  change: (latest: Publication | null) => Publication | null,
): Promise<Publication | null> {
  const store = openStore(root)
  for (;;) {
    const listing = await store.list(publicationsPath)
    const last = listing.at(-1)
    const latest = last === undefined ? null : (decodeJson(await store.get(last.path)) as Publication)
    const next = change(latest)
    if (next === null) return null
    const path = numberedPath(publicationsPath, last === undefined ? 1 : numberOfPath(last.path) + 1)
    if ((await store.put(path, encodeJson(next), 'create')) === 'exists') continue
    await forgetOld(store, listing.length - keptPublications, listing)
    return next
  }
}

async function forgetOld(store: ObjectStore, count: number, listing: readonly { path: string }[]): Promise<void> {
  if (count > 0) await store.delete(listing.slice(0, count).map(({ path }) => path))
}

/** A lake as its last whole run left it (or as one of its publications says); as it is, if none has published. */
export async function publishedLake(session: Session, root: string, publication?: Publication | null): Promise<Lake> {
  publication ??= await latestPublication(root)
  if (publication === null) return new Lake(session, root)
  return new Lake(session, root, new Map(Object.entries(publication.versions)), 'absent')
}

/** The version of a table that readers of the lake see, which VACUUM must leave to them however old it is. */
export function publishedVersions(publication: Publication | null, { path }: { readonly path: string }): number[] {
  const version = publication?.versions[path]
  return version === undefined ? [] : [version]
}

/**
 * After maintenance, which leaves rows as they are: tables that were published at the version that it began with are
 * published at the one that it made, so that VACUUM can let go of the files of the former.
 */
export const republish = (
  root: string,
  moved: readonly { readonly path: string; readonly from: number; readonly to: number }[],
  nowMs: number,
): Promise<Publication | null> =>
  publish(root, (latest) => {
    if (latest === null) return null
    const changed = moved.filter(({ path, from, to }) => to > from && latest.versions[path] === from)
    if (changed.length === 0) return null
    const versions = { ...latest.versions, ...Object.fromEntries(changed.map(({ path, to }) => [path, to])) }
    return { ...latest, publishedMs: nowMs, versions }
  })
