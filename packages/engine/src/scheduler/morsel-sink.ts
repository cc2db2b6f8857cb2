import type { RecordBatch } from '@deltaworks/columnar'
import type { Schema, Value } from '@deltaworks/schema'
import { ExchangePartitioner } from '../exchange/exchange-partitioner.js'
import { SegmentBuffer } from '../exchange/segment-buffer.js'
import { SegmentWriter } from '../exchange/segment-writer.js'
import type { ExecutionContext } from '../execution-context.js'
import type { WrittenFile } from '../file-sink.js'
import { exchangeUnits, operatorUnits } from '../memory-pool.js'
import type { RowSums } from '../row-sums.js'
import { PartitionedWriter } from '../write-files.js'
import { SplitWriter } from './split-writer.js'
import type { MorselSegment, SegmentSplit, StageSink } from './stage.js'

/** Where the rows of a task's morsels go. */
export interface MorselSink {
  write(batch: RecordBatch, morsel: number): Promise<void> | void
  /** The morsel's last batch was written. */
  endMorsel(morsel: number): void
  /** The last morsel ended. */
  finish(): Promise<readonly WrittenFile[]>
  /** After `finish`: the state of what was measured. */
  measured(): readonly (readonly Value[])[]
  /** After `finish`: what rows added up to, by output. */
  sums?(): readonly (RowSums | null)[]
  abort(): Promise<void>
  close(): void
}

export interface SinkEvents {
  segment(segment: MorselSegment): void
  /** A file is about to be written. */
  file(path: string): void
}

export function createSink(sink: StageSink, schema: Schema, context: ExecutionContext, events: SinkEvents): MorselSink {
  switch (sink.kind) {
    case 'gather': {
      let current = 0
      const writer = new SegmentWriter(context, schema, sink.inMemory === true)
      const emit = (split: SegmentSplit): void =>
        events.segment({ morsel: current, partition: 0, split, rowCount: split.rowCount })
      const account = context.pool.spillable('Exchange', exchangeUnits)
      const buffer = new SegmentBuffer(context, schema, writer, sink.segmentRows, emit, account, sink.segmentBytes)
      return segmentSink(buffer, writer, (morsel) => (current = morsel))
    }
    case 'partitions': {
      let current = 0
      const writer = new SegmentWriter(context, schema, false)
      const emit = (partition: number, split: SegmentSplit): void =>
        events.segment({ morsel: current, partition, split, rowCount: split.rowCount })
      const partitioner = new ExchangePartitioner(context, schema, sink.by, sink.partitions, writer, emit)
      return segmentSink(partitioner, writer, (morsel) => (current = morsel))
    }
    case 'files': {
      const account = context.pool.account('WriteFilesExec')
      const writer = new PartitionedWriter(schema, sink.sink, context, account, (path) => events.file(path))
      let last = -1
      return {
        write: async (batch, morsel) => {
          if (sink.inOrder && last >= 0 && morsel !== last && morsel !== last + 1) await writer.endFiles()
          last = morsel
          await writer.write(batch)
        },
        endMorsel: () => undefined,
        finish: () => writer.finish(),
        measured: () => [],
        abort: () => writer.abort(),
        close: () => {
          writer.close()
          account.close()
        },
      }
    }
    case 'split':
      return new SplitWriter(schema, sink.sink, context, (path) => events.file(path))
  }
}

/** Units of memory that a sink will have: see `MemoryPool.expect`. */
export function sinkUnits({ kind }: StageSink): number {
  switch (kind) {
    case 'gather':
    case 'partitions':
      return exchangeUnits
    case 'split':
      return operatorUnits
    case 'files':
      return 0
  }
}

const segmentSink = (
  buffer: { add(batch: RecordBatch): void; flush(): void; close(): void },
  writer: SegmentWriter,
  enter: (morsel: number) => void,
): MorselSink => ({
  write: (batch, morsel) => {
    enter(morsel)
    buffer.add(batch)
  },
  endMorsel: (morsel) => {
    enter(morsel)
    buffer.flush()
  },
  finish: async () => [],
  measured: () => [],
  abort: async () => undefined,
  close: () => {
    buffer.close()
    writer.end()
  },
})
