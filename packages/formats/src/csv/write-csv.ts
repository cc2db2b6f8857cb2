import { batchToRows, type Heap, type RecordBatch } from '@deltaworks/columnar'
import { textOf, utcContext } from '@deltaworks/expression'
import type { Schema, Value } from '@deltaworks/schema'

export interface CsvWriteOptions {
  /** Default true. */
  readonly header?: boolean
  /** Default `,`. */
  readonly separator?: string
  /** Default `"`. */
  readonly quote?: string
  /** Default `\n`. */
  readonly lineSeparator?: string
  /** What null is written as; a text that equals it is quoted. Default: nothing. */
  readonly nullValue?: string
  /** Quote every text, not only those that need it. Default false. */
  readonly quoteAll?: boolean
}

/** Batches as CSV, a chunk of UTF-8 each; values as Spark casts them to text. An empty text is `""`, so that it is not null again. */
export async function* writeCsv(
  heap: Heap,
  schema: Schema,
  batches: AsyncIterable<RecordBatch> | Iterable<RecordBatch>,
  options: CsvWriteOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const { header = true, separator = ',', quote = '"', lineSeparator = '\n' } = options
  const encoder = new TextEncoder()
  if (header) {
    const names = schema.fields.map((field) => quoted(field.name, separator, quote, options))
    yield encoder.encode(names.join(separator) + lineSeparator)
  }
  for await (const batch of batches) {
    let text = ''
    for (const row of batchToRows(heap, batch)) {
      text += csvLine(schema, row, options) + lineSeparator
    }
    yield encoder.encode(text)
  }
}

/** One row without its line end. */
export function csvLine(schema: Schema, row: readonly Value[], options: CsvWriteOptions = {}): string {
  const { separator = ',', quote = '"', nullValue = '' } = options
  return schema.fields
    .map(({ type }, i) => {
      const value = row[i] ?? null
      return value === null ? nullValue : quoted(String(textOf(type, value, utcContext)), separator, quote, options)
    })
    .join(separator)
}

function quoted(
  text: string,
  separator: string,
  quote: string,
  { nullValue = '', quoteAll = false }: CsvWriteOptions,
): string {
  const needed =
    quoteAll ||
    text === nullValue ||
    text === '' ||
    text.includes(separator) ||
    text.includes(quote) ||
    /[\r\n]|^[ \t]|[ \t]$/.test(text)
  return needed ? quote + text.replaceAll(quote, quote + quote) + quote : text
}
