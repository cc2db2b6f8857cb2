import { randomInt, randomUUID } from 'node:crypto'
import { Arena, recordBatch, type RecordBatch } from '@deltaworks/columnar'
import { ParquetWriter } from '@deltaworks/formats'
import { fieldIndex, type Schema, type Value } from '@deltaworks/schema'
import { joinPath, openStore, type ObjectStore, type ObjectWriter } from '@deltaworks/storage'
import type { ExecutionContext } from './execution-context.js'
import type { FileSink, WrittenFile } from './file-sink.js'
import { HeldBatches } from './held-batches.js'
import type { PoolAccount } from './memory-pool.js'
import { open, type ExecutionPlan } from './operators/execution-plan.js'
import { partitionFolder } from './partition-path.js'
import { PartitionRouter, type PartitionRows } from './partition-router.js'
import { PendingPuts } from './pending-puts.js'

/** Files of more partitions than this are not kept open at once: the largest is ended early. */
const maxOpenFiles = 256
/** Beside so many open files others are given pages of few rows: what a page of each column waits for is most of what a file holds. */
const fewFiles = 16
const manyFilesPageRows = 4096
/** A file smaller than this is put at once; a larger one is streamed to its store as its row groups end. */
const streamBytes = 8 * 1024 * 1024
/** Of a row group, compressed; less where there is less memory, so that who wrote a file can read it again: a reader holds a group. */
const mostGroupBytes = 128 * 1024 * 1024
const leastGroupBytes = 1024 * 1024
const groupPart = 1 / 16

/**
 * Writes the rows of a plan as Parquet files, one open file a partition. A file appears in its store when it is whole; if
 * the query fails, what was written is deleted.
 */
export async function writeFiles(
  plan: ExecutionPlan,
  sink: FileSink,
  context: ExecutionContext,
): Promise<WrittenFile[]> {
  const account = context.pool.account('WriteFilesExec')
  const writer = new PartitionedWriter(plan.schema, sink, context, account)
  try {
    for await (const batch of open(plan, context)) await writer.write(batch)
    return await writer.finish()
  } catch (error) {
    await writer.abort()
    throw error
  } finally {
    writer.close()
    account.close()
  }
}

/** Routes rows to one open file a partition. */
export class PartitionedWriter {
  readonly #sink: FileSink
  readonly #context: ExecutionContext
  readonly #account: PoolAccount
  readonly #store: ObjectStore
  readonly #schema: Schema
  readonly #fileSchema: Schema
  readonly #partitionColumns: readonly number[]
  readonly #dataColumns: readonly number[]
  readonly #router: PartitionRouter | null
  /** Rows that are not written yet: there may be few. */
  #held: HeldBatches | null
  readonly #arena: Arena
  readonly #partitions: (OpenFile | undefined)[] = []
  readonly #written: WrittenFile[] = []
  readonly #puts = new PendingPuts()
  readonly #began: (path: string) => void
  #sequence = 0

  /** @param began told of each file before anything of it is written */
  constructor(
    schema: Schema,
    sink: FileSink,
    context: ExecutionContext,
    account: PoolAccount,
    began: (path: string) => void = () => undefined,
  ) {
    this.#began = began
    this.#sink = sink
    this.#context = context
    this.#account = account
    this.#store = openStore(sink.store)
    this.#schema = schema
    this.#partitionColumns = sink.partitionBy.map((name) => fieldIndex(schema, name))
    const others = schema.fields.map((_, i) => i).filter((i) => !this.#partitionColumns.includes(i))
    this.#dataColumns = sink.keepsPartitionColumns === true ? [...others, ...this.#partitionColumns] : others
    this.#fileSchema = { fields: this.#dataColumns.map((i) => schema.fields[i]!) }
    const isPartitioned = sink.partitionBy.length > 0
    this.#router = isPartitioned ? new PartitionRouter(schema, sink.partitionBy, context, account) : null
    this.#held = isPartitioned ? new HeldBatches(context, account) : null
    this.#arena = new Arena(context.columnar.heap, account)
  }

  async write(batch: RecordBatch): Promise<void> {
    if (batch.rowCount === 0) return
    if (this.#router === null) {
      const columns = this.#dataColumns.map((i) => batch.columns[i]!)
      await this.#append(0, recordBatch(this.#fileSchema, batch.rowCount, columns))
      return
    }
    if (this.#held?.hold(batch) === true) return
    for (const held of this.#held?.release() ?? []) await this.#writeRouted(held)
    this.#held?.close()
    this.#held = null
    await this.#writeRouted(batch)
  }

  async #writeRouted(batch: RecordBatch): Promise<void> {
    this.#arena.reset()
    const routed = this.#router!.route(this.#arena, batch)
    const columns = this.#router!.ordered(this.#arena, batch, this.#dataColumns, routed)
    const ordered = recordBatch(this.#fileSchema, batch.rowCount, columns)
    let start = 0
    for (const { partition, count } of routed.partitions) {
      await this.#append(partition, ordered, start, count)
      start += count
    }
  }

  async #appendRows(batch: RecordBatch, rows: PartitionRows): Promise<void> {
    const columns = this.#router!.take(this.#arena, batch, this.#dataColumns, rows)
    await this.#append(rows.partition, recordBatch(this.#fileSchema, rows.count, columns))
  }

  /** All rows are there: files are written one after the other, so that one is open at a time. */
  async #writeHeld(): Promise<void> {
    if (this.#held === null) return
    const index = new Arena(this.#context.columnar.heap, this.#account)
    try {
      const byPartition: { readonly batch: RecordBatch; readonly rows: PartitionRows }[][] = []
      for (const batch of this.#held.release()) {
        for (const rows of this.#router!.route(index, batch).partitions)
          (byPartition[rows.partition] ??= []).push({ batch, rows })
      }
      for (const [partition, parts] of byPartition.entries()) {
        this.#arena.reset()
        for (const { batch, rows } of parts) await this.#appendRows(batch, rows)
        if (this.#partitions[partition] !== undefined) await this.#end(partition)
      }
    } finally {
      index.close()
    }
  }

  async #append(partition: number, batch: RecordBatch, start = 0, rows = batch.rowCount): Promise<void> {
    let file = this.#partitions[partition]
    if (file === undefined) {
      if (this.#openCount() >= maxOpenFiles) await this.#endLargest()
      file = this.#openFile(this.#router?.values[partition] ?? {})
      this.#partitions[partition] = file
    }
    file.writer.write(batch, start, rows)
    await file.drain(this.#store, false)
    if (file.writer.estimatedBytes >= this.#sink.targetFileBytes) await this.#end(partition)
  }

  #openCount(): number {
    let count = 0
    for (const file of this.#partitions) if (file !== undefined) count++
    return count
  }

  async #endLargest(): Promise<void> {
    let largest = -1
    this.#partitions.forEach((file, i) => {
      if (file === undefined) return
      if (largest < 0 || file.writer.estimatedBytes > this.#partitions[largest]!.writer.estimatedBytes) largest = i
    })
    if (largest >= 0) await this.#end(largest)
  }

  #openFile(values: Record<string, Value>): OpenFile {
    const { directory, compression, physicalNames, fieldIds, variants, encoding, pageVersion } = this.#sink
    const folders = this.#folders(values)
    const suffix = compression === 'none' ? '' : `.${compression === 'gzip' ? 'gz' : compression}`
    const name = `part-${String(this.#sequence++).padStart(5, '0')}-${randomUUID()}.c000${suffix}.parquet`
    const path = joinPath(directory, ...folders, name)
    this.#began(path)
    const groupBytes = Math.floor(this.#context.pool.limitBytes * groupPart)
    const isCrowded = this.#openCount() >= fewFiles
    return new OpenFile(
      path,
      values,
      (onPart) =>
        new ParquetWriter(this.#context.columnar, this.#account, this.#fileSchema, {
          compression,
          onPart,
          rowGroupBytes: Math.max(leastGroupBytes, Math.min(mostGroupBytes, groupBytes)),
          ...(isCrowded ? { pageRows: manyFilesPageRows } : {}),
          ...(physicalNames === undefined ? {} : { physicalNames }),
          ...(variants === undefined ? {} : { variants }),
          ...(encoding === undefined ? {} : { encoding }),
          ...(pageVersion === undefined ? {} : { pageVersion }),
          ...(fieldIds === undefined ? {} : { fieldIds }),
        }),
    )
  }

  #folders(values: Readonly<Record<string, Value>>): readonly string[] {
    const { partitionBy, physicalNames, randomPrefixLength } = this.#sink
    if (randomPrefixLength !== undefined) return [randomName(randomPrefixLength)]
    return partitionBy.map((name, i) =>
      partitionFolder(
        physicalNames?.[name] ?? name,
        this.#schema.fields[this.#partitionColumns[i]!]!.type,
        values[name] ?? null,
      ),
    )
  }

  async #end(partition: number): Promise<void> {
    const file = this.#partitions[partition]!
    this.#partitions[partition] = undefined
    const { sizeBytes, rowCount, statistics } = file.writer.finish()
    this.#written.push({
      path: file.path,
      sizeBytes,
      rowCount,
      partitionValues: file.values,
      statistics: statistics.map(({ path, min, max, nullCount }) => ({ path, min, max, nullCount: nullCount ?? 0 })),
    })
    await this.#puts.add(() => file.drain(this.#store, true))
  }

  /** Ends the files that are open: the rows that follow come into others. */
  async endFiles(): Promise<void> {
    await this.#writeHeld()
    for (let partition = 0; partition < this.#partitions.length; partition++) {
      if (this.#partitions[partition] !== undefined) await this.#end(partition)
    }
  }

  async finish(): Promise<WrittenFile[]> {
    await this.endFiles()
    await this.#puts.settled()
    return this.#written
  }

  async abort(): Promise<void> {
    await this.#puts.settled().catch(() => undefined)
    for (const file of this.#partitions) await file?.stream?.abort().catch(() => undefined)
    await this.#store.delete(this.#written.map((file) => file.path)).catch(() => undefined)
  }

  close(): void {
    this.#arena.close()
    this.#held?.close()
    this.#router?.close()
  }
}

const nameSymbols = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
const randomName = (length: number): string =>
  Array.from({ length }, () => nameSymbols[randomInt(nameSymbols.length)]!).join('')

/** A file that is being written: its encoded parts go to the store in one piece, or as a stream once they are many. */
class OpenFile {
  readonly path: string
  readonly values: Readonly<Record<string, Value>>
  readonly writer: ParquetWriter
  stream: ObjectWriter | null = null
  #parts: Uint8Array[] = []
  #bytes = 0

  constructor(
    path: string,
    values: Readonly<Record<string, Value>>,
    makeWriter: (onPart: (part: Uint8Array) => void) => ParquetWriter,
  ) {
    this.path = path
    this.values = values
    this.writer = makeWriter((part) => {
      this.#parts.push(part)
      this.#bytes += part.length
    })
  }

  async drain(store: ObjectStore, last: boolean): Promise<void> {
    if (this.stream === null) {
      if (last) {
        await store.put(this.path, this.#parts, 'fresh')
        return
      }
      if (this.#bytes < streamBytes) return
      this.stream = await store.writer(this.path)
    }
    for (const part of this.#parts) await this.stream.write(part)
    this.#parts = []
    this.#bytes = 0
    if (last) await this.stream.close()
  }
}
