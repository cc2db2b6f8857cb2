import { validation } from './api-error.js'
import { quoteText, type Token } from './sql/tokens.js'

export interface SqlParameter {
  readonly name: string
  readonly value: string
}

/** Puts values for `:name`. They are texts, which the database reads as what stands beside them. @throws ApiError */
export function withParameters(tokens: readonly Token[], parameters: readonly SqlParameter[]): readonly Token[] {
  if (parameters.length === 0) return tokens
  const values = new Map(parameters.map(({ name, value }) => [name.toLowerCase(), value]))
  const used = new Set<string>()
  const bound: Token[] = []
  for (let i = 0; i < tokens.length; i++) {
    const [token, next] = [tokens[i]!, tokens[i + 1]]
    if (token.text !== ':' || next?.kind !== 'word') {
      bound.push(token)
      continue
    }
    const value = values.get(next.text.toLowerCase())
    if (value === undefined) throw validation(`Parameter "${next.text}" is not defined.`)
    used.add(next.text.toLowerCase())
    bound.push({ kind: 'text', text: quoteText(value) })
    i++
  }
  const unused = parameters.find(({ name }) => !used.has(name.toLowerCase()))
  if (unused !== undefined) throw validation(`Parameter "${unused.name}" is not used in the statement.`)
  return bound
}
