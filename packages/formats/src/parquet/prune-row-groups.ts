import type { ColumnStatisticsSource } from '@deltaworks/expression'
import type { FileScan } from '../file-scan.js'
import type { RowGroup } from './metadata.js'
import { columnBounds } from './read-bounds.js'
import type { ReadNode } from './read-plan.js'

/**
 * What a row group's footer tells of the scan's columns, by their positions.
 * @param plan the read node of every field of `scan.schema`; null for constants and virtual columns
 */
export function rowGroupStatistics(
  scan: FileScan,
  plan: readonly (ReadNode | null)[],
  group: RowGroup,
): ColumnStatisticsSource {
  return {
    rowCount: group.rowCount,
    column: (index) => {
      const field = scan.schema.fields[index]
      if (field === undefined) return null
      if (Object.hasOwn(scan.constants, field.name)) {
        const value = scan.constants[field.name]!
        return { min: value, max: value, nullCount: value === null ? group.rowCount : 0 }
      }
      const node = plan[index]
      if (node === undefined || node === null) return null
      if (node.kind === 'missing') return { min: null, max: null, nullCount: group.rowCount }
      if (node.kind !== 'leaf' || node.node.repetition > 0) return null
      const { statistics } = group.columns[node.node.leaf]!
      return statistics === null ? null : columnBounds(node.node, node.type, statistics)
    },
  }
}
