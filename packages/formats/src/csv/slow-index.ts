import type { Heap } from '@deltaworks/columnar'
import { frameField, frameFlag, noByte } from './frame.js'

type State = 'start' | 'unquoted' | 'quoted' | 'closed' | 'escaped' | 'comment'

/**
 * What csvIndex does (columnar/assembly/csv/structure.ts), one byte at a time: the definition that the kernel is tested
 * against, and the way for separators of more than one byte, which the kernel does not know.
 */
export function slowIndex(heap: Heap, frame: number, separator: Uint8Array): void {
  const word = (offset: number): number => heap.u32[(frame + offset) >>> 2]!
  const { u8, u32 } = heap
  const data = word(frameField.data)
  const end = word(frameField.end)
  const from = word(frameField.from)
  const [quote, escape, comment] = [word(frameField.quote), word(frameField.escape), word(frameField.comment)]
  const mode = word(frameField.lineMode)
  const flags = word(frameField.flags)
  const positions = word(frameField.positions) >>> 2
  const capacity = word(frameField.positionCapacity)
  const maxRows = word(frameField.maxRows)
  const blank = (byte: number): boolean => byte === 32 || byte === 9
  const byteAt = (i: number): number => (i < end ? u8[data + i]! : -1)
  /** Bytes of the line end at i; 0: there is none. */
  const breakSize = (i: number): number => {
    const byte = byteAt(i)
    if (mode === 1) return byte === 10 ? 1 : 0
    if (mode === 2) return byte === 13 ? 1 : 0
    if (mode === 3) return byte === 13 && byteAt(i + 1) === 10 ? 2 : 0
    return byte === 13 ? (byteAt(i + 1) === 10 ? 2 : 1) : byte === 10 ? 1 : 0
  }
  const isSeparator = (i: number): boolean => separator.every((byte, k) => byteAt(i + k) === byte)

  let state: State = 'start'
  let [count, rows, irregular] = [0, 0, 0]
  let rowStart = from
  let first = 0
  let line = word(frameField.line)
  let rowLine = line
  let high = 0
  let consumed = from
  for (let i = from; i < end && rows < maxRows && count < capacity;) {
    const byte = u8[data + i]!
    high |= byte & 0x80
    const size = breakSize(i)
    if (size > 0) {
      line++
      if ((state === 'quoted' || state === 'escaped') && (flags & frameFlag.singleLine) === 0) {
        state = 'quoted'
        i += size
        continue
      }
      u32[positions + count++] = i
      const fields = count - first
      if ((fields > 1 || i > rowStart) && u8[data + rowStart] !== comment) {
        u32[(word(frameField.rowStart) >>> 2) + rows] = rowStart
        u32[(word(frameField.rowFirst) >>> 2) + rows] = first
        u32[(word(frameField.rowFields) >>> 2) + rows] = fields
        u32[(word(frameField.rowLine) >>> 2) + rows] = rowLine
        if (fields !== word(frameField.expected)) irregular++
        rows++
      }
      i += size
      ;[rowStart, first, rowLine, consumed, state] = [i, count, line, i, 'start']
      continue
    }
    if (state === 'escaped') state = 'quoted'
    else if (state === 'quoted') {
      if (byte === escape) state = 'escaped'
      else if (byte === quote) state = 'closed'
    } else if (state !== 'comment') {
      if (isSeparator(i)) {
        u32[positions + count++] = i
        i += separator.length
        state = 'start'
        continue
      }
      if (state === 'closed') {
        if (byte === quote && u8[data + i - 1] === quote) state = 'quoted'
        else if ((flags & frameFlag.trimTrailing) === 0 || !blank(byte)) {
          state = (flags & frameFlag.toClosingQuote) === 0 ? 'unquoted' : 'quoted'
        }
      } else if (state === 'start') {
        if (byte === quote) state = 'quoted'
        else if (byte === comment && i === rowStart) state = 'comment'
        else if ((flags & frameFlag.trimLeading) === 0 || !blank(byte)) state = 'unquoted'
      }
    }
    i++
  }
  const put = (offset: number, value: number): void => {
    u32[(frame + offset) >>> 2] = value
  }
  put(frameField.rows, rows)
  put(frameField.consumed, consumed)
  put(frameField.nextLine, rowLine)
  put(frameField.irregular, irregular)
  put(frameField.hasHigh, high === 0 ? 0 : 1)
  put(frameField.isRegular, 0)
  put(frameField.hasEscapes, 1)
}

/** The separator as one byte for the kernel, or `noByte` if it has more. */
export const separatorByte = (separator: Uint8Array): number => (separator.length === 1 ? separator[0]! : noByte)
