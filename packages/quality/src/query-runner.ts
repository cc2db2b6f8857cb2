import type { DataFrame, LogicalPlan } from '@deltaworks/plan'
import type { Value } from '@deltaworks/schema'

/** What quality needs of a Session: the rows of a query. */
export interface QueryRunner {
  collect(
    query: LogicalPlan,
    options?: { readonly signal?: AbortSignal },
  ): Promise<{ readonly rows: readonly (readonly Value[])[] }>
}

/** A frame, whatever is known of its rows. */
export type AnyFrame = DataFrame | DataFrame<never>
