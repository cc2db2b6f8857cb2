import type { Arena } from '@deltaworks/columnar'
import { invalidCsvOption } from '../errors.js'
import type { CsvDialect } from './csv-options.js'
import { frameBytes, frameField, frameFlag, noByte } from './frame.js'
import { separatorByte } from './slow-index.js'

export const lineModes = { auto: 0, '\n': 1, '\r': 2, '\r\n': 3 } as const

/** A frame that says how a dialect writes rows, with room for so many. @throws FormatError DW-FORMAT-0030 */
export function dialectFrame(arena: Arena, dialect: CsvDialect, maxRows: number): number {
  const frame = arena.allocateZeroed(frameBytes)
  const set = (field: number, value: number): void => {
    arena.heap.u32[(frame + field) >>> 2] = value
  }
  const rows = maxRows + 72
  for (const name of ['rowEnds', 'rowFirst', 'rowStart', 'rowFields', 'rowLine', 'errors'] as const) {
    set(frameField[name], arena.allocate(4 * rows))
  }
  const separator = new TextEncoder().encode(dialect.separator)
  set(frameField.separator, separatorByte(separator))
  set(frameField.separatorSize, separator.length)
  for (const name of ['quote', 'escape', 'comment'] as const) {
    const byte = dialect[name] === '' ? noByte : dialect[name].charCodeAt(0)
    if (byte > noByte || (byte > 127 && byte < noByte))
      throw invalidCsvOption(name, dialect[name], 'an ASCII character')
    set(frameField[name], byte)
  }
  set(frameField.lineMode, lineModes[dialect.lineSeparator])
  set(
    frameField.flags,
    (dialect.trimLeading ? frameFlag.trimLeading : 0) |
      (dialect.trimTrailing ? frameFlag.trimTrailing : 0) |
      (dialect.comment !== '' || !dialect.multiLine ? frameFlag.bytewise : 0) |
      (dialect.multiLine ? 0 : frameFlag.singleLine) |
      (dialect.unescapedQuotes === 'stop_at_closing_quote' ? frameFlag.toClosingQuote : 0) |
      (dialect.nullsInQuotes ? frameFlag.nullsInQuotes : 0) |
      (dialect.emptyValue === null ? frameFlag.emptyIsNull : 0),
  )
  set(frameField.nulls, nullTexts(arena, dialect.nullValues))
  return frame
}

function nullTexts(arena: Arena, values: readonly string[]): number {
  const texts = values.filter((value) => value !== '').map((value) => new TextEncoder().encode(value))
  if (texts.length === 0) return 0
  const address = arena.allocate(4 + texts.reduce((sum, text) => sum + 8 + text.byteLength, 0))
  const { u8, u32 } = arena.heap
  u32[address >>> 2] = texts.length
  let at = address + 4
  for (const text of texts) {
    u32[at >>> 2] = text.byteLength
    u8.set(text, at + 4)
    at += 4 + ((text.byteLength + 3) & ~3)
  }
  return address
}
