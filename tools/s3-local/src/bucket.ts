import { createHash } from 'node:crypto'
import { invalidArgument, noSuchKey, noSuchUpload, notImplemented, preconditionFailed, S3Error } from './s3-error.js'

export interface StoredObject {
  readonly key: string
  readonly body: Buffer
  /** Quoted, as in the header. */
  readonly etag: string
  readonly modifiedMs: number
  /** Headers that the object was put with and is answered with: content type, `x-amz-meta-…`, encryption, checksums. */
  readonly headers: Readonly<Record<string, string>>
}

/** `If-None-Match` and `If-Match` of a write; of reads also. */
export interface Conditions {
  readonly ifMatch: string | undefined
  readonly ifNoneMatch: string | undefined
}

export interface Upload {
  readonly id: string
  readonly key: string
  readonly initiatedMs: number
  readonly headers: Readonly<Record<string, string>>
  readonly parts: Map<number, { readonly body: Buffer; readonly etag: string; readonly modifiedMs: number }>
}

export interface ListQuery {
  readonly prefix: string
  readonly delimiter: string
  /** Only keys after this one. */
  readonly after: string
  /** `after` is where a page ended, so that a common prefix of that name was told already. */
  readonly resumed: boolean
  readonly maxKeys: number
}

export interface ListPage {
  readonly objects: readonly StoredObject[]
  readonly prefixes: readonly string[]
  /** Where the next page starts after, or null: this was the last one. */
  readonly next: string | null
}

const minPartBytes = 5 * 1024 * 1024

export const md5 = (data: Uint8Array): string => createHash('md5').update(data).digest('hex')

/**
 * One bucket's objects, in memory. Every method runs in one go, so a condition and the write that it guards are one step
 * however many requests are under way.
 */
export class Bucket {
  readonly #objects = new Map<string, StoredObject>()
  readonly uploads = new Map<string, Upload>()
  readonly #clock: () => number
  readonly #ignoreConditions: boolean
  #sorted: readonly (readonly [key: string, bytes: Buffer])[] | null = null
  #uploadCount = 0

  /** @param ignoreConditions behave like a store that knows no conditional writes */
  constructor(clock: () => number, ignoreConditions: boolean) {
    this.#clock = clock
    this.#ignoreConditions = ignoreConditions
  }

  get size(): number {
    return this.#objects.size
  }

  find(key: string): StoredObject | undefined {
    return this.#objects.get(key)
  }

  /** @throws S3Error NoSuchKey */
  get(key: string): StoredObject {
    const found = this.#objects.get(key)
    if (found === undefined) throw noSuchKey(key)
    return found
  }

  /** @throws S3Error PreconditionFailed, NoSuchKey (If-Match without an object) */
  put(
    key: string,
    body: Buffer,
    headers: Readonly<Record<string, string>>,
    conditions: Conditions,
    etag = `"${md5(body)}"`,
  ): StoredObject {
    if (Buffer.byteLength(key) > 1024) throw new S3Error(400, 'KeyTooLongError', 'Your key is too long.')
    this.#check(key, conditions)
    if (!this.#objects.has(key)) this.#sorted = null
    const stored = { key, body, etag, modifiedMs: this.#clock(), headers }
    this.#objects.set(key, stored)
    return stored
  }

  #check(key: string, { ifMatch, ifNoneMatch }: Conditions): void {
    if (this.#ignoreConditions) return
    const current = this.#objects.get(key)
    if (ifNoneMatch !== undefined) {
      if (ifNoneMatch !== '*') throw notImplemented('If-None-Match with an entity tag on a write')
      if (current !== undefined) throw preconditionFailed('If-None-Match')
    }
    if (ifMatch !== undefined) {
      if (current === undefined) throw noSuchKey(key)
      if (ifMatch !== '*' && unquoted(ifMatch) !== unquoted(current.etag)) throw preconditionFailed('If-Match')
    }
  }

  /** Deletes everything. */
  clear(): void {
    this.#objects.clear()
    this.uploads.clear()
    this.#sorted = null
  }

  delete(key: string): void {
    if (this.#objects.delete(key)) this.#sorted = null
  }

  /** Keys in the order of their UTF-8 bytes, as S3 lists them. */
  list({ prefix, delimiter, after, resumed, maxKeys }: ListQuery): ListPage {
    this.#sorted ??= [...this.#objects.keys()]
      .map((key) => [key, Buffer.from(key)] as const)
      .sort((a, b) => Buffer.compare(a[1], b[1]))
    const objects: StoredObject[] = []
    const prefixes: string[] = []
    let last = ''
    const before = Buffer.compare(Buffer.from(after), Buffer.from(prefix)) < 0
    for (let i = firstAfter(this.#sorted, before ? prefix : after, before); i < this.#sorted.length; i++) {
      const [key] = this.#sorted[i]!
      if (!key.startsWith(prefix)) break
      const cut = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length)
      const common = cut < 0 ? null : key.slice(0, cut + delimiter.length)
      if (common !== null && (common === prefixes.at(-1) || (resumed && common === after))) continue
      if (objects.length + prefixes.length >= maxKeys) return { objects, prefixes, next: last }
      if (common === null) objects.push(this.#objects.get(key)!)
      else prefixes.push(common)
      last = common ?? key
    }
    return { objects, prefixes, next: null }
  }

  startUpload(key: string, headers: Readonly<Record<string, string>>): Upload {
    const id = `upload-${++this.#uploadCount}-${md5(Buffer.from(key)).slice(0, 8)}`
    const upload: Upload = { id, key, initiatedMs: this.#clock(), headers, parts: new Map() }
    this.uploads.set(id, upload)
    return upload
  }

  /** @throws S3Error NoSuchUpload */
  upload(key: string, id: string): Upload {
    const found = this.uploads.get(id)
    if (found === undefined || found.key !== key) throw noSuchUpload()
    return found
  }

  /** @returns the part's entity tag */
  putPart(key: string, id: string, partNumber: number, body: Buffer): string {
    if (!(partNumber >= 1 && partNumber <= 10_000)) throw invalidArgument('Part number must be between 1 and 10000.')
    const etag = `"${md5(body)}"`
    this.upload(key, id).parts.set(partNumber, { body, etag, modifiedMs: this.#clock() })
    return etag
  }

  /** @throws S3Error InvalidPart, InvalidPartOrder, EntityTooSmall, PreconditionFailed */
  completeUpload(
    key: string,
    id: string,
    wanted: readonly { readonly partNumber: number; readonly etag: string }[],
    conditions: Conditions,
  ): StoredObject {
    const upload = this.upload(key, id)
    const parts = wanted.map(({ partNumber, etag }, i) => {
      const part = upload.parts.get(partNumber)
      if (i > 0 && wanted[i - 1]!.partNumber >= partNumber) {
        throw new S3Error(400, 'InvalidPartOrder', 'The list of parts was not in ascending order.')
      }
      if (part === undefined || unquoted(part.etag) !== unquoted(etag)) {
        throw new S3Error(400, 'InvalidPart', `Part ${partNumber} could not be found, or has another entity tag.`)
      }
      if (i + 1 < wanted.length && part.body.length < minPartBytes) {
        throw new S3Error(400, 'EntityTooSmall', 'Your proposed upload is smaller than the minimum allowed size.')
      }
      return part
    })
    const digests = Buffer.concat(parts.map((part) => Buffer.from(unquoted(part.etag), 'hex')))
    const body = Buffer.concat(parts.map((part) => part.body))
    const stored = this.put(key, body, upload.headers, conditions, `"${md5(digests)}-${parts.length}"`)
    this.uploads.delete(id)
    return stored
  }
}

export const unquoted = (etag: string): string => etag.replaceAll('"', '')

/** Position of the first key behind `key` (`inclusive`: or at it). */
function firstAfter(sorted: readonly (readonly [string, Buffer])[], key: string, inclusive: boolean): number {
  const bytes = Buffer.from(key)
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const order = Buffer.compare(sorted[middle]![1], bytes)
    if (order < 0 || (order === 0 && !inclusive)) low = middle + 1
    else high = middle
  }
  return low
}
