import { DeltaTable } from '@deltaworks/delta-table'
import { agg, col, lit } from '@deltaworks/expression'
import type { Session } from '@deltaworks/engine'
import { scan } from '@deltaworks/plan'
import { joinPath } from '@deltaworks/storage'
import { runsPath } from './operations-path.js'

export interface Usual {
  readonly mean: number
  readonly deviation: number
}

/** What a step took and made in the runs in which it did something. */
export interface UsualStep {
  readonly runs: number
  readonly durationMs: Usual
  readonly rowsIn: Usual
  readonly rowsOut: Usual
  readonly rowsQuarantined: Usual
}
export type StepHistory = ReadonlyMap<string, UsualStep>

const measured = [
  ['durationMs', 'duration_ms'],
  ['rowsIn', 'rows_in'],
  ['rowsOut', 'rows_out'],
  ['rowsQuarantined', 'rows_quarantined'],
] as const

/**
 * Usual figures of each step over the runs in which it did something: what "slower than usual" and "fewer rows than usual" are
 * measured against. @param except a run that is not counted
 */
export async function stepHistory(session: Session, root: string, except?: string): Promise<StepHistory> {
  const table = await DeltaTable.openIfExists(session, joinPath(root, runsPath))
  if (table === null) return new Map()
  const steps = scan(table.provider())
    .filter(
      col('step')
        .isNotNull()
        .and(col('run_id').ne(lit(except ?? '')))
        .and(
          col('status')
            .eq(lit('written'))
            .or(col('status').eq(lit('checked'))),
        ),
    )
    .groupBy(col('step'))
    .agg({
      runs: agg.count(),
      ...Object.fromEntries(measured.map(([name, column]) => [`${name}_mean`, agg.avg(col(column))])),
      ...Object.fromEntries(measured.map(([name, column]) => [`${name}_deviation`, agg.stddevPop(col(column))])),
    })
  const { rows, schema } = await session.collect(steps)
  const at = (name: string): number => schema.fields.findIndex((field) => field.name === name)
  return new Map(
    rows.map((row) => {
      const usual = (name: string): Usual => ({
        mean: Number(row[at(`${name}_mean`)]),
        deviation: Number(row[at(`${name}_deviation`)]),
      })
      const figures: UsualStep = {
        runs: Number(row[at('runs')]),
        durationMs: usual('durationMs'),
        rowsIn: usual('rowsIn'),
        rowsOut: usual('rowsOut'),
        rowsQuarantined: usual('rowsQuarantined'),
      }
      return [String(row[at('step')]), figures]
    }),
  )
}
