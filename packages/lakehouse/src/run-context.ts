import { rulesFor } from '@deltaworks/quality'
import type { ObjectStore } from '@deltaworks/storage'
import type { Lake } from './lake.js'
import type { LandingRanges } from './landing-ranges.js'
import type { LandingSelection } from './landing.js'
import type { RunMetrics } from './runs/run-metrics.js'
import type { LakehouseDefinition } from './lakehouse-definition.js'
import type { BuildContext, TableDefinition } from './table-definition.js'
import type { LandingUnpacker } from './unpack/unpack-landing.js'

/** What every step of a run has at hand. */
export interface RunContext {
  readonly runId: string
  readonly nowMicros: bigint
  readonly lakehouse: LakehouseDefinition
  readonly configuration: unknown
  readonly lake: Lake
  readonly landing: ObjectStore
  readonly selection: LandingSelection
  /** Whether the listing of landing files is all of them. */
  readonly listsAll: boolean
  /** Holds what packed landing files were unpacked to, until it is closed. */
  readonly unpacker: LandingUnpacker
  /** Where large landing files are cut. */
  readonly ranges: LandingRanges
  /** What rules measured, now and earlier. */
  readonly metrics: RunMetrics
  readonly signal: AbortSignal | undefined
  /** Inputs so small that every table of the run is kept in memory until it ends. */
  readonly keepInMemory: boolean
  /** Raw tables (paths) that are read as they were at a version: see `RunOptions`. */
  readonly pinned: ReadonlyMap<string, number>
}

/** A definition's functions take the configuration of their own lakehouse; which one it is was checked when it was loaded. */
export const buildContext = ({ configuration, nowMicros }: RunContext): BuildContext<never> => ({
  configuration: configuration as never,
  nowMicros,
})

export const qualityRules = (table: TableDefinition, context: RunContext) =>
  table.quality?.(buildContext(context), rulesFor<string>()) ?? []
