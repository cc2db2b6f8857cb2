/** Operations of Delta's history that leave a table's rows as they are. */
export const maintenanceOperations: ReadonlySet<string> = new Set([
  'OPTIMIZE',
  'VACUUM START',
  'VACUUM END',
  'REORG',
  'COMPUTE STATS',
])
