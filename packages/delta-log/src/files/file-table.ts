import type { AddFile } from '../actions/add-file.js'
import type { FileChunk } from './file-chunk.js'

/**
 * Files by number: chunk after chunk, in the order in which they came. A hash table of their paths is made when the first path
 * is looked up; a table that is read from a checkpoint alone never has one.
 *
 * A table that a snapshot holds is not changed any more (`fork` first).
 */
export class FileTable {
  #chunks: FileChunk[] = []
  /** Number of each chunk's first file. */
  #firsts: number[] = []
  #count = 0
  #liveCount = 0
  /** 1: the file is gone, or was told again later. */
  #dead = new Uint8Array(0)
  #hashes = new Uint32Array(0)
  #hashed = 0
  /** File number + 1 by hash; 0: free. Its length is a power of two, at most half of it used. */
  #slots = new Int32Array(0)
  #ownsSlots = true

  /** The same files, to be changed without changing these. */
  fork(): FileTable {
    const copy = new FileTable()
    copy.#chunks = [...this.#chunks]
    copy.#firsts = [...this.#firsts]
    copy.#count = this.#count
    copy.#liveCount = this.#liveCount
    copy.#dead = this.#dead.slice()
    copy.#hashes = this.#hashes
    copy.#hashed = this.#hashed
    copy.#slots = this.#slots
    copy.#ownsSlots = false
    return copy
  }

  get liveCount(): number {
    return this.#liveCount
  }

  get heldBytes(): number {
    const own = this.#dead.byteLength + this.#hashes.byteLength + this.#slots.byteLength
    return this.#chunks.reduce((sum, chunk) => sum + chunk.heldBytes, own)
  }

  /** @param replaces whether a file of the chunk can be here already: the later one stays */
  append(chunk: FileChunk, replaces: boolean): void {
    this.#chunks.push(chunk)
    this.#firsts.push(this.#count)
    this.#count += chunk.rowCount
    this.#liveCount += chunk.rowCount
    if (this.#dead.length < this.#count) this.#dead = grown(this.#dead, this.#count)
    if (replaces) this.#index()
  }

  /** @returns whether it was there */
  remove(path: Uint8Array): boolean {
    return this.#count > 0 && this.#kill(this.#find(path, 0, path.length))
  }

  #kill(file: number): boolean {
    if (file < 0) return false
    this.#dead[file] = 1
    this.#liveCount--
    return true
  }

  /** The number of a live file, or -1. */
  find(path: Uint8Array, length = path.length): number {
    return this.#liveCount === 0 ? -1 : this.#find(path, 0, length)
  }

  /** Calls `visit` with the chunk and row of each live file. */
  forEach(visit: (chunk: FileChunk, row: number, file: number) => void): void {
    this.#chunks.forEach((chunk, at) => {
      const first = this.#firsts[at]!
      for (let row = 0; row < chunk.rowCount; row++) {
        if (this.#dead[first + row] === 0) visit(chunk, row, first + row)
      }
    })
  }

  *numbers(): Generator<number> {
    for (let file = 0; file < this.#count; file++) if (this.#dead[file] === 0) yield file
  }

  /** Live files that the log names by more than their place below the table's folder. */
  *numbersOfAbsolutePaths(): Generator<number> {
    const slash = 0x2f
    for (let at = 0; at < this.#chunks.length; at++) {
      const { columns, pathColumn, rowCount } = this.#chunks[at]!
      const first = this.#firsts[at]!
      for (let row = 0; row < rowCount; row++) {
        if (columns.bytes[columns.start(pathColumn, row)] === slash && this.#dead[first + row] === 0) yield first + row
      }
    }
  }

  file(number: number): AddFile {
    const at = this.#chunkOf(number)
    return this.#chunks[at]!.file(number - this.#firsts[at]!)
  }

  path(number: number): string {
    const at = this.#chunkOf(number)
    const { columns, pathColumn } = this.#chunks[at]!
    return columns.text(pathColumn, number - this.#firsts[at]!)
  }

  #chunkOf(file: number): number {
    let low = 0
    let high = this.#firsts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (this.#firsts[middle]! <= file) low = middle
      else high = middle - 1
    }
    return low
  }

  #find(bytes: Uint8Array, start: number, end: number): number {
    this.#index()
    const mask = this.#slots.length - 1
    const hash = hashOf(bytes, start, end)
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const file = this.#slots[slot]! - 1
      if (file < 0) return -1
      if (this.#hashes[file] === hash && this.#dead[file] === 0 && this.#isPath(file, bytes, start, end)) return file
    }
  }

  #isPath(file: number, bytes: Uint8Array, start: number, end: number): boolean {
    const at = this.#chunkOf(file)
    const { columns, pathColumn } = this.#chunks[at]!
    const row = file - this.#firsts[at]!
    const from = columns.start(pathColumn, row)
    if (columns.end(pathColumn, row) - from !== end - start) return false
    for (let i = end - start - 1; i >= 0; i--) if (bytes[start + i] !== columns.bytes[from + i]) return false
    return true
  }

  /** Takes files into the hash table that are not in it yet. */
  #index(): void {
    if (this.#hashed === this.#count) return
    if (this.#hashes.length < this.#count) this.#hashes = grown(this.#hashes, this.#count)
    else if (!this.#ownsSlots) this.#hashes = this.#hashes.slice()
    for (let at = this.#chunkOf(this.#hashed); at < this.#chunks.length; at++) {
      const { columns, pathColumn, rowCount } = this.#chunks[at]!
      const first = this.#firsts[at]!
      for (let row = 0; row < rowCount; row++) {
        this.#hashes[first + row] = hashOf(columns.bytes, columns.start(pathColumn, row), columns.end(pathColumn, row))
      }
    }
    if (this.#slots.length < this.#count * 2) {
      this.#slots = new Int32Array(2 ** Math.ceil(Math.log2(Math.max(16, this.#count * 3))))
      this.#hashed = 0
    } else if (!this.#ownsSlots) this.#slots = this.#slots.slice()
    this.#ownsSlots = true
    const mask = this.#slots.length - 1
    for (let file = this.#hashed; file < this.#count; file++) {
      const hash = this.#hashes[file]!
      let slot = hash & mask
      for (let other = this.#slots[slot]! - 1; other >= 0; other = this.#slots[slot]! - 1) {
        if (this.#hashes[other] === hash && this.#dead[other] === 0 && this.#isSamePath(other, file)) this.#kill(other)
        slot = (slot + 1) & mask
      }
      this.#slots[slot] = file + 1
    }
    this.#hashed = this.#count
  }

  #isSamePath(other: number, file: number): boolean {
    const at = this.#chunkOf(file)
    const { columns, pathColumn } = this.#chunks[at]!
    const row = file - this.#firsts[at]!
    return this.#isPath(other, columns.bytes, columns.start(pathColumn, row), columns.end(pathColumn, row))
  }
}

function grown<A extends Uint8Array<ArrayBuffer> | Uint32Array<ArrayBuffer>>(array: A, length: number): A {
  const larger = new (array.constructor as new (length: number) => A)(Math.ceil(length * 1.5))
  larger.set(array)
  return larger
}

/** Mixes four bytes at a time (MurmurHash3's rounds). */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = end - start
  let i = start
  for (; i + 4 <= end; i += 4) {
    const word = bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24)
    hash ^= Math.imul(word, 0xcc9e2d51)
    hash = Math.imul((hash << 13) | (hash >>> 19), 5) + 0x2654_6b64
  }
  for (; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
