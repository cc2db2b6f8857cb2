import { closeSync, openSync, readSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { encodeSegment, openSegment, type Arena, type Heap, type RecordBatch } from '@deltaworks/columnar'
import type { Schema } from '@deltaworks/schema'
import { spillFailed, spillLimitReached } from '../errors.js'
import { makeSpillFolder } from './spill-folder.js'

/*
 * What does not fit into memory is kept in files of segments (columnar/segment.ts), not of Arrow IPC: only this process, in
 * this version, reads them again; decimals stay words and texts keep their dictionaries; a segment is read straight into
 * the heap, where its columns lie as they were; and apache-arrow need not be loaded.
 */

/** Where a query spills, as data for its workers. Counters are of int32: pages of 4 KiB on disk | files made. */
export interface SpillTarget {
  readonly folder: string
  /** The session's counter: pages on disk | the most at a time | all that were written. */
  readonly session: SharedArrayBuffer
  /** The query's own. */
  readonly query: SharedArrayBuffer
  /** For the session. */
  readonly limitBytes: number
}

/** Rows in a file. Numbers alone: a query may have a hundred thousand of them, and each thread that is to read them has its own copy. */
export interface SpilledSegment {
  /** Its number in the query. */
  readonly file: number
  readonly position: number
  readonly bytes: number
  readonly rowCount: number
}

/** Who is told what was spilled. */
export interface SpillMeter {
  spilledBytes: number
  spilledFiles: number
}

const pageBytes = 4096
/** Larger buffers are not kept from one segment to the next. */
const keptBufferBytes = 8 * 1024 * 1024

/** Makes spill files for one query on one thread. */
export class SpillStore {
  readonly target: SpillTarget
  /** What this thread spilled, all in all. */
  readonly meter: SpillMeter
  #buffer = new ArrayBuffer(0)

  constructor(target: SpillTarget, meter: SpillMeter) {
    this.target = target
    this.meter = meter
  }

  /** @param meter of who spills */
  file(meter: SpillMeter): SpillFile {
    return new SpillFile(this.target, [this.meter, meter], (bytes) => this.#scratch(bytes))
  }

  /** The batches of a segment, read from its file into the arena. @throws EngineError DW-ENGINE-0009 */
  read(arena: Arena, segment: SpilledSegment, columns?: readonly number[]): RecordBatch[] {
    const address = arena.allocate(segment.bytes)
    readInto(arena.heap, address, segmentsPath(this.target, segment.file), segment)
    return openSegment(arena.heap, address, columns)
  }

  #scratch(bytes: number): ArrayBuffer {
    if (bytes > keptBufferBytes) return new ArrayBuffer(bytes)
    if (bytes > this.#buffer.byteLength) {
      let size = 65_536
      while (size < bytes) size *= 2
      this.#buffer = new ArrayBuffer(size)
    }
    return this.#buffer
  }
}

/** A file of segments, written and read in this process, deleted when closed. */
export class SpillFile {
  readonly #target: SpillTarget
  readonly #session: Int32Array
  readonly #query: Int32Array
  readonly #meters: readonly SpillMeter[]
  readonly #scratch: (bytes: number) => ArrayBuffer
  /** Its number; -1 until it is made. */
  #file = -1
  #handle: number | null = null
  #end = 0
  #pages = 0

  constructor(target: SpillTarget, meters: readonly SpillMeter[], scratch: (bytes: number) => ArrayBuffer) {
    this.#target = target
    this.#session = new Int32Array(target.session)
    this.#query = new Int32Array(target.query)
    this.#meters = meters
    this.#scratch = scratch
  }

  /** @throws EngineError DW-ENGINE-0008 if the query may not use so much disk, DW-ENGINE-0009 if the disk refuses */
  append(heap: Heap, schema: Schema, batches: readonly RecordBatch[]): SpilledSegment {
    const rowCount = batches.reduce((sum, batch) => sum + batch.rowCount, 0)
    let bytes = 0
    const buffer = encodeSegment(heap, schema, batches, (size) => this.#scratch((bytes = size)))
    return this.appendBytes(new Uint8Array(buffer, 0, bytes), rowCount)
  }

  /** Memory to make a segment in, until the next one is. */
  buffer(bytes: number): ArrayBuffer {
    return this.#scratch(bytes)
  }

  /** A segment that was made before. */
  appendBytes(segment: Uint8Array, rowCount: number): SpilledSegment {
    const { length } = segment
    this.#count(length)
    if (this.#file < 0) this.#begin()
    try {
      this.#handle ??= this.#open()
      let written = 0
      while (written < length) written += writeSync(this.#handle, segment, written, length - written)
    } catch (error) {
      throw spillFailed(this.#path, error)
    }
    const position = this.#end
    this.#end += length
    for (const meter of this.#meters) meter.spilledBytes += length
    return { file: this.#file, position, bytes: length, rowCount }
  }

  get #path(): string {
    return segmentsPath(this.#target, this.#file)
  }

  #begin(): void {
    for (const meter of this.#meters) meter.spilledFiles++
    this.#file = Atomics.add(this.#query, 1, 1)
  }

  #open(): number {
    makeSpillFolder(this.#target.folder)
    return openSync(this.#path, 'wx', 0o600)
  }

  #count(bytes: number): void {
    const pages = Math.ceil((this.#end + bytes) / pageBytes) - this.#pages
    const before = this.#take(pages)
    if ((before + pages) * pageBytes > this.#target.limitBytes) {
      throw spillLimitReached(before * pageBytes, this.#target.limitBytes)
    }
    Atomics.add(this.#session, 2, pages)
    this.#notePeak(before + pages)
  }

  #notePeak(pages: number): void {
    for (;;) {
      const peak = Atomics.load(this.#session, 1)
      if (pages <= peak || Atomics.compareExchange(this.#session, 1, peak, pages) === peak) return
    }
  }

  #take(pages: number): number {
    this.#pages += pages
    Atomics.add(this.#query, 0, pages)
    return Atomics.add(this.#session, 0, pages)
  }

  /** Ends writing; what was written stays for other threads to read, until the query's folder is deleted. */
  end(): void {
    if (this.#handle !== null) closeSync(this.#handle)
    this.#handle = null
  }

  close(): void {
    this.end()
    if (this.#file >= 0) rmSync(this.#path, { force: true })
    this.#file = -1
    this.#take(-this.#pages)
    this.#end = 0
  }
}

const segmentsPath = ({ folder }: SpillTarget, file: number): string => join(folder, `${file}.segments`)

function readInto(heap: Heap, address: number, path: string, { position, bytes }: SpilledSegment): void {
  try {
    const handle = openSync(path, 'r')
    try {
      let read = 0
      while (read < bytes) {
        const count = readSync(handle, heap.u8, address + read, bytes - read, position + read)
        if (count === 0) throw new RangeError(`the file ends at byte ${position + read}`)
        read += count
      }
    } finally {
      closeSync(handle)
    }
  } catch (error) {
    throw spillFailed(path, error)
  }
}
