import { joinPath, openStore, splitUri, type ObjectStore } from '@deltaworks/storage'
import type { TableLocation } from './table-location.js'

/*
 * `path` of add, remove and cdc actions: URL-encoded, relative to the table's folder or absolute (PROTOCOL.md, "Add File and
 * Remove File"). Folder names of partitions are Hive's: escaped once by Hive's rule, then URL-encoded again with the path.
 */

/** An object that the log names: which store, and where in it. */
export interface ResolvedFile {
  readonly store: ObjectStore
  readonly path: string
}

const schemePattern = /^[a-zA-Z][a-zA-Z0-9+.-]*:/

export const isAbsolutePath = (path: string): boolean => path.startsWith('/') || schemePattern.test(path)

/** Percent-decoding that keeps what is no valid escape (some writers do not encode). */
export function decodePath(path: string): string {
  if (!path.includes('%')) return path
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

/** Where the object of a log path is. */
export function resolveFile(location: TableLocation, path: string): ResolvedFile {
  if (!isAbsolutePath(path)) return { store: location.store, path: joinPath(location.path, decodePath(path)) }
  // Paths of file URIs are decoded with the URI; those of a bucket's URI are plain there and encoded here.
  const split = splitUri(/^file:/i.test(path) ? canonicalUri(path) : decodePath(path))
  const { store } = split
  return { store: store === location.store.uri ? location.store : openStore(store), path: split.path }
}

/** `file:/a` and `file:///a` are one place. */
const canonicalUri = (uri: string): string => uri.replace(/^file:\/(?!\/)/, 'file:///')

/**
 * Identity of a path in the log: decoded, and for absolute paths without a `file:` scheme, so that `/a`, `file:/a` and
 * `file:///a` are one file.
 */
export function pathKey(path: string): string {
  if (schemePattern.test(path)) {
    const match = /^file:\/+(.*)$/.exec(path)
    return match === null ? path : decodePath(`/${match[1]}`)
  }
  return decodePath(path)
}

/**
 * URL-encodes a path for the log as Hadoop's Path.toUri does: only what a URI may not hold. Spark compares such texts, so letters beyond
 * ASCII stay as they are, but for controls and spaces among them.
 */
export function encodePath(path: string): string {
  if (/^[A-Za-z0-9_\-./=]*$/.test(path)) return path
  return path.split('/').map(encodeSegment).join('/')
}

const encodeSegment = (segment: string): string =>
  segment
    .replace(/[ -~\p{Cc}\p{Z}]+/gu, encodeURIComponent)
    .replace(/%(3D|2C|3A|40|24|26|2B|3B)/g, (escape) => decodeURIComponent(escape))

/** Hive's set (ExternalCatalogUtils.escapePathName): control characters and what file systems and URIs give a meaning. */
const hiveUnsafe = /[\u0001-\u001f"#%'*/:=?\\\u007f{[\]^]/g

export const hiveEscape = (text: string): string =>
  text.replace(hiveUnsafe, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`)

export const hiveNullPartition = '__HIVE_DEFAULT_PARTITION__'

/** `city=Par%2Fis/day=2020-01-01`: the folder of a partition, not URL-encoded. Values are in their serialised form. */
export const partitionFolder = (values: readonly (readonly [name: string, value: string | null])[]): string =>
  values
    .map(
      ([name, value]) =>
        `${hiveEscape(name)}=${value === null || value === '' ? hiveNullPartition : hiveEscape(value)}`,
    )
    .join('/')
