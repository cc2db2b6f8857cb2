import { nestingExceeds, parseJson, type JsonValue } from './json-text.js'

/** One record of a file: its value, or why it has none. */
export interface JsonRecord {
  readonly value: JsonValue
  readonly damage: string | null
  readonly raw: string
  readonly line: number
  readonly offset: number
  readonly row: number
}

/** Where a record is in its file, and its bytes there. */
export interface JsonBytes {
  readonly bytes: Uint8Array
  readonly line: number
  readonly offset: number
  readonly row: number
}

/** Values that are nested deeper are damage: whoever walks them does so by recursion. */
export const maxNesting = 500

const strict = new TextDecoder('utf-8', { fatal: true })
const lenient = new TextDecoder('utf-8')

export const jsonTextOf = (bytes: Uint8Array): string => lenient.decode(bytes).trimEnd()

/** Parses one record's bytes; what is wrong with them is told by the record. */
export function jsonRecord({ bytes, line, offset, row }: JsonBytes): JsonRecord {
  const raw = jsonTextOf(bytes)
  const damaged = (damage: string): JsonRecord => ({ value: null, damage, raw, line, offset, row })
  try {
    strict.decode(bytes)
  } catch {
    return damaged('the text is not valid UTF-8')
  }
  if (nestingExceeds(raw, maxNesting)) return damaged(`no valid JSON: the nesting is deeper than ${maxNesting}`)
  try {
    return { value: parseJson(raw), damage: null, raw, line, offset, row }
  } catch (error) {
    return damaged(`no valid JSON: ${(error as Error).message}`)
  }
}
