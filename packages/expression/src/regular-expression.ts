/*
 * Regular expressions, as JavaScript reads them with the flag `u`, as a tree: those that are regular in the strict sense. What
 * looks around, looks back or depends on the case of letters has no tree.
 */

/** Code points from one up to another, both included. */
export type CodePoints = readonly (readonly [from: number, to: number])[]

export type RegularExpression =
  | { readonly kind: 'set'; readonly codePoints: CodePoints }
  | { readonly kind: 'sequence' | 'choice'; readonly of: readonly RegularExpression[] }
  | { readonly kind: 'repeat'; readonly of: RegularExpression; readonly least: number; readonly most: number }
  | { readonly kind: 'start' | 'end' }

/** The tree of a pattern; null if it is beyond what a tree can say, or no pattern. */
export function parseRegularExpression(source: string): RegularExpression | null {
  try {
    new RegExp(source, 'u')
    return new ExpressionParser(source).pattern()
  } catch {
    return null
  }
}

/** Whether it can match an empty part of a text. */
export function matchesEmpty(node: RegularExpression): boolean {
  switch (node.kind) {
    case 'set':
      return false
    case 'sequence':
      return node.of.every(matchesEmpty)
    case 'choice':
      return node.of.some(matchesEmpty)
    case 'repeat':
      return node.least === 0 || matchesEmpty(node.of)
    case 'start':
    case 'end':
      return true
  }
}

const lastCodePoint = 0x10ffff
const digits: CodePoints = [[0x30, 0x39]]
const wordCharacters: CodePoints = [...digits, [0x41, 0x5a], [0x5f, 0x5f], [0x61, 0x7a]]
const blanks: CodePoints = [
  ...([[0x09, 0x0d], [0x20, 0x20], [0xa0, 0xa0], [0x1680, 0x1680], [0x2000, 0x200a]] as const), // prettier-ignore
  ...([[0x2028, 0x2029], [0x202f, 0x202f], [0x205f, 0x205f], [0x3000, 0x3000], [0xfeff, 0xfeff]] as const), // prettier-ignore
]
const lineEnds: CodePoints = [[0x0a, 0x0a], [0x0d, 0x0d], [0x2028, 0x2029]] // prettier-ignore
const controls: Readonly<Record<string, number>> = { t: 9, n: 10, v: 11, f: 12, r: 13, '0': 0 }

function classOf(letter: string): CodePoints | null {
  const set = { d: digits, w: wordCharacters, s: blanks }[letter.toLowerCase()]
  if (set === undefined) return null
  return letter === letter.toLowerCase() ? set : complement(set)
}

/** In order and apart from each other. */
function joined(set: CodePoints): CodePoints {
  const found: [number, number][] = []
  for (const [from, to] of [...set].sort(([a], [b]) => a - b)) {
    const last = found.at(-1)
    if (last !== undefined && from <= last[1] + 1) last[1] = Math.max(last[1], to)
    else found.push([from, to])
  }
  return found
}

function complement(set: CodePoints): CodePoints {
  const found: [number, number][] = []
  let next = 0
  for (const [from, to] of joined(set)) {
    if (from > next) found.push([next, from - 1])
    next = to + 1
  }
  if (next <= lastCodePoint) found.push([next, lastCodePoint])
  return found
}

class NotRegular extends Error {}

/** Reads what `RegExp` has found valid. */
class ExpressionParser {
  readonly #symbols: readonly string[]
  #at = 0

  constructor(source: string) {
    this.#symbols = Array.from(source)
  }

  pattern(): RegularExpression {
    const of = [this.#sequence()]
    while (this.#take('|')) of.push(this.#sequence())
    return of.length === 1 ? of[0]! : { kind: 'choice', of }
  }

  #take(symbols: string): boolean {
    const length = symbols.length
    if (this.#symbols.slice(this.#at, this.#at + length).join('') !== symbols) return false
    this.#at += length
    return true
  }

  #next(): string {
    const symbol = this.#symbols[this.#at++]
    if (symbol === undefined) throw new NotRegular()
    return symbol
  }

  #sequence(): RegularExpression {
    const of: RegularExpression[] = []
    for (;;) {
      const symbol = this.#symbols[this.#at]
      if (symbol === undefined || symbol === '|' || symbol === ')') break
      of.push(this.#quantified(this.#atom()))
    }
    return of.length === 1 ? of[0]! : { kind: 'sequence', of }
  }

  #atom(): RegularExpression {
    const symbol = this.#next()
    switch (symbol) {
      case '^':
        return { kind: 'start' }
      case '$':
        return { kind: 'end' }
      case '.':
        return { kind: 'set', codePoints: complement(lineEnds) }
      case '[':
        return { kind: 'set', codePoints: this.#class() }
      case '(':
        return this.#group()
      case '\\':
        return { kind: 'set', codePoints: this.#escape() }
      default:
        return { kind: 'set', codePoints: single(symbol.codePointAt(0)!) }
    }
  }

  #group(): RegularExpression {
    if (this.#take('?') && !this.#take(':')) {
      if (!this.#take('<') || ['=', '!'].includes(this.#symbols[this.#at]!)) throw new NotRegular()
      while (this.#next() !== '>');
    }
    const inner = this.pattern()
    this.#next()
    return inner
  }

  #quantified(of: RegularExpression): RegularExpression {
    const bounds = this.#bounds()
    if (bounds === null) return of
    // Whether it takes much or little first does not change whether it matches.
    this.#take('?')
    return { kind: 'repeat', of, least: bounds[0], most: bounds[1] }
  }

  #bounds(): readonly [number, number] | null {
    if (this.#take('*')) return [0, Infinity]
    if (this.#take('+')) return [1, Infinity]
    if (this.#take('?')) return [0, 1]
    if (!this.#take('{')) return null
    let text = ''
    for (let symbol = this.#next(); symbol !== '}'; symbol = this.#next()) text += symbol
    const [least, most] = text.split(',')
    return [Number(least), most === undefined ? Number(least) : most === '' ? Infinity : Number(most)]
  }

  #escape(): CodePoints {
    const letter = this.#next()
    const set = classOf(letter)
    if (set !== null) return set
    const control = controls[letter]
    if (control !== undefined) return single(control)
    if (letter === 'x') return single(parseInt(this.#next() + this.#next(), 16))
    if (letter === 'u') return single(this.#unicode())
    if (/[a-z0-9]/i.test(letter)) throw new NotRegular()
    return single(letter.codePointAt(0)!)
  }

  #unicode(): number {
    let text = ''
    if (this.#take('{')) for (let symbol = this.#next(); symbol !== '}'; symbol = this.#next()) text += symbol
    else for (let i = 0; i < 4; i++) text += this.#next()
    return parseInt(text, 16)
  }

  #class(): CodePoints {
    const negated = this.#take('^')
    const parts: (readonly [number, number])[] = []
    while (!this.#take(']')) {
      const first = this.#classMember()
      const isRange = this.#symbols[this.#at] === '-' && this.#symbols[this.#at + 1] !== ']'
      if (!isRange) {
        parts.push(...first)
        continue
      }
      this.#at++
      const last = this.#classMember()
      parts.push([first[0]![0], last[0]![1]])
    }
    return negated ? complement(parts) : joined(parts)
  }

  #classMember(): CodePoints {
    const symbol = this.#next()
    if (symbol !== '\\') return single(symbol.codePointAt(0)!)
    if (this.#take('b')) return single(8)
    if (this.#take('-')) return single(0x2d)
    return this.#escape()
  }
}

/** @throws NotRegular of half a character: texts have none */
function single(codePoint: number): CodePoints {
  if (codePoint >= 0xd800 && codePoint <= 0xdfff) throw new NotRegular()
  return [[codePoint, codePoint]]
}
