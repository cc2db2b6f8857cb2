import { isDeltaworksError } from '@deltaworks/schema'
import { atPosition, type SqlPosition } from '../errors.js'

/** A text and the places in it; the parser counts in UTF-8 bytes. */
export class SqlText {
  /** What the parser gets. */
  readonly text: string
  readonly #prefixLength: number
  #bytes: Buffer | null = null

  /** `prefix` is ours (ASCII), put before the user's text; places do not count it. */
  constructor(text: string, prefix = '') {
    this.text = prefix + text
    this.#prefixLength = prefix.length
  }

  /** Null where the parser gives none. */
  position(byteOffset: number | undefined): SqlPosition | null {
    if (byteOffset === undefined || byteOffset < 0) return null
    this.#bytes ??= Buffer.from(this.text)
    return positionOf(this.#bytes.subarray(this.#prefixLength, byteOffset).toString())
  }

  positionOfCharacter(index: number): SqlPosition {
    return positionOf(this.text.slice(this.#prefixLength, index))
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
