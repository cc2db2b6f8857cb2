export { toArrowBatch, toArrowStream, toArrowTable } from './arrow.js'
export { Arena, unlimited } from './arena.js'
export type { MemoryAccount } from './arena.js'
export { byteWidth, dictionaryColumn, fixedColumn, nestedColumn, variableColumn } from './column.js'
export type { Column } from './column.js'
export { ColumnarError, heapExhausted, reservationRefused } from './errors.js'
export { chunkSize, Heap, scratchBase, scratchBytes } from './heap.js'
export { maxBatchRows, recordBatch, targetBatchRows } from './record-batch.js'
export type { RecordBatch } from './record-batch.js'
export { createContext, kernelModule } from './context.js'
export type { ColumnarContext } from './context.js'
export type { Kernels } from './heap.js'
export { batchToRows, isNull, readText, readValue } from './read-values.js'
export { batchFromRows, columnFromValues } from './values.js'
export { selectColumn, selectionOfTrue, takeBatch, takeColumn } from './take.js'
export { Trial } from './trial.js'
export type { SelectionVector } from './take.js'
export {
  concatBatches,
  concatColumns,
  constantColumn,
  copyBatch,
  copyColumn,
  nullColumn,
  plainColumn,
  sliceBatch,
  sliceColumn,
} from './copy.js'
export { encodeSegment, openSegment, readSegment, segmentInfo, writeSegment } from './segment.js'
export { Accumulators } from './accumulators.js'
export type { AggregateSpec } from './accumulators/accumulator.js'
export { FirstRowCandidates, firstRows } from './first-rows.js'
export { GroupTable } from './group-table.js'
export { hashColumns } from './hash.js'
export { rowBytes } from './row-bytes.js'
export { wordBounds } from './word-bounds.js'
export { JoinTable } from './join-table.js'
export type { JoinMatches } from './join-table.js'
export { partitionBatch } from './partition.js'
export { keyComparator, sortIndexes } from './sort.js'
export type { SortColumn } from './sort.js'
export { createEvaluator } from './compile/evaluator.js'
export type { Evaluator, EvaluatorOptions } from './compile/evaluator.js'
export { createFilter } from './compile/filter.js'
export type { FilterEvaluator } from './compile/filter.js'
