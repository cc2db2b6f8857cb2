import type { Protocol } from '../actions/protocol.js'
import { catalogManaged, catalogRefuses } from '../errors.js'
import { isCatalogManaged } from '../features/protocol-check.js'
import type { Snapshot } from '../snapshot.js'
import type { TableLocation } from '../table-location.js'
import { CatalogStore } from './catalog-store.js'
import type { CatalogOperation, CommitCatalog } from './commit-catalog.js'

/** A table as the catalog that manages it gives it. */
export const managedLocation = (location: TableLocation, catalog: CommitCatalog): TableLocation => ({
  ...location,
  store: new CatalogStore(location.store, location.path, catalog),
  catalog,
})

/** @throws DeltaError DW-DELTA-0009: the protocol leaves the commits to a catalog, and the location names none */
export function requireCatalog(location: TableLocation, protocol: Protocol): void {
  if (location.catalog === undefined && isCatalogManaged(protocol)) throw catalogManaged(location.uri)
}

/** Whether the table's catalog, if it has one, lets a client do this. */
export const isAllowed = ({ location, protocol }: Snapshot, operation: CatalogOperation): boolean =>
  !isCatalogManaged(protocol) || location.catalog?.allows?.(operation) === true

/** @throws DeltaError DW-DELTA-0023 */
export function requireAllowed(snapshot: Snapshot, operation: CatalogOperation): void {
  if (!isAllowed(snapshot, operation)) throw catalogRefuses(snapshot.location.uri, operation)
}
