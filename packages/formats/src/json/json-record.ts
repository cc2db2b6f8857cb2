import { isUtf8 } from 'node:buffer'
import { rowTooLongReason } from '../errors.js'
import { nestingExceeds, parseJson, type JsonRelaxations, type JsonValue } from './json-text.js'

/** One record of a file: its value, or why it has none. */
export interface JsonRecord {
  readonly value: JsonValue
  readonly damage: string | null
  readonly raw: string
  readonly line: number
  readonly offset: number
  readonly row: number
}

/** Where a record is in its file, and its bytes there, which are valid until the next is asked for. */
export interface JsonBytes {
  readonly bytes: Uint8Array
  readonly line: number
  readonly offset: number
  readonly row: number
}

/** So much of a record that is too long is kept. */
export const cutBytes = 64 * 1024

/** A record that is too long to be parsed, told by its start. */
export const longRecord = (
  { line, offset, row }: Omit<JsonBytes, 'bytes'>,
  start: Uint8Array,
  limitBytes: number,
): JsonRecord => ({
  value: null,
  damage: rowTooLongReason(limitBytes),
  raw: jsonTextOf(start.subarray(0, wholeCharacters(start, Math.min(cutBytes, limitBytes)))),
  line,
  offset,
  row,
})

/** Bytes of a text up to a length that cut no character. */
function wholeCharacters(bytes: Uint8Array, length: number): number {
  let end = Math.min(length, bytes.byteLength)
  if (end < bytes.byteLength) while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end--
  return end
}

/** Values that are nested deeper are damage: whoever walks them does so by recursion. */
export const maxNesting = 500

const lenient = new TextDecoder('utf-8')

export const jsonTextOf = (bytes: Uint8Array): string => lenient.decode(bytes).trimEnd()

/** Parses one record's bytes; what is wrong with them is told by the record. */
export function jsonRecord({ bytes, line, offset, row }: JsonBytes, relaxations: JsonRelaxations = {}): JsonRecord {
  const raw = jsonTextOf(bytes)
  const damaged = (damage: string): JsonRecord => ({ value: null, damage, raw, line, offset, row })
  if (!isUtf8(bytes)) return damaged('the text is not valid UTF-8')
  if (nestingExceeds(raw, maxNesting)) return damaged(`no valid JSON: the nesting is deeper than ${maxNesting}`)
  try {
    return { value: parseJson(raw, relaxations), damage: null, raw, line, offset, row }
  } catch (error) {
    return damaged(`no valid JSON: ${(error as Error).message}`)
  }
}
