import type { Json, Schema, Value } from '@deltaworks/schema'
import { invalidRow } from './errors.js'
import type { ScanPlan, TableProvider } from './table-provider.js'

/** Rows that the program holds as values: for tests, small inputs and lookups. */
export function memoryTable(
  schema: Schema,
  rows: readonly (readonly Value[])[],
  options: { readonly name?: string } = {},
): TableProvider {
  rows.forEach((row, i) => {
    if (row.length !== schema.fields.length) throw invalidRow(i, row.length, schema.fields.length)
  })
  const name = options.name ?? 'memory'
  const plan: ScanPlan = {
    splits: rows.length === 0 ? [] : [{ kind: 'rows', rows, rowCount: rows.length }],
    filesTotal: 0,
    filesPruned: 0,
  }
  return {
    name,
    schema,
    statistics: { rowCount: rows.length, sizeBytes: null, approximate: false },
    scan: () => plan,
    describe: () => ({ kind: 'memory', name, rows: rows.length }) satisfies Json,
  }
}

/** Rows in shared memory, as columnar's `writeSegment` lays them out. */
export interface MemorySegment {
  readonly segment: SharedArrayBuffer
  readonly rowCount: number
}

export function segmentTable(name: string, schema: Schema, segments: readonly MemorySegment[]): TableProvider {
  const rowCount = segments.reduce((sum, s) => sum + s.rowCount, 0)
  const plan: ScanPlan = {
    splits: segments
      .filter((s) => s.rowCount > 0)
      .map((s) => ({ kind: 'segment', segment: s.segment, rowCount: s.rowCount })),
    filesTotal: 0,
    filesPruned: 0,
  }
  return {
    name,
    schema,
    statistics: {
      rowCount,
      sizeBytes: segments.reduce((sum, s) => sum + s.segment.byteLength, 0),
      approximate: false,
    },
    scan: () => plan,
    describe: () => ({ kind: 'segments', name, rows: rowCount }) satisfies Json,
  }
}
