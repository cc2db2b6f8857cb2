import { readText, type Heap } from '@deltaworks/columnar'
import { frameField, frameFlag } from './frame.js'

/** A field as text, for what is rare: headers, values that a kernel gave up on, messages. */
export interface FieldText {
  readonly text: string
  readonly quoted: boolean
  /** What stands between the quotes, escapes and all. */
  readonly raw: string
}

/** @returns null if the row has no such field. Twin of `fieldAt` and `unescape` in columnar/assembly/csv. */
export function fieldText(heap: Heap, frame: number, row: number, column: number): FieldText | null {
  const word = (offset: number): number => heap.u32[(frame + offset) >>> 2]!
  const entry = (offset: number, index: number): number => heap.u32[(word(offset) >>> 2) + index]!
  if (column >= entry(frameField.rowFields, row)) return null
  const data = word(frameField.data)
  const flags = word(frameField.flags)
  const [quote, escape] = [word(frameField.quote), word(frameField.escape)]
  const position = entry(frameField.rowFirst, row) + column
  let end = entry(frameField.positions, position)
  let start =
    column === 0
      ? entry(frameField.rowStart, row)
      : entry(frameField.positions, position - 1) + word(frameField.separatorSize)
  const { u8 } = heap
  const blank = (byte: number): boolean => byte === 32 || byte === 9
  if ((flags & frameFlag.trimLeading) !== 0) while (start < end && blank(u8[data + start]!)) start++
  if ((flags & frameFlag.trimTrailing) !== 0) while (end > start && blank(u8[data + end - 1]!)) end--
  const quoted = end >= start + 2 && u8[data + start] === quote && u8[data + end - 1] === quote
  const raw = readText(heap, data + start + (quoted ? 1 : 0), data + end - (quoted ? 1 : 0))
  if (!quoted) return { text: raw, quoted, raw }
  const text = unescaped(raw, String.fromCharCode(quote), escape > 255 ? '' : String.fromCharCode(escape))
  return { text, quoted, raw }
}

function unescaped(text: string, quote: string, escape: string): string {
  if (!text.includes(quote) && (escape === '' || !text.includes(escape))) return text
  let result = ''
  for (let i = 0; i < text.length; i++) {
    const [character, next] = [text[i]!, text[i + 1]]
    const escapes = character === quote ? next === quote : character === escape && (next === quote || next === escape)
    result += escapes ? text[++i]! : character
  }
  return result
}

/** The row as it stands in the file, without its line end. */
export function rowText(heap: Heap, frame: number, row: number): string {
  const [start, end] = rowBounds(heap, frame, row)
  return readText(heap, start, end)
}

/** Addresses of a row's first byte and of its line end. */
export function rowBounds(heap: Heap, frame: number, row: number): readonly [start: number, end: number] {
  const word = (offset: number): number => heap.u32[(frame + offset) >>> 2]!
  const entry = (offset: number, index: number): number => heap.u32[(word(offset) >>> 2) + index]!
  const last = entry(frameField.rowFirst, row) + entry(frameField.rowFields, row) - 1
  const data = word(frameField.data)
  return [data + entry(frameField.rowStart, row), data + entry(frameField.positions, last)]
}
