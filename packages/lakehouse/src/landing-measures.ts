import { agg, col, type Expr } from '@deltaworks/expression'
import type { DataFrame } from '@deltaworks/plan'
import type { Field, Value } from '@deltaworks/schema'
import { landingColumns } from './landing-columns.js'
import { profilePass, type ProfilePass } from './profile/profile-pass.js'
import type { RunContext } from './run-context.js'
import type { TableDefinition } from './table-definition.js'
import type { LandingPart } from './unpack/unpack-landing.js'

/** What is counted and measured of landed rows. */
export interface Measuring {
  /** Null: the source wants no profile. */
  readonly pass: ProfilePass | null
  prepare(landed: DataFrame): DataFrame
  /** First how many rows there are, and how many of them are malformed. */
  readonly aggregates: Readonly<Record<string, Expr>>
}

export function measuringOf(table: TableDefinition, parts: readonly LandingPart[]): Measuring {
  const counts = { all: agg.count(), malformed: agg.count(col(landingColumns.corruptReason)) }
  const pass = table.source!.profile ? profilePass(table, parts) : null
  return {
    pass,
    prepare: (landed) => pass?.prepare(landed) ?? landed,
    aggregates: { ...counts, ...pass?.aggregates },
  }
}

/** Measures rows in a pass of their own. */
export async function measureRows(
  landed: DataFrame,
  { prepare, aggregates }: Measuring,
  context: RunContext,
  signal: AbortSignal | undefined,
): Promise<{ readonly values: readonly Value[]; readonly fields: readonly Field[] }> {
  const query = prepare(landed).agg(aggregates).plan
  const { rows } = await context.lake.session.collect(query, { signal })
  return { values: rows[0]!, fields: query.schema.fields }
}
