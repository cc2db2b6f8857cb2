import { scanNode, type LogicalPlan, type TableScan } from '@deltaworks/plan'
import type { Schema } from '@deltaworks/schema'
import type { StageSplit } from '../execution-context.js'
import { splitBytes, type Morsel, type MorselSegment, type Pipeline, type StageTable } from './stage.js'

let tables = 0

/** A table whose splits the morsels tell. */
export function stageTable(
  name: string,
  schema: Schema,
  splits: readonly StageSplit[],
  rowCount: number | null,
): StageTable {
  const sizeBytes = splits.reduce(
    (sum, split) => sum + (split.kind === 'segment' || split.kind === 'spilled' ? splitBytes(split) : 0),
    0,
  )
  return {
    id: `t${tables++}`,
    name,
    schema,
    statistics: { rowCount, sizeBytes: sizeBytes === 0 ? null : sizeBytes, approximate: false },
    scan: () => {
      throw new Error(`the splits of ${name} are told by morsel`)
    },
    describe: () => ({ kind: 'stage', name }),
  }
}

/** The scan over another table, with the same columns and filters. */
export const scanOf = (scan: TableScan, table: StageTable): TableScan => ({ ...scan, table })

export const segmentSplits = (segments: readonly MorselSegment[]): StageSplit[] => segments.map(({ split }) => split)

export const bytesOf = (segments: readonly MorselSegment[]): number =>
  segments.reduce((sum, { split }) => sum + splitBytes(split), 0)

export const rowsOf = (segments: readonly MorselSegment[]): number =>
  segments.reduce((sum, { rowCount }) => sum + rowCount, 0)

/** What a stage gave, to be read in morsels: a list of segments each. */
export function segmentPipeline(
  name: string,
  schema: Schema,
  morsels: readonly (readonly MorselSegment[])[],
): Pipeline {
  const all = morsels.flat()
  const table = stageTable(name, schema, segmentSplits(all), rowsOf(all))
  return {
    plan: scanNode(table),
    morsels: morsels.map((segments) => ({ splits: { [table.id]: segmentSplits(segments) }, bytes: bytesOf(segments) })),
    broadcast: {},
    bytes: bytesOf(all),
    portable: true,
  }
}

/** The same rows read as one morsel. */
export const collapse = (pipeline: Pipeline): Pipeline =>
  pipeline.morsels.length <= 1 ? pipeline : { ...pipeline, morsels: [mergeMorsels(pipeline.morsels)] }

export const isSingle = (pipeline: Pipeline): boolean => pipeline.morsels.length <= 1

/** One morsel of all; splits stay in order. */
export function mergeMorsels(morsels: readonly Morsel[]): Morsel {
  const splits: Record<string, StageSplit[]> = {}
  let bytes = 0
  for (const morsel of morsels) {
    bytes += morsel.bytes
    for (const [id, own] of Object.entries(morsel.splits)) (splits[id] ??= []).push(...own)
  }
  return { splits, bytes }
}

/** Another plan over the same morsels. */
export const over = (pipeline: Pipeline, plan: LogicalPlan): Pipeline => ({ ...pipeline, plan })

/** Two inputs of one plan, each read as one morsel, or morsel by morsel together if they have equally many. */
export function zip(plan: LogicalPlan, left: Pipeline, right: Pipeline): Pipeline {
  const count = Math.max(left.morsels.length, right.morsels.length)
  return {
    plan,
    morsels: Array.from({ length: count }, (_, i) =>
      mergeMorsels([left, right].flatMap(({ morsels }) => morsels.slice(i, i + 1))),
    ),
    broadcast: { ...left.broadcast, ...right.broadcast },
    bytes: left.bytes + right.bytes,
    portable: left.portable && right.portable,
  }
}
