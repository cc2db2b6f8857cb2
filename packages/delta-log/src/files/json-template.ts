/*
 * A writer puts the same JSON into every line of its log, but for some values:
 *
 *   {"add":{"path":"…","partitionValues":{"day":"…"},"size":…,"stats":"{\"numRecords\":…,\"minValues\":{\"id\":…}}"}}
 *
 * A template is the text around the values ("holes"), so that a line is matched byte by byte instead of being parsed, and only
 * its values need to be kept. Text in which JSON stands inside a string (statistics) is followed into that string; there a
 * quote is `\"`. A line that does not fit exactly has another template or none: nothing is lost or guessed.
 */

/** How a hole ends: at a quote, at a quote that is escaped, or with the characters of a number or word. */
type HoleKind = 0 | 1 | 2
const quoted: HoleKind = 0
const escapedQuoted: HoleKind = 1
const bare: HoleKind = 2

export interface Hole {
  /** Keys from the top of the text down. */
  readonly path: readonly string[]
  /** Whether the value stands in quotes. */
  readonly isText: boolean
}

const quote = 0x22
const backslash = 0x5c

/** Characters of numbers, `true`, `false` and `null`. */
const isBare = new Uint8Array(256)
for (const c of '0123456789+-.eEtrufalsn') isBare[c.charCodeAt(0)] = 1

export class JsonTemplate {
  readonly holes: readonly Hole[]
  /** Text before each hole, and behind the last one. */
  readonly literals: readonly string[]
  /** Literals one behind the other, each filled up to whole words. */
  readonly #words: Int32Array
  readonly #bytes: Uint8Array
  readonly #lengths: Uint32Array
  readonly #kinds: Uint8Array
  readonly #byPath: ReadonlyMap<string, number>

  constructor(literals: readonly string[], holes: readonly (Hole & { readonly kind: HoleKind })[]) {
    this.literals = literals
    this.holes = holes
    const encoded = literals.map((text) => Buffer.from(text, 'utf8'))
    this.#lengths = Uint32Array.from(encoded, ({ length }) => length)
    const padded = encoded.map((bytes) => Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]))
    this.#bytes = Uint8Array.from(Buffer.concat(padded))
    this.#words = new Int32Array(this.#bytes.buffer)
    this.#kinds = Uint8Array.from(holes, ({ kind }) => kind)
    this.#byPath = new Map(holes.map(({ path }, i) => [path.join('\n'), i]))
  }

  /** @returns the hole's number, or -1 */
  hole(path: readonly string[]): number {
    return this.#byPath.get(path.join('\n')) ?? -1
  }

  /**
   * Whether the text is this template with values in its holes.
   * @param view over the same bytes as `text`
   * @param places where each hole's value starts and ends is written here, from `at` on
   */
  match(text: Uint8Array, view: DataView, start: number, end: number, places: Int32Array, at: number): boolean {
    const bytes = this.#bytes
    const words = this.#words
    const lengths = this.#lengths
    const kinds = this.#kinds
    const holes = kinds.length
    let from = start
    let literal = 0
    for (let hole = 0; ; hole++) {
      const length = lengths[hole]!
      if (from + length > end) return false
      // Four bytes at a time: this loop is most of the time of reading a large log.
      for (const whole = from + (length & ~3); from < whole; from += 4, literal += 4) {
        if (view.getInt32(from, true) !== words[literal >>> 2]) return false
      }
      for (let i = 0; i < (length & 3); i++) if (text[from++] !== bytes[literal + i]) return false
      if ((length & 3) > 0) literal += 4
      if (hole === holes) return from === end
      const kind = kinds[hole]!
      const first = from
      if (kind === bare) {
        while (isBare[text[from]!] === 1) from++
        if (from === first) return false
      } else {
        let c = text[from]!
        while (c !== quote && c !== backslash && from < end) c = text[++from]!
        // A value with an escape of its own is not for us.
        if (kind === quoted ? c !== quote : c !== backslash || text[from + 1] !== quote) return false
      }
      if (from >= end) return false
      places[at++] = first
      places[at++] = from
    }
  }
}

export const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/**
 * The template of a text that is one JSON object, or null: it is not one, or has escapes where templates have none.
 * @param followed path of the string whose JSON is followed
 */
export function templateOf(text: string, followed: readonly string[] = []): JsonTemplate | null {
  const parser = new TemplateParser(text, followed.join('\n'))
  try {
    return parser.parse()
  } catch (error) {
    if (error instanceof NoTemplate) return null
    throw error
  }
}

class NoTemplate extends Error {}

class TemplateParser {
  readonly #text: string
  readonly #followed: string
  readonly #literals: string[] = []
  readonly #holes: (Hole & { readonly kind: HoleKind })[] = []
  readonly #path: string[] = []
  #at = 0
  #literalStart = 0
  #quote = '"'

  constructor(text: string, followed: string) {
    this.#text = text
    this.#followed = followed
  }

  parse(): JsonTemplate {
    this.#object()
    this.#space()
    if (this.#at !== this.#text.length) throw new NoTemplate()
    this.#literals.push(this.#text.slice(this.#literalStart))
    return new JsonTemplate(this.#literals, this.#holes)
  }

  #object(): void {
    this.#expect('{')
    this.#space()
    if (this.#take('}')) return
    do {
      this.#space()
      this.#expect(this.#quote)
      const key = this.#plainText()
      this.#space()
      this.#expect(':')
      this.#space()
      this.#path.push(key)
      this.#value()
      this.#path.pop()
      this.#space()
    } while (this.#take(','))
    this.#expect('}')
  }

  #value(): void {
    if (this.#text[this.#at] === '{') return this.#object()
    if (this.#text[this.#at] === '[') throw new NoTemplate()
    if (!this.#take(this.#quote)) {
      const start = this.#at
      while (isBare[this.#text.charCodeAt(this.#at) & 0xff] === 1) this.#at++
      if (this.#at === start) throw new NoTemplate()
      return this.#hole(start, this.#at, false)
    }
    if (this.#text.startsWith('{\\"', this.#at) && this.#path.join('\n') === this.#followed) {
      this.#quote = '\\"'
      this.#object()
      this.#quote = '"'
      return this.#expect('"')
    }
    const start = this.#at
    this.#plainText()
    this.#hole(start, this.#at - this.#quote.length, true)
  }

  /** Text up to its closing quote, which is passed. */
  #plainText(): string {
    const end = this.#text.indexOf(this.#quote, this.#at)
    if (end < 0) throw new NoTemplate()
    const text = this.#text.slice(this.#at, end)
    if (text.includes('\\') || text.includes('"')) throw new NoTemplate()
    this.#at = end + this.#quote.length
    return text
  }

  #hole(start: number, end: number, isText: boolean): void {
    this.#literals.push(this.#text.slice(this.#literalStart, start))
    this.#literalStart = end
    const kind = !isText ? bare : this.#quote === '"' ? quoted : escapedQuoted
    this.#holes.push({ path: [...this.#path], isText, kind })
  }

  #expect(text: string): void {
    if (!this.#take(text)) throw new NoTemplate()
  }

  #take(text: string): boolean {
    if (!this.#text.startsWith(text, this.#at)) return false
    this.#at += text.length
    return true
  }

  #space(): void {
    while (this.#text[this.#at] === ' ' || this.#text[this.#at] === '\t') this.#at++
  }
}
