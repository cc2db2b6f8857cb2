import fc from 'fast-check'
import { createContext } from '../context.js'
import { patternProgram } from './pattern-program.js'

/** Automata of patterns against JavaScript's own regular expressions. */

const { heap, kernels } = createContext()
const encoder = new TextEncoder()

function matches(pattern: string, texts: readonly string[]): boolean[] | null {
  const program = patternProgram(pattern)
  if (program === null) return null
  const put = (bytes: Uint8Array): { address: number; word: bigint; size: number } => {
    const size = Math.max(16, bytes.length + 16)
    const address = heap.allocate(size)
    heap.u8.set(bytes, address)
    return { address, size, word: BigInt(address) | (BigInt(bytes.length) << 32n) }
  }
  const run = kernels['exprTextMatches'] as unknown as (text: bigint, program: bigint) => number
  const automaton = put(program)
  const found = texts.map((text) => {
    const bytes = put(encoder.encode(text))
    const result = run(bytes.word, automaton.word)
    heap.free(bytes.address, bytes.size)
    return result === 1
  })
  heap.free(automaton.address, automaton.size)
  return found
}

const atoms = fc.constantFrom(
  ...['a', 'b', '-', '\\d', '\\w', '\\s', '.', '[a-c]', '[^a]', '[^\\W\\d]', 'é', '[à-ÿ]', '€', '[\\u2000-\\u{1f700}]'],
  ...['\u{1f600}', '[^\u{1f600}]', '\\S', '\\D', '\\.', '\\x61', '^', '$', '[-a]', '[]', '[^]', '\\t'],
)
const { pattern: patterns } = fc.letrec<{ pattern: string; part: string }>((tie) => ({
  part: fc.oneof(
    { depthSize: 'small', maxDepth: 3 },
    atoms,
    fc.tuple(tie('pattern'), fc.constantFrom('(', '(?:', '(?<n>')).map(([inner, open], ) => `${open}${inner})`), // prettier-ignore
    fc
      .tuple(tie('pattern'), fc.constantFrom('*', '+', '?', '*?', '+?', '{2}', '{1,}', '{0,2}', '{1,3}?'))
      .map(([inner, often]) => `(?:${inner})${often}`),
  ),
  pattern: fc
    .array(fc.array(tie('part'), { maxLength: 3 }), { minLength: 1, maxLength: 2 })
    .map((ways) => ways.map((way) => way.join('')).join('|')),
}))
const symbols = ['a', 'b', 'c', 'z', '-', '0', '9', '_', ' ', '\n', '\u2028', 'é', 'ÿ', '€', '\u{1f600}', '.', '\t', '']
const texts = fc.array(fc.constantFrom(...symbols), { maxLength: 8 }).map((parts) => parts.join(''))

describe('Automata of patterns', () => {
  it('E-06: match what JavaScript matches', () => {
    let compared = 0
    fc.assert(
      fc.property(patterns, fc.array(texts, { minLength: 4, maxLength: 8 }), (pattern, given) => {
        // A group's name may stand there once.
        const source = pattern.replaceAll('(?<n>', () => `(?<n${compared++}>`)
        const found = matches(source, given)
        if (found === null) return
        expect(found).toEqual(given.map((text) => new RegExp(source, 'u').test(text)))
      }),
      { numRuns: 200 },
    )
  })

  it.each([
    ['^[-+]? ?\\d+(\\.\\d+([Ee][-+]?\\d+)?|[Ee][-+]?\\d+)$', ['1', '-2.5', '+3e7', '4.5E-2', '.5', '1.', ' 1', '1e3x']],
    ['^S[0-9]+_[0-9]+$', ['S10_1678', 'S_1', 'xS1_1', 'S1_1\n']],
    [' 1\\d*$', ['a 1', '1', 'a 12', 'a 1b', '🧀🧀 1']],
    ['', ['', 'a']],
    ['x$|^y', ['x', 'xa', 'ya', 'ay']],
  ])('E-06: %s', (pattern, given) => {
    expect(matches(pattern, given)).toEqual(given.map((text) => new RegExp(pattern, 'u').test(text)))
  })

  it.each(['a(?=b)', '(a)\\1', '\\bword', '(?i)a', '\\p{L}', '(', '(?:a{1,500}){1,500}', '[ab]*a[ab]{20}'])(
    'E-06: %s has none: the interpreter does it',
    (pattern) => {
      expect(patternProgram(pattern)).toBeNull()
    },
  )
})
