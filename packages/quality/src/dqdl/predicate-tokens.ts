/** A piece of a condition, and where in it it stands. */
export interface PredicateToken {
  readonly kind: 'word' | 'quoted' | 'text' | 'number' | 'symbol' | 'end'
  readonly text: string
  readonly offset: number
}

const pattern =
  /\s*(?:([A-Za-z_][\w$]*)|`((?:[^`]|``)+)`|'((?:[^']|'')*)'|(\d+(?:\.\d+)?|\.\d+)|(<=>|<>|!=|>=|<=|==|\|\||[=<>(),+\-*/%.]))/y

/** @returns the tokens, or where the text cannot be read on */
export function predicateTokens(source: string): readonly PredicateToken[] | { readonly unreadable: number } {
  const tokens: PredicateToken[] = []
  let offset = 0
  while (source.slice(offset).trim() !== '') {
    pattern.lastIndex = offset
    const match = pattern.exec(source)
    if (match === null) return { unreadable: offset + source.slice(offset).search(/\S/) }
    const [whole, word, quoted, text, number, symbol] = match
    const start = offset + whole.search(/\S/)
    if (word !== undefined) tokens.push({ kind: 'word', text: word, offset: start })
    else if (quoted !== undefined) tokens.push({ kind: 'quoted', text: quoted.replaceAll('``', '`'), offset: start })
    else if (text !== undefined) tokens.push({ kind: 'text', text: text.replaceAll("''", "'"), offset: start })
    else if (number !== undefined) tokens.push({ kind: 'number', text: number, offset: start })
    else tokens.push({ kind: 'symbol', text: symbol!, offset: start })
    offset = pattern.lastIndex
  }
  return [...tokens, { kind: 'end', text: '', offset: source.length }]
}
