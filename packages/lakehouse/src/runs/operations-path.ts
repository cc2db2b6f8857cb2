/** Where a lake keeps what its runs know of themselves: below its root, beside the layers. */
export const operationsPath = 'operations'
export const leasesPath = `${operationsPath}/leases`
/** Of runs that have ended, and of those that have not. */
export const manifestsPath = `${operationsPath}/manifests`
export const unfinishedPath = `${operationsPath}/unfinished`
export const publicationsPath = `${operationsPath}/publications`
/** What was let into this environment. */
export const promotionsPath = `${operationsPath}/promotions`
/** A Delta table: see `runsSchema`. */
export const runsPath = `${operationsPath}/runs`
/** A Delta table: see `profilesSchema`. */
export const profilesPath = `${operationsPath}/profiles`
/** A Delta table: see `decisionLogSchema`. */
export const maintenanceLogPath = `${operationsPath}/maintenance`
