import { fileKey, type AddFile } from '../actions/add-file.js'
import { factsOf, type FileFacts } from './file-facts.js'
import type { FileChunk } from './file-chunk.js'
import type { FileTable } from './file-table.js'
import type { DataType } from '@deltaworks/schema'
import type { ColumnBounds } from '../statistics.js'

/** A table of at most so many files keeps the `AddFile`s that were asked for; a larger one makes them anew. */
const keptFiles = 65_536

/**
 * The files of a version by `fileKey`. Most of them stand as columns of bytes in a `FileTable`; some (those of small commits,
 * with deletion vectors, with paths that need decoding) as objects. An `AddFile` of the table is made when it is asked for; as
 * long as somebody holds it, whoever asks again gets the same.
 */
export class FileMap implements ReadonlyMap<string, AddFile> {
  readonly #table: FileTable
  readonly #objects: ReadonlyMap<string, AddFile>
  readonly #kept = new Map<number, AddFile>()
  readonly #held = new Map<number, WeakRef<AddFile>>()

  constructor(table: FileTable, objects: ReadonlyMap<string, AddFile>) {
    this.#table = table
    this.#objects = objects
  }

  get size(): number {
    return this.#table.liveCount + this.#objects.size
  }

  /** Bytes of the columns; objects are not counted. */
  get heldBytes(): number {
    return this.#table.heldBytes
  }

  /** To make the next version of. */
  fork(): { readonly table: FileTable; readonly objects: Map<string, AddFile> } {
    return { table: this.#table.fork(), objects: new Map(this.#objects) }
  }

  get(key: string): AddFile | undefined {
    const object = this.#objects.get(key)
    if (object !== undefined) return object
    const number = this.#find(key)
    return number < 0 ? undefined : this.#made(number)
  }

  has(key: string): boolean {
    return this.#objects.has(key) || this.#find(key) >= 0
  }

  /** The files but for those whose key is their place below the table's folder, and all that they need: for these ask `has`. */
  *apart(): Generator<AddFile> {
    yield* this.#objects.values()
    for (const number of this.#table.numbersOfAbsolutePaths()) yield this.#made(number)
  }

  #find(key: string): number {
    return key.length * 3 > scratch.length
      ? this.#table.find(Buffer.from(key, 'utf8'))
      : this.#table.find(scratch, scratch.write(key, 'utf8'))
  }

  *keys(): MapIterator<string> {
    for (const number of this.#table.numbers()) yield this.#table.path(number)
    yield* this.#objects.keys()
  }

  *values(): MapIterator<AddFile> {
    for (const number of this.#table.numbers()) yield this.#made(number)
    yield* this.#objects.values()
  }

  *entries(): MapIterator<[string, AddFile]> {
    for (const file of this.values()) yield [fileKey(file), file]
  }

  [Symbol.iterator](): MapIterator<[string, AddFile]> {
    return this.entries()
  }

  get [Symbol.toStringTag](): string {
    return 'FileMap'
  }

  forEach(visit: (file: AddFile, key: string, map: ReadonlyMap<string, AddFile>) => void): void {
    for (const [key, file] of this.entries()) visit(file, key, this)
  }

  /** The files whose facts pass; only of these is an `AddFile` made. */
  select(passes: (facts: FileFacts) => boolean): AddFile[] {
    const selected: AddFile[] = []
    const cursor = new ChunkFacts()
    this.#table.forEach((chunk, row, number) => {
      if (passes(cursor.at(chunk, row))) selected.push(this.#made(number))
    })
    for (const file of this.#objects.values()) if (passes(factsOf(file))) selected.push(file)
    return selected
  }

  /** Looks at every file without making it. */
  forEachFacts(visit: (facts: FileFacts) => void): void {
    const cursor = new ChunkFacts()
    this.#table.forEach((chunk, row) => visit(cursor.at(chunk, row)))
    for (const file of this.#objects.values()) visit(factsOf(file))
  }

  #made(number: number): AddFile {
    if (this.#table.liveCount <= keptFiles) {
      let file = this.#kept.get(number)
      if (file === undefined) this.#kept.set(number, (file = this.#table.file(number)))
      return file
    }
    const held = this.#held.get(number)?.deref()
    if (held !== undefined) return held
    const file = this.#table.file(number)
    this.#held.set(number, new WeakRef(file))
    return file
  }
}

/** For the bytes of one key: many are asked for, one after another. */
const scratch = Buffer.alloc(4096)

/** The facts of one row of a chunk; moves. */
class ChunkFacts implements FileFacts {
  #chunk!: FileChunk
  #row = 0
  readonly deletedRowCount = 0

  at(chunk: FileChunk, row: number): this {
    this.#chunk = chunk
    this.#row = row
    return this
  }

  get sizeBytes(): number {
    return this.#chunk.sizeBytes(this.#row)
  }

  get physicalRowCount(): number | null {
    return this.#chunk.physicalRowCount(this.#row)
  }

  partitionValue(physicalName: string): string | null | undefined {
    return this.#chunk.partitionValue(this.#row, physicalName)
  }

  bounds(path: readonly string[], type: DataType): ColumnBounds | null {
    return this.#chunk.bounds(this.#row, path, type)
  }
}
