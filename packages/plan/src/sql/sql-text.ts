import { isDeltaworksError } from '@deltaworks/schema'
import { atPosition, type SqlPosition } from '../errors.js'
import { translateDialect, type TranslatedSql } from './dialect/dialect.js'

/** A text and the places in it; the parser counts in UTF-8 bytes. */
export class SqlText {
  /** What the parser gets: the text in PostgreSQL's grammar. */
  readonly text: string
  readonly #source: string
  readonly #translated: TranslatedSql
  readonly #prefixLength: number
  #bytes: Buffer | null = null

  /** `prefix` is ours (ASCII), put before the user's text; places do not count it. */
  constructor(text: string, prefix = '') {
    this.#source = prefix + text
    this.#translated = translateDialect(this.#source)
    this.text = this.#translated.text
    this.#prefixLength = prefix.length
  }

  /** Null where the parser gives none. */
  position(byteOffset: number | undefined): SqlPosition | null {
    if (byteOffset === undefined || byteOffset < 0) return null
    this.#bytes ??= Buffer.from(this.text)
    return this.positionOfCharacter(this.#bytes.subarray(0, byteOffset).toString().length)
  }

  positionOfCharacter(index: number): SqlPosition {
    return positionOf(this.#source.slice(this.#prefixLength, this.#translated.origin(index)))
  }

  /** What the token at a place means that the parser's grammar has no word for. */
  noteAt(byteOffset: number | undefined): string | undefined {
    return byteOffset === undefined ? undefined : this.#translated.notes.get(byteOffset)
  }

  /** Errors that arise in `work` say where in the text they do. */
  locate<T>(byteOffset: number | undefined, work: () => T): T {
    try {
      return work()
    } catch (error) {
      throw isDeltaworksError(error) ? atPosition(error, this.position(byteOffset)) : error
    }
  }
}

function positionOf(before: string): SqlPosition {
  const lines = before.split('\n')
  return { line: lines.length, column: Array.from(lines[lines.length - 1]!).length + 1 }
}
