import type { Heap } from '@deltaworks/columnar'
import type { RowReasons } from './column-parser.js'
import type { CsvDialect } from './csv-options.js'
import { fieldText } from './field-text.js'
import { frameField } from './frame.js'

/** A field that is to be null. */
export interface SkippedField {
  readonly row: number
  readonly column: number
}

/**
 * What only some dialects ask of fields: their greatest length, and what a quote within them means.
 * @returns fields whose value is to be skipped
 */
export function checkFields(
  heap: Heap,
  frame: number,
  rowCount: number,
  { quote, escape, unescapedQuotes, maxCharsPerColumn }: CsvDialect,
  header: readonly string[],
  reasons: RowReasons,
): SkippedField[] {
  const skipped: SkippedField[] = []
  const fields = heap.u32[(frame + frameField.rowFields) >>> 2]! >>> 2
  for (let row = 0; row < rowCount; row++) {
    for (let column = 0; column < heap.u32[fields + row]!; column++) {
      const field = fieldText(heap, frame, row, column)!
      const name = header[column] ?? `_c${column}`
      if (maxCharsPerColumn > 0 && field.text.length > maxCharsPerColumn) {
        add(reasons, row, `${name}: the field has ${field.text.length} characters, more than ${maxCharsPerColumn}`)
      }
      if (quote === '' || (unescapedQuotes !== 'raise_error' && unescapedQuotes !== 'skip_value')) continue
      if (field.quoted ? !hasLoneQuote(field.raw, quote, escape) : !field.text.startsWith(quote)) continue
      if (unescapedQuotes === 'raise_error') add(reasons, row, `${name}: a quote within the field is not escaped`)
      else skipped.push({ row, column })
    }
  }
  return skipped
}

function hasLoneQuote(inner: string, quote: string, escape: string): boolean {
  for (let i = 0; i < inner.length; i++) {
    if (inner[i] === escape && escape !== '') i++
    else if (inner[i] === quote && inner[++i] !== quote) return true
  }
  return false
}

function add(reasons: RowReasons, row: number, reason: string): void {
  reasons.set(row, [...(reasons.get(row) ?? []), reason])
}
