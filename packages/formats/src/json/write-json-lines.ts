import { batchToRows, type Heap, type RecordBatch } from '@deltaworks/columnar'
import type { Schema } from '@deltaworks/schema'
import { canonicalLine } from '../canonical-line.js'

/** Batches as JSON lines in the canonical form, a chunk of UTF-8 each. */
export async function* writeJsonLines(
  heap: Heap,
  schema: Schema,
  batches: AsyncIterable<RecordBatch> | Iterable<RecordBatch>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const encoder = new TextEncoder()
  for await (const batch of batches) {
    let text = ''
    for (const row of batchToRows(heap, batch)) text += `${canonicalLine(schema, row)}\n`
    yield encoder.encode(text)
  }
}
