import {
  closeSync,
  fstatSync,
  fsync,
  fsyncSync,
  linkSync,
  lstatSync,
  mkdir,
  mkdirSync,
  open,
  openSync,
  readFileSync,
  readSync,
  statSync,
  unlinkSync,
  writeSync,
  writevSync,
  type Stats,
} from 'node:fs'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { systemCode } from './errors.js'
import { temporaryPrefix } from './object-path.js'
import type { ByteRange, ObjectMeta } from './object-store.js'

/* What a store on the disk asks of the file system. */

export const noThrow = { throwIfNoEntry: false } as const
let temporaryCount = 0

export function temporaryName(file: string): string {
  const slash = file.lastIndexOf('/') + 1
  const unique = `${process.pid.toString(36)}-${Math.trunc(performance.timeOrigin + performance.now()).toString(36)}-${Math.trunc(Math.random() * 0x7fffffff).toString(36)}-${(temporaryCount++).toString(36)}`
  return `${file.slice(0, slash)}${temporaryPrefix}${unique}`
}

/** Opens a new file, making its folders where they are missing; they are not looked for before, which costs a call a file. */
export function openForWriting(file: string): number {
  for (let attempt = 0; ; attempt++) {
    try {
      return openSync(file, 'wx', 0o666)
    } catch (error) {
      if (systemCode(error) !== 'ENOENT' || attempt === 2) throw error
      makeFolder(dirname(file))
    }
  }
}

// Not node:fs/promises: loading it takes longer than all the files of a small run.
const openInPool = promisify(open)
export const syncInPool = promisify(fsync)
const makeInPool: (folder: string) => Promise<void> = promisify(mkdir)

export async function openFresh(file: string): Promise<number> {
  const folder = dirname(file)
  if (statSync(folder, noThrow) === undefined) await makeInPool(folder).catch(() => makeFolder(folder))
  return openInPool(file, 'wx', 0o666)
}

/** mkdir -p. Node's own (20.20) never returns where the system denies a folder below an existing one, as in /proc. */
function makeFolder(folder: string, isRetried = false): void {
  try {
    mkdirSync(folder)
  } catch (error) {
    const code = systemCode(error)
    if (code === 'EEXIST') return
    const parent = dirname(folder)
    if (code !== 'ENOENT' || parent === folder) throw error
    if (statSync(parent, noThrow) !== undefined) {
      // Another thread may have made it since.
      if (isRetried) throw error
    } else makeFolder(parent)
    makeFolder(folder, true)
  }
}

/** @returns whether `file` is ours now; false: the name was taken. */
export function linkExclusively(temporary: string, file: string): boolean {
  try {
    linkSync(temporary, file)
    return true
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error
    // Over a network file system a repeated request can find its own link: the second name of our file tells.
    return lstatSync(temporary, noThrow)?.nlink === 2
  }
}

/** One call where it suffices; the loop is for what the system writes in part. */
export function writeAll(descriptor: number, data: Uint8Array | readonly Uint8Array[]): void {
  if (data instanceof Uint8Array) {
    for (let at = 0; at < data.byteLength;) at += writeSync(descriptor, data, at)
    return
  }
  const total = data.reduce((sum, part) => sum + part.byteLength, 0)
  if (data.length <= maxVector && total <= maxVectorBytes && writevSync(descriptor, data as Uint8Array[], 0) === total)
    return
  let position = 0
  for (const part of data) {
    for (let at = 0; at < part.byteLength;) at += writeSync(descriptor, part, at, part.byteLength - at, position + at)
    position += part.byteLength
  }
}

/** IOV_MAX is 1024 on Linux, and a call moves less than 2 GiB. */
const maxVector = 1024
const maxVectorBytes = 0x7ffff000

export function readRange(descriptor: number, file: string, range: ByteRange | undefined): Uint8Array {
  const stats = fstatSync(descriptor)
  // Opening a folder for reading succeeds on Linux; only reading it would fail.
  if (stats.isDirectory()) throw Object.assign(new Error(`${file} is a folder`), { code: 'EISDIR' })
  // Pseudo files (/dev/stdin, /proc) have no size.
  if (!stats.isFile()) {
    const whole = readFileSync(descriptor)
    return range === undefined ? whole : whole.subarray(range.start, range.end)
  }
  const start = Math.min(range?.start ?? 0, stats.size)
  const end = Math.min(range?.end ?? stats.size, stats.size)
  const bytes = new Uint8Array(Math.max(0, end - start))
  const count = readFully(descriptor, bytes, start)
  return count === bytes.byteLength ? bytes : bytes.subarray(0, count)
}

export function readFully(descriptor: number, target: Uint8Array, start: number): number {
  let at = 0
  while (at < target.byteLength) {
    const count = readSync(descriptor, target, at, target.byteLength - at, start + at)
    if (count === 0) break
    at += count
  }
  return at
}

export function syncPath(path: string): void {
  const descriptor = openSync(path, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

export function removeQuietly(file: string): void {
  try {
    unlinkSync(file)
  } catch {
    // It has its final name already, or `sweep` finds it later.
  }
}

export const objectMeta = (path: string, stats: Stats): ObjectMeta => ({
  path,
  sizeBytes: stats.size,
  modifiedMs: Math.floor(stats.mtimeMs),
  etag: `${stats.ino.toString(36)}-${stats.size.toString(36)}-${Math.round(stats.mtimeMs * 1000).toString(36)}`,
})
