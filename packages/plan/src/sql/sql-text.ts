import { isDeltaworksError } from '@deltaworks/schema'
import { atPosition, type SqlPosition } from '../errors.js'

/** A text and the places in it; the parser counts in UTF-8 bytes. */
export class SqlText {
  readonly text: string
  #bytes: Buffer | null = null

  constructor(text: string) {
    this.text = text
  }

  /** Null where the parser gives none. */
  position(byteOffset: number | undefined): SqlPosition | null {
    if (byteOffset === undefined || byteOffset < 0) return null
    this.#bytes ??= Buffer.from(this.text)
    return positionOf(this.#bytes.subarray(0, byteOffset).toString())
  }

  positionOfCharacter(index: number): SqlPosition {
    return positionOf(this.text.slice(0, index))
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
