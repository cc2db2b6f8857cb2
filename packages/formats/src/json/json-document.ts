import type { ByteSource } from '../csv/byte-source.js'
import { rowTooLong } from '../errors.js'
import { jsonTextOf, longRecord, type JsonBytes, type JsonRecord } from './json-record.js'
import type { JsonRelaxations } from './json-text.js'

const windowBytes = 1024 * 1024
const defaultItemBytes = 16 * 1024 * 1024
const defaultDocumentBytes = 256 * 1024 * 1024
/** Of what follows a broken array, so much is told. */
const restBytes = 64 * 1024

const quote = 0x22
const backslash = 0x5c
const comma = 0x2c
const singleQuote = 0x27
const slash = 0x2f
const star = 0x2a
const lineFeed = 0x0a
const [openBracket, closeBracket, openBrace, closeBrace] = [0x5b, 0x5d, 0x7b, 0x7d] as const

/**
 * The records of a document: the items of its array, or the document itself if it is none. An item is cut out by its brackets before
 * it is parsed, so that no more than one is in memory, and a damaged one takes no other with it.
 * @throws FormatError DW-FORMAT-0038 for a document that is no array and longer than `maxRowBytes`
 */
export async function* documentRecords(
  path: string,
  sizeBytes: number,
  source: ByteSource,
  maxRowBytes: number | undefined,
  relaxations: JsonRelaxations = {},
): AsyncGenerator<JsonRecord | JsonBytes, void, undefined> {
  const window = new DocumentWindow(source, Math.min(windowBytes, sizeBytes + 1), relaxations)
  if ((await window.peek()) !== openBracket) {
    const limit = maxRowBytes ?? defaultDocumentBytes
    const whole = await window.item(limit, 'document')
    if (!('bytes' in whole)) throw rowTooLong(path, whole.line, limit)
    if (whole.bytes.byteLength > 0) yield whole
    return
  }
  window.skip()
  if ((await window.peek()) === closeBracket) {
    window.skip()
  } else {
    for (;;) {
      await window.peek()
      const item = await window.item(maxRowBytes ?? defaultItemBytes, 'item')
      yield 'bytes' in item && item.bytes.byteLength === 0 ? missing(item) : item
      const next = await window.peek()
      if (next !== comma && next !== closeBracket) {
        yield damagedRest(await window.rest(), 'the array is not closed')
        return
      }
      window.skip()
      if (next === closeBracket) break
    }
  }
  if ((await window.peek()) !== null) yield damagedRest(await window.rest(), 'something follows the end of the array')
}

const missing = ({ line, offset, row }: JsonBytes): JsonRecord => ({
  value: null,
  damage: 'no valid JSON: an item of the array is empty',
  raw: '',
  line,
  offset,
  row,
})

const damagedRest = ({ bytes, line, offset, row }: JsonBytes, damage: string): JsonRecord => ({
  value: null,
  damage: `no valid JSON: ${damage}`,
  raw: jsonTextOf(bytes),
  line,
  offset,
  row,
})

/** The part of a document that is in memory: from the next byte to be looked at on. */
class DocumentWindow {
  readonly #source: ByteSource
  readonly #windowBytes: number
  #bytes = new Uint8Array(0)
  #at = 0
  #filled = 0
  /** Offset of the window's first byte. */
  #base: number
  #line = 1
  #lastLine = 0
  #row = 0
  #ended = false

  readonly #relaxations: JsonRelaxations

  constructor(source: ByteSource, bytes: number, relaxations: JsonRelaxations) {
    this.#relaxations = relaxations
    this.#windowBytes = bytes
    this.#source = source
    this.#base = source.offset
  }

  /** The next byte that is no white space; null at the end. */
  async peek(): Promise<number | null> {
    for (;;) {
      for (; this.#at < this.#filled; this.#at++) {
        const byte = this.#bytes[this.#at]!
        if (byte === 10) this.#line++
        else if (byte !== 32 && byte !== 13 && byte !== 9) return byte
      }
      if (!(await this.#fill())) return null
    }
  }

  /** Passes over the byte that `peek` told. */
  skip(): void {
    this.#at++
  }

  /** The bytes up to the comma or bracket behind the item (which are not taken), or to the end; of one that is too long, its start. */
  async item(maxBytes: number, what: 'item' | 'document'): Promise<JsonBytes | JsonRecord> {
    const start = this.#place()
    const scanned = new ItemScan(what, this.#relaxations)
    let length = 0
    for (;;) {
      const end = scanned.end(this.#bytes, this.#at + length, this.#filled)
      length = (end ?? this.#filled) - this.#at
      if (length > maxBytes) {
        const cut = longRecord(start, this.#taken(length), maxBytes)
        if (what === 'item' && end === null) await this.#passOver(scanned)
        return cut
      }
      if (end !== null || !(await this.#fill())) break
    }
    return { ...start, bytes: this.#taken(length) }
  }

  #taken(length: number): Uint8Array {
    const bytes = this.#bytes.subarray(this.#at, this.#at + length)
    for (let i = 0; i < length; i++) if (bytes[i] === lineFeed) this.#line++
    this.#at += length
    return bytes
  }

  /** Goes on to the end of an item of which nothing more is wanted. */
  async #passOver(scanned: ItemScan): Promise<void> {
    while (await this.#fill()) {
      const end = scanned.end(this.#bytes, this.#at, this.#filled)
      this.#taken((end ?? this.#filled) - this.#at)
      if (end !== null) return
    }
  }

  async rest(): Promise<JsonBytes> {
    while (this.#filled - this.#at < restBytes && (await this.#fill()));
    const bytes = this.#bytes.subarray(this.#at, Math.min(this.#filled, this.#at + restBytes))
    return { ...this.#place(), bytes }
  }

  /** Where the next record is. Those that share a line count on from it: a file and a line name one record. */
  #place(): Omit<JsonBytes, 'bytes'> {
    this.#lastLine = Math.max(this.#line, this.#lastLine + 1)
    return { line: this.#lastLine, offset: this.#base + this.#at, row: this.#row++ }
  }

  /** Reads on, behind what has not been taken yet. @returns false at the end */
  async #fill(): Promise<boolean> {
    if (this.#ended) return false
    const left = this.#filled - this.#at
    // A new window rather than moved bytes: what was taken from this one may still be looked at.
    const target = new Uint8Array(Math.max(this.#windowBytes, left * 2))
    target.set(this.#bytes.subarray(this.#at, this.#filled))
    this.#base += this.#at
    this.#bytes = target
    this.#at = 0
    const count = await this.#source.read(target.subarray(left))
    this.#ended = count < target.byteLength - left
    this.#filled = left + count
    return count > 0
  }
}

/** Follows brackets, quotes and (where they are allowed) comments through an item, over any number of windows. */
class ItemScan {
  readonly #what: 'item' | 'document'
  readonly #singleQuotes: boolean
  readonly #comments: boolean
  #depth = 0
  /** The byte that closes the text at hand; 0: there is none. */
  #close = 0
  #escaped = false
  /** The comment at hand: what ends it; 0: there is none. */
  #comment: 0 | typeof lineFeed | typeof star = 0
  /** The byte before, for what has two. */
  #before = 0

  constructor(what: 'item' | 'document', { allowSingleQuotes, allowComments }: JsonRelaxations) {
    this.#what = what
    this.#singleQuotes = allowSingleQuotes === true
    this.#comments = allowComments === true
  }

  /** @returns where the item ends, or null if it goes on behind the window */
  end(bytes: Uint8Array, from: number, to: number): number | null {
    const isItem = this.#what === 'item'
    let [depth, close, escaped] = [this.#depth, this.#close, this.#escaped]
    for (let i = from; i < to; i++) {
      const byte = bytes[i]!
      if (this.#comments && this.#inComment(byte, close !== 0)) continue
      if (escaped) escaped = false
      else if (close !== 0) {
        if (byte === close) close = 0
        else if (byte === backslash) escaped = true
      } else if (byte === quote || (byte === singleQuote && this.#singleQuotes)) close = byte
      else if (byte === openBrace || byte === openBracket) depth++
      else if (byte === closeBrace || byte === closeBracket) {
        if (depth === 0 && byte === closeBracket && isItem) return i
        if (depth > 0) depth--
      } else if (byte === comma && depth === 0 && isItem) return i
    }
    this.#depth = depth
    this.#close = close
    this.#escaped = escaped
    return null
  }

  #inComment(byte: number, isQuoted: boolean): boolean {
    const before = this.#before
    this.#before = byte
    if (isQuoted) return false
    if (this.#comment === lineFeed) {
      if (byte === lineFeed) this.#comment = 0
      return true
    }
    if (this.#comment === star) {
      if (before === star && byte === slash) {
        this.#comment = 0
        this.#before = 0
      }
      return true
    }
    if (before !== slash || (byte !== slash && byte !== star)) return false
    this.#comment = byte === slash ? lineFeed : star
    this.#before = 0
    return true
  }
}
