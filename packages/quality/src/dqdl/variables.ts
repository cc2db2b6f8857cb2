import { dqdlSyntax } from '../errors.js'
import type { Operand } from './syntax.js'
import type { TokenReader } from './token-reader.js'

export interface Variable {
  readonly isList: boolean
  readonly values: readonly Operand[]
}

/** Constants of a document: `allowed = ["a", "b"]`, used as `$allowed`. */
export class Variables {
  readonly #values = new Map<string, Variable>()

  /** `name = value` or `name = [values]` */
  declare(tokens: TokenReader): void {
    const { position } = tokens
    const name = tokens.expectKind('word', 'the name of a variable')
    if (/^[._]/.test(name))
      throw dqdlSyntax(position, `the name "${name}" must not begin with a point or an underscore`)
    if (this.#values.has(name)) throw dqdlSyntax(position, `"${name}" has a value already`)
    tokens.expect('=')
    const isList = tokens.accept('[')
    const values = [value(tokens)]
    if (isList) {
      while (tokens.accept(',')) values.push(value(tokens))
      tokens.expect(']')
    }
    this.#values.set(name, { isList, values })
  }

  /** Takes `$name`. */
  take(tokens: TokenReader): Variable {
    const { position } = tokens
    tokens.expect('$')
    const name = tokens.expectKind('word', 'the name of a variable')
    const found = this.#values.get(name)
    if (found === undefined) {
      const known = [...this.#values.keys()].join(', ')
      throw dqdlSyntax(position, `there is no variable "$${name}"${known === '' ? '' : `; known are ${known}`}`)
    }
    return found
  }
}

function value(tokens: TokenReader): Operand {
  const { position } = tokens
  const keyword = (['NULL', 'EMPTY', 'WHITESPACES_ONLY'] as const).find((word) => tokens.accept(word))
  if (keyword !== undefined) return { kind: 'keyword', keyword, position }
  if (tokens.is('$')) throw dqdlSyntax(position, 'a variable cannot be made of another')
  return { kind: 'text', text: tokens.expectKind('text', 'a text in quotes'), position }
}
