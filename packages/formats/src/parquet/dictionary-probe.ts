import {
  Arena,
  createFilter,
  fixedColumn,
  nullColumn,
  recordBatch,
  variableColumn,
  type Column,
  type ColumnarContext,
  type MemoryAccount,
} from '@deltaworks/columnar'
import { conjunction, type BoundExpression } from '@deltaworks/expression'
import type { Schema } from '@deltaworks/schema'
import type { FileScan } from '../file-scan.js'
import { ColumnReader } from './column-reader.js'
import { loadChunks } from './chunk-loading.js'
import { fetchPlan } from './fetch-plan.js'
import type { OpenedFile } from './footer.js'
import { parquetKernels } from './kernels.js'
import type { ColumnChunk } from './metadata.js'
import type { LeafRead } from './read-plan.js'

/** Larger dictionaries are not read for this. */
const maxDictionaryBytes = 1_048_576

/** Whether the chunk's dictionary is all of its values, and small. */
export const hasWholeDictionary = (chunk: ColumnChunk): boolean =>
  chunk.isAllDictionary && chunk.start < chunk.dataStart && chunk.dataStart - chunk.start <= maxDictionaryBytes

/**
 * Whether a value of the chunk's dictionary (or null, if it may hold nulls) satisfies filters that look at that column alone.
 * @param index of the column in the scan's schema
 */
export async function dictionaryMayMatch(
  context: ColumnarContext,
  account: MemoryAccount,
  scan: FileScan,
  file: OpenedFile,
  chunk: ColumnChunk,
  leaf: LeafRead,
  index: number,
  filters: readonly BoundExpression[],
): Promise<{ readonly mayMatch: boolean; readonly bytesRead: number }> {
  const arena = new Arena(context.heap, account)
  let reader: ColumnReader | null = null
  try {
    const part = { start: chunk.start, compressedBytes: chunk.dataStart - chunk.start }
    const plan = fetchPlan([{ chunk: part, pages: null }], null, 0)
    const { chunks, bytesRead } = await loadChunks(scan, file, plan, context.heap, arena)
    const decode = { heap: context.heap, kernels: parquetKernels(context), path: scan.path, node: leaf.node }
    reader = new ColumnReader(decode, chunk, chunks[0]!, leaf.type, arena, account)
    const dictionary = reader.readDictionary()
    if (dictionary === null) return { mayMatch: true, bytesRead }
    const { values, count } = dictionary
    const mayBeNull = leaf.node.definition > 0 && chunk.statistics?.nullCount !== 0
    const batches: Column[] = []
    if (values.kind === 'strings') batches.push(variableColumn(leaf.type, count, values.offsets, values.bytes))
    else if (values.kind === 'fixed') batches.push(fixedColumn(leaf.type, count, values.address))
    if (mayBeNull) batches.push(nullColumn(arena, leaf.type, 1))
    const mayMatch = batches.some((column) => matches(context, arena, scan.schema, index, column, filters))
    return { mayMatch, bytesRead }
  } finally {
    reader?.close()
    arena.close()
  }
}

function matches(
  context: ColumnarContext,
  arena: Arena,
  schema: Schema,
  index: number,
  column: Column,
  filters: readonly BoundExpression[],
): boolean {
  const others = schema.fields.map(({ type }, i) => (i === index ? column : nullColumn(arena, type, column.length)))
  const filter = createFilter(context, conjunction(filters), schema)
  return filter.select(arena, recordBatch(schema, column.length, others)).count > 0
}
