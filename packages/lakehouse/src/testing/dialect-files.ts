import type { Json } from '@deltaworks/schema'

/** A dialect as a source declares it, and how days are written in its files. */
export interface DeclaredDialect {
  readonly options: { readonly [option: string]: Json }
  readonly dayPattern: string
  /** The file's bytes. */
  write(rows: readonly DialectRow[]): Uint8Array
}

export interface DialectRow {
  readonly id: number
  readonly name: string | null
  /** Hundredths. */
  readonly amount: number | null
  /** ISO. */
  readonly day: string | null
}

/** Reproducible: a whole number below `end`. */
export type Draw = (end: number) => number

export function drawFrom(seed: number): Draw {
  let state = (seed * 2_654_435_761) >>> 0 || 1
  return (end) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % end
  }
}

const pick = <T>(draw: Draw, values: readonly T[]): T => values[draw(values.length)]!

const encodings: Readonly<Record<string, (text: string) => Uint8Array>> = {
  'utf-8': (text) => Buffer.from(text, 'utf8'),
  'utf-16le': (text) => Buffer.from(text, 'utf16le'),
  'iso-8859-1': (text) => Buffer.from(text, 'latin1'),
}
const dayTexts: Readonly<Record<string, (year: string, month: string, day: string) => string>> = {
  'yyyy-MM-dd': (year, month, day) => `${year}-${month}-${day}`,
  'd.M.yyyy': (year, month, day) => `${Number(day)}.${Number(month)}.${year}`,
  'M/d/yyyy': (year, month, day) => `${Number(month)}/${Number(day)}/${year}`,
}

/** A dialect as they are met: any of the options that a source can declare, together. */
export function randomDialect(draw: Draw): DeclaredDialect {
  const separator = pick(draw, [',', ';', '\t', '|', '||', '::', '~^~'])
  const quote = pick(draw, ['"', "'"])
  const escape = pick(draw, ['', '\\'])
  const comment = pick(draw, ['', '#'])
  const lineEnd = pick(draw, ['\n', '\r\n', '\r'])
  const encoding = pick(draw, Object.keys(encodings))
  const nullValue = pick(draw, ['', 'NULL', 'n/a'])
  const header = draw(4) > 0
  const isGerman = draw(3) === 0
  const dayPattern = pick(draw, Object.keys(dayTexts))
  const names = ['id', 'name', 'amount', 'day']
  const quoted = (text: string): string =>
    quote + text.replaceAll(quote, escape === '' ? quote + quote : escape + quote) + quote
  const text = (value: string | null): string => {
    if (value === null) return nullValue
    const isPlain = /^[\w .äé]+$/.test(value) && value !== nullValue && value.trim() === value
    return isPlain && draw(3) > 0 ? value : quoted(value)
  }
  const figure = (value: string): string => (value.includes(separator) || draw(5) === 0 ? quoted(value) : value)
  const amountText = (amount: number): string => (amount / 100).toFixed(2).replace('.', isGerman ? ',' : '.')
  const line = ({ id, name, amount, day }: DialectRow): string =>
    [
      figure(String(id)),
      text(name),
      amount === null ? nullValue : figure(amountText(amount)),
      day === null ? nullValue : figure(dayTexts[dayPattern]!(...(day.split('-') as [string, string, string]))),
    ].join(separator)
  return {
    dayPattern,
    options: {
      separator,
      quote,
      encoding,
      ...(escape === '' ? {} : { escape }),
      ...(comment === '' ? {} : { comment }),
      ...(nullValue === '' ? {} : { nullValues: [nullValue] }),
      ...(header ? {} : { header: false, columnNames: names }),
      ...(isGerman ? { locale: 'de-DE' } : {}),
    },
    write: (rows) => {
      const remark = comment === '' ? [] : [`${comment} made by hand${separator}${quote}`]
      const lines = [...(header ? [names.join(separator)] : []), ...remark, ...rows.map(line), ...remark]
      return encodings[encoding]!(lines.map((each) => each + lineEnd).join(''))
    },
  }
}

const pieces = [
  'a',
  'Zoë',
  'é',
  ' ',
  '  ',
  ',',
  ';',
  '|',
  '||',
  '::',
  '"',
  "'",
  '#',
  '\n',
  '\r\n',
  'NULL',
  'n/a',
  '1',
  '~^~',
  '\t',
]

export const randomRows = (draw: Draw): readonly DialectRow[] =>
  Array.from({ length: 1 + draw(12) }, (_, id) => ({
    id,
    name: draw(6) === 0 ? null : Array.from({ length: draw(5) }, () => pick(draw, pieces)).join(''),
    amount: draw(6) === 0 ? null : draw(2_000_000) - 1_000_000,
    day:
      draw(6) === 0
        ? null
        : `20${10 + draw(20)}-${String(1 + draw(12)).padStart(2, '0')}-${String(1 + draw(28)).padStart(2, '0')}`,
  }))
