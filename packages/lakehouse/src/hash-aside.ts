import type { Session } from '@deltaworks/engine'
import { isRemote, type ObjectMeta, type ObjectStore } from '@deltaworks/storage'
import type { LandingFile } from './landing.js'
import { splitBytes } from './landing-ranges.js'

/** Files that are read in parts, so that no scan has them whole. Over a network they are hashed before, many at a time. */
export const isHashedAside = (landing: ObjectStore, { sizeBytes }: Pick<ObjectMeta, 'sizeBytes'>): boolean =>
  sizeBytes > splitBytes && !isRemote(landing.uri)

/** Begins to hash those that are not hashed yet, on other threads. @returns SHA-256 of their contents, hex, by path */
export function hashAside(
  session: Session,
  landing: ObjectStore,
  files: readonly LandingFile[],
): ReadonlyMap<string, Promise<string>> {
  const wanted = files.filter((file) => file.digestSlot !== null && isHashedAside(landing, file))
  return new Map(
    wanted.map(({ path, sizeBytes }) => {
      const digest = session.digestFile({ store: landing.uri, path, sizeBytes })
      // Whoever needs it is told; if reading fails before, nobody does.
      digest.catch(() => undefined)
      return [path, digest]
    }),
  )
}
