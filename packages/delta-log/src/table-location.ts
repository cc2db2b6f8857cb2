import { joinPath, openStore, splitUri, type ObjectStore } from '@deltaworks/storage'
import type { CommitCatalog } from './catalog/commit-catalog.js'

/** Where a table is: a store, and the folder of the table in it ('' is the store's root). */
export interface TableLocation {
  readonly store: ObjectStore
  readonly path: string
  /** What messages call the table. */
  readonly uri: string
  /** Of a catalog-managed table: see `managedLocation`. */
  readonly catalog?: CommitCatalog
}

/** @throws StorageError DW-STORAGE-0006, DW-STORAGE-0007 */
export function tableLocation(uri: string): TableLocation {
  const split = splitUri(uri)
  return locationIn(openStore(split.store), split.path)
}

export const locationIn = (store: ObjectStore, path: string): TableLocation => ({
  store,
  path,
  uri: path === '' ? store.uri : `${store.uri.endsWith('/') ? store.uri.slice(0, -1) : store.uri}/${path}`,
})

export const logFolder = (location: TableLocation): string => joinPath(location.path, '_delta_log')
