import { randomInt, randomUUID } from 'node:crypto'
import {
  Arena,
  GroupTable,
  readValue,
  recordBatch,
  takeColumn,
  type Column,
  type RecordBatch,
} from '@deltaworks/columnar'
import { ParquetWriter } from '@deltaworks/formats'
import { fieldIndex, type Schema, type Value } from '@deltaworks/schema'
import { joinPath, openStore, type ObjectStore, type ObjectWriter } from '@deltaworks/storage'
import type { ExecutionContext } from './execution-context.js'
import type { FileSink, WrittenFile } from './file-sink.js'
import type { PoolAccount } from './memory-pool.js'
import { open, type ExecutionPlan } from './operators/execution-plan.js'
import { partitionFolder } from './partition-path.js'
import { PendingPuts } from './pending-puts.js'

/** Files of more partitions than this are not kept open at once: the largest is ended early. */
const maxOpenFiles = 256
/** Beside so many open files others are given pages of few rows: what a page of each column waits for is most of what a file holds. */
const fewFiles = 16
const manyFilesPageRows = 4096
/** A file smaller than this is put at once; a larger one is streamed to its store as its row groups end. */
const streamBytes = 8 * 1024 * 1024

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
  readonly #groups: GroupTable | null
  readonly #arena: Arena
  readonly #partitions: (OpenFile | undefined)[] = []
  readonly #values: Record<string, Value>[] = []
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
    this.#groups =
      sink.partitionBy.length === 0
        ? null
        : new GroupTable(
            context.columnar,
            account,
            this.#partitionColumns.map((i) => schema.fields[i]!.type),
          )
    this.#arena = new Arena(context.columnar.heap, account)
  }

  async write(batch: RecordBatch): Promise<void> {
    if (batch.rowCount === 0) return
    const data = this.#dataColumns.map((i) => batch.columns[i]!)
    if (this.#groups === null) {
      await this.#append(0, recordBatch(this.#fileSchema, batch.rowCount, data))
      return
    }
    this.#arena.reset()
    for (const { partition, address, count } of this.#route(batch)) {
      const whole = count === batch.rowCount
      const columns = whole
        ? data
        : data.map((column) => takeColumn(this.#context.columnar, this.#arena, column, address, count))
      await this.#append(partition, recordBatch(this.#fileSchema, count, columns))
    }
  }

  /** Row numbers of the batch by partition: a counting sort over group numbers. */
  #route(
    batch: RecordBatch,
  ): readonly { readonly partition: number; readonly address: number; readonly count: number }[] {
    const keys = this.#partitionColumns.map((i) => batch.columns[i]!)
    const { rowCount } = batch
    const groupIds = this.#arena.allocate(rowCount * 4)
    const before = this.#groups!.groupCount
    this.#groups!.insert(keys, rowCount, groupIds)
    const groups = this.#groups!.groupCount
    const { i32 } = this.#context.columnar.heap
    const counts = new Int32Array(groups + 1)
    for (let row = 0; row < rowCount; row++) {
      const group = i32[(groupIds >>> 2) + row]!
      counts[group + 1]!++
      if (group >= before && this.#values[group] === undefined) this.#values[group] = this.#partitionValues(keys, row)
    }
    for (let group = 0; group < groups; group++) counts[group + 1]! += counts[group]!
    const starts = counts.slice()
    const address = this.#arena.allocate(rowCount * 4)
    const fresh = this.#context.columnar.heap.i32
    for (let row = 0; row < rowCount; row++) {
      const group = fresh[(groupIds >>> 2) + row]!
      fresh[(address >>> 2) + starts[group]!++] = row
    }
    const routed = []
    for (let partition = 0; partition < groups; partition++) {
      const count = counts[partition + 1]! - counts[partition]!
      if (count > 0) routed.push({ partition, address: address + counts[partition]! * 4, count })
    }
    return routed
  }

  #partitionValues(keys: readonly Column[], row: number): Record<string, Value> {
    return Object.fromEntries(
      this.#sink.partitionBy.map((name, i) => [name, readValue(this.#context.columnar.heap, keys[i]!, row)]),
    )
  }

  async #append(partition: number, batch: RecordBatch): Promise<void> {
    let file = this.#partitions[partition]
    if (file === undefined) {
      if (this.#openCount() >= maxOpenFiles) await this.#endLargest()
      file = this.#openFile(this.#values[partition] ?? {})
      this.#partitions[partition] = file
    }
    file.writer.write(batch)
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
    const { directory, compression, physicalNames, fieldIds, variants, pageVersion } = this.#sink
    const folders = this.#folders(values)
    const suffix = compression === 'none' ? '' : `.${compression === 'gzip' ? 'gz' : compression}`
    const name = `part-${String(this.#sequence++).padStart(5, '0')}-${randomUUID()}.c000${suffix}.parquet`
    const path = joinPath(directory, ...folders, name)
    this.#began(path)
    const isCrowded = this.#openCount() >= fewFiles
    return new OpenFile(
      path,
      values,
      (onPart) =>
        new ParquetWriter(this.#context.columnar, this.#account, this.#fileSchema, {
          compression,
          onPart,
          ...(isCrowded ? { pageRows: manyFilesPageRows } : {}),
          ...(physicalNames === undefined ? {} : { physicalNames }),
          ...(variants === undefined ? {} : { variants }),
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

  async finish(): Promise<WrittenFile[]> {
    for (let partition = 0; partition < this.#partitions.length; partition++) {
      if (this.#partitions[partition] !== undefined) await this.#end(partition)
    }
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
    this.#groups?.close()
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
