import type { CsvDialect } from './csv-options.js'

/** A field of a parsed text; `null` stands for nothing between separators. */
export type TextField = string | null

export interface TextRecord {
  readonly fields: readonly TextField[]
  /** 1-based physical line and UTF-16 offset where the record starts. */
  readonly line: number
  readonly start: number
}

/**
 * Records of a text, for what is small: headers, sniffing, inference; and the plain twin of the scanner in tests. An unclosed
 * quote takes the rest of the text.
 */
export function parseCsvText(text: string, dialect: CsvDialect, maxRecords = Infinity): TextRecord[] {
  const { separator, quote, escape, comment, trimLeading, trimTrailing, multiLine } = dialect
  const toClosingQuote = dialect.unescapedQuotes === 'stop_at_closing_quote'
  const records: TextRecord[] = []
  let at = 0
  let line = 1
  const breakSize = (i: number): number => {
    const character = text[i]
    const pair = character === '\r' && text[i + 1] === '\n'
    switch (dialect.lineSeparator) {
      case 'auto':
        return pair ? 2 : character === '\r' || character === '\n' ? 1 : 0
      case '\r\n':
        return pair ? 2 : 0
      default:
        return character === dialect.lineSeparator ? 1 : 0
    }
  }
  const blank = (character: string | undefined): boolean => character === ' ' || character === '\t'
  /** Whether a quote just before ends its field. */
  const closes = (after: number): boolean => {
    let i = after
    if (trimTrailing) while (blank(text[i])) i++
    return i >= text.length || breakSize(i) > 0 || text.startsWith(separator, i)
  }

  while (at < text.length && records.length < maxRecords) {
    const start = at
    const startLine = line
    if (comment !== '' && text[at] === comment) {
      while (at < text.length && breakSize(at) === 0) at++
      at += breakSize(at)
      line++
      continue
    }
    const fields: TextField[] = []
    for (;;) {
      let fieldStart = at
      if (trimLeading) while (blank(text[fieldStart])) fieldStart++
      let i = fieldStart
      if (quote !== '' && text[i] === quote) {
        i++
        while (i < text.length) {
          const size = breakSize(i)
          if (size > 0) {
            if (!multiLine) break
            line++
            i += size
          } else if (escape !== '' && text[i] === escape) {
            i++
            const escaped = breakSize(i)
            if (escaped > 0 && !multiLine) break
            if (escaped > 0) line++
            i += Math.max(1, escaped)
          } else if (text[i] === quote) {
            if (text[i + 1] === quote) i += 2
            else if (toClosingQuote && !closes(i + 1)) i++
            else break
          } else i++
        }
        if (breakSize(i) === 0) i = Math.min(i + 1, text.length)
      }
      while (i < text.length && breakSize(i) === 0 && !text.startsWith(separator, i)) i++
      fields.push(fieldOf(text.slice(at, i), dialect))
      at = i
      if (at < text.length && breakSize(at) === 0) {
        at += separator.length
        continue
      }
      break
    }
    const end = at
    at += breakSize(at)
    line++
    if (end > start) records.push({ fields, line: startLine, start })
  }
  return records
}

function fieldOf(raw: string, { quote, escape, trimLeading, trimTrailing }: CsvDialect): TextField {
  let text = raw
  if (trimLeading) text = text.replace(/^[ \t]+/, '')
  if (trimTrailing) text = text.replace(/[ \t]+$/, '')
  if (quote === '' || text.length < 2 || !text.startsWith(quote) || !text.endsWith(quote))
    return text === '' ? null : text
  const inner = text.slice(1, -1)
  let result = ''
  for (let i = 0; i < inner.length; i++) {
    const [character, next] = [inner[i]!, inner[i + 1]]
    const escapes =
      (character === quote && next === quote) ||
      (escape !== '' && character === escape && (next === quote || next === escape))
    result += escapes ? inner[++i]! : character
  }
  return result
}
