import { Arena, createFilter, recordBatch, takeColumn, type JoinMatches, type RecordBatch } from '@deltaworks/columnar'
import { columnsOf, remapColumns } from '@deltaworks/expression'
import type { Join } from '@deltaworks/plan'
import type { ExecutionContext } from '../../execution-context.js'
import { outputRows } from '../output-rows.js'
import type { JoinRoles } from './join-roles.js'

/** Pairs are looked at so many at once, at most. */
const pairRows = 65_536

export interface JoinResidual {
  /** The pairs that satisfy the condition. */
  keep(arena: Arena, probe: RecordBatch, build: RecordBatch, matches: JoinMatches): JoinMatches
}

/** The condition of a join beside its keys, evaluated on pairs: only the columns that it reads are put together. */
export function joinResidual(
  context: ExecutionContext,
  { residual, left, right }: Join,
  { build }: JoinRoles,
): JoinResidual | null {
  if (residual === null) return null
  const { columnar, evaluation } = context
  const { kernels } = columnar
  const fields = [...left.schema.fields, ...right.schema.fields]
  const read = [...new Set(columnsOf(residual))].sort((a, b) => a - b)
  const schema = { fields: read.map((index) => fields[index]!) }
  const local = remapColumns(residual, (index) => read.indexOf(index))
  const filter = createFilter(columnar, local, schema, { evaluation })
  const width = left.schema.fields.length
  const places = read.map((index) => ({
    isBuild: index < width === (build === 'left'),
    column: index < width ? index : index - width,
  }))
  return {
    keep(arena, probe, built, matches) {
      const kept = {
        probeRows: arena.allocate(matches.count * 4),
        buildRows: arena.allocate(matches.count * 4),
        count: 0,
      }
      const step = outputRows(context, [probe, built], pairRows)
      const scratch = new Arena(arena.heap, arena.account)
      try {
        for (let start = 0; start < matches.count; start += step) {
          scratch.reset()
          const rows = Math.min(step, matches.count - start)
          const [probeRows, buildRows] = [matches.probeRows + start * 4, matches.buildRows + start * 4]
          const columns = places.map(({ isBuild, column }) =>
            isBuild
              ? takeColumn(columnar, scratch, built.columns[column]!, buildRows, rows)
              : takeColumn(columnar, scratch, probe.columns[column]!, probeRows, rows),
          )
          const { address, count } = filter.select(scratch, recordBatch(schema, rows, columns))
          kernels['codesGather']!(probeRows, address, count, kept.probeRows + kept.count * 4)
          kernels['codesGather']!(buildRows, address, count, kept.buildRows + kept.count * 4)
          kept.count += count
        }
      } finally {
        scratch.close()
      }
      return kept
    },
  }
}
