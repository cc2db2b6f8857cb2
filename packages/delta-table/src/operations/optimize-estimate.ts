import { valuesCompare } from '@deltaworks/expression'
import { factsOf, type AddFile, type FileFacts, type Snapshot } from '@deltaworks/delta-log'
import { fieldIndex, type DataType, type Value } from '@deltaworks/schema'
import { FileStatisticsSource } from '../file-statistics-source.js'
import type { OptimizePlan } from './optimize.js'

/** What OPTIMIZE would do, and what it is expected to save. Nothing is read but the log. */
export interface OptimizeEstimate {
  readonly filesBefore: number
  readonly filesAfter: number
  readonly filesRewritten: number
  readonly bytesRewritten: number
  /** Bytes of the files that a query for one value of a usual filter column opens, on average. null: no such columns, or no bounds. */
  readonly scannedBytesBefore: number | null
  readonly scannedBytesAfter: number | null
}

/** Bounds and size of a file that is or will be. */
interface Extent {
  readonly min: Value
  readonly max: Value
  readonly sizeBytes: number
}

/** Files that are looked at of a large table, and values that are asked for. */
const sampledFiles = 10_000
const sampledValues = 64

export function estimateOptimize(
  snapshot: Snapshot,
  plan: OptimizePlan,
  filterColumns: readonly string[],
): OptimizeEstimate {
  const rewritten = plan.bins.flat()
  const added = plan.bins.reduce((sum, bin) => sum + filesOfBin(bin, plan.targetBytes), 0)
  const filesBefore = snapshot.files.size
  const before = scannedBytes(snapshot, filterColumns)
  return {
    filesBefore,
    filesAfter: filesBefore - rewritten.length + added,
    filesRewritten: rewritten.length,
    bytesRewritten: bytesOf(rewritten),
    scannedBytesBefore: before,
    scannedBytesAfter: before === null || plan.bins.length === 0 ? before : scannedAfter(snapshot, plan, filterColumns),
  }
}

const bytesOf = (files: readonly AddFile[]): number => files.reduce((sum, file) => sum + file.sizeBytes, 0)
const filesOfBin = (bin: readonly AddFile[], targetBytes: number): number =>
  Math.max(1, Math.ceil(bytesOf(bin) / targetBytes))

/** Bytes that a query `column = value` opens, on average over values that occur and over the columns. */
export function scannedBytes(snapshot: Snapshot, columns: readonly string[]): number | null {
  const step = Math.max(1, Math.ceil(snapshot.files.size / sampledFiles))
  return averageOf(columns, (column) => {
    const extents: Extent[] = []
    let at = 0
    const look = extentReader(snapshot, column)
    if (look === null) return null
    snapshot.files.forEachFacts((facts) => {
      if (at++ % step === 0) extents.push(look(facts))
    })
    const scanned = scannedIn(look.type, extents)
    return scanned === null ? null : scanned * step
  })
}

/** The same when the plan has been carried out. */
function scannedAfter(snapshot: Snapshot, plan: OptimizePlan, columns: readonly string[]): number | null {
  const rewritten = new Set(plan.bins.flat())
  const staying = [...snapshot.files.values()].filter((file) => !rewritten.has(file))
  return averageOf(columns, (column) => {
    const look = extentReader(snapshot, column)
    if (look === null) return null
    const extents = staying.map((file) => look(factsOf(file)))
    for (const bin of plan.bins) extents.push(...binExtents(look, bin, plan, column))
    return scannedIn(look.type, extents)
  })
}

/** The files that a bin becomes. Ordered along a curve of k columns, n files cut each of these into about n^(1/k) ranges. */
function binExtents(
  look: ExtentReader,
  bin: readonly AddFile[],
  plan: OptimizePlan,
  column: string,
): readonly Extent[] {
  const whole = bin.map((file) => look(factsOf(file))).reduce((a, b) => unionOf(look.type, a, b))
  const count = filesOfBin(bin, plan.targetBytes)
  const isOrdered = plan.orderBy.includes(column)
  if (!isOrdered || count === 1) return [whole]
  const share = count ** (-1 / plan.orderBy.length)
  return [{ ...whole, sizeBytes: whole.sizeBytes * share }]
}

const unionOf = (type: DataType, a: Extent, b: Extent): Extent => ({
  min: a.min === null || b.min === null ? null : valuesCompare(type, a.min, b.min) <= 0 ? a.min : b.min,
  max: a.max === null || b.max === null ? null : valuesCompare(type, a.max, b.max) >= 0 ? a.max : b.max,
  sizeBytes: a.sizeBytes + b.sizeBytes,
})

interface ExtentReader {
  (facts: FileFacts): Extent
  readonly type: DataType
}

function extentReader(snapshot: Snapshot, column: string): ExtentReader | null {
  const index = fieldIndex(snapshot.schema, column)
  if (index < 0) return null
  const source = new FileStatisticsSource(snapshot)
  const read = (facts: FileFacts): Extent => {
    const bounds = source.at(facts).column(index)
    return { min: bounds?.min ?? null, max: bounds?.max ?? null, sizeBytes: facts.sizeBytes }
  }
  return Object.assign(read, { type: snapshot.schema.fields[index]!.type })
}

/** Average over values that are bounds of files. A file without bounds is opened for each. */
function scannedIn(type: DataType, extents: readonly Extent[]): number | null {
  const values = extents.flatMap(({ min, max }) => (min === null || max === null ? [] : [min, max]))
  if (values.length === 0) return null
  values.sort((a, b) => valuesCompare(type, a, b))
  let sum = 0
  const count = Math.min(sampledValues, values.length)
  for (let i = 0; i < count; i++) {
    const value = values[Math.floor((i * values.length) / count)]!
    for (const { min, max, sizeBytes } of extents) {
      const holds =
        min === null || max === null || (valuesCompare(type, min, value) <= 0 && valuesCompare(type, value, max) <= 0)
      if (holds) sum += sizeBytes
    }
  }
  return Math.round(sum / count)
}

function averageOf(columns: readonly string[], of: (column: string) => number | null): number | null {
  const known = columns.map(of).filter((value) => value !== null)
  return known.length === 0 ? null : Math.round(known.reduce((a, b) => a + b, 0) / known.length)
}
