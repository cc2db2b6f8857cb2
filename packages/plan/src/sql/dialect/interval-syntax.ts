import { closingOf, isSymbol, isWord, made, madeFor, spliced, type Token } from './token.js'

const units =
  /^(millenni(um|a)|centur(y|ies)|decades?|years?|quarters?|months?|weeks?|days?|hours?|minutes?|seconds?|milliseconds?|microseconds?)$/i

/** interval 3 days, interval '3' days, interval 1 day 2 hours → interval '3 days'; interval (n) day → ((n) * interval '1 day') */
export function intervals(tokens: readonly Token[]): readonly Token[] {
  let result = tokens
  for (let i = 0; i < result.length; i++) {
    if (!isWord(result[i], 'interval')) continue
    const token = result[i]!
    if (isSymbol(result[i + 1], '(')) {
      const end = closingOf(result, i + 1)
      const unit = result[end + 1]
      if (end < 0 || unit?.kind !== 'word' || !units.test(unit.text)) continue
      const open = madeFor(token, '(', 'symbol', token.before)
      const close = made(token, `* interval '1 ${unit.text}')`)
      result = spliced(result, i, end + 2, open, ...result.slice(i + 1, end + 1), ...close)
      continue
    }
    const [text, end] = amounts(result, i + 1)
    if (text !== '') result = spliced(result, i + 1, end, madeFor(result[i + 1]!, `'${text}'`, 'string'))
  }
  return result
}

/** Amounts with their units, and where they end. */
function amounts(tokens: readonly Token[], from: number): readonly [string, number] {
  let text = ''
  let i = from
  for (;;) {
    const sign = tokens[i]?.kind === 'operator' && tokens[i]!.text === '-' ? '-' : ''
    const amount = tokens[i + sign.length]
    const unit = tokens[i + sign.length + 1]
    const number =
      amount?.kind === 'number' ? amount.text : amount?.kind === 'string' ? amount.text.slice(1, -1).trim() : ''
    if (!/^[-+]?\d+(\.\d+)?$/.test(number) || unit?.kind !== 'word' || !units.test(unit.text)) return [text, i]
    // `interval '1' day to second` keeps its fields.
    if (isWord(tokens[i + sign.length + 2], 'to')) return [text, i]
    text += `${text === '' ? '' : ' '}${sign}${number} ${unit.text}`
    i += sign.length + 2
  }
}
