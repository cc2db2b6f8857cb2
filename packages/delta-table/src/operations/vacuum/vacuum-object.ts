/** An object in the table's folder that VACUUM looks at. */
export interface VacuumObject {
  /** In the store. */
  readonly path: string
  readonly sizeBytes: number
  /** When it was written, or, if only the log is known, removed. */
  readonly modifiedMs: number
}

export const relativeTo = (path: string, table: string): string => (table === '' ? path : path.slice(table.length + 1))

/** `_delta_log`, `_SUCCESS`, `.crc`; a folder `_x=1` is a partition, `_change_data` is ours to clean. */
export function isKeptByName(path: string, table: string): boolean {
  for (let start = table === '' ? 0 : table.length + 1; start >= 0 && start < path.length;) {
    const slash = path.indexOf('/', start)
    const first = path[start]
    if (first === '_' || first === '.') {
      const segment = slash < 0 ? path.slice(start) : path.slice(start, slash)
      if (!segment.includes('=') && segment !== '_change_data') return true
    }
    start = slash < 0 ? -1 : slash + 1
  }
  return false
}
