import type { BoundCall, BoundExpression } from '@deltaworks/expression'
import { refused } from './lower-cast.js'
import { refuse, type LoopBuilder, type Operand } from './loop-builder.js'
import { i32Const, op, type Code } from './wasm-module.js'
import { patternProgram } from './pattern-program.js'
import type { KernelName } from './kernel-signatures.js'

const predicates: Readonly<Record<string, KernelName>> = {
  contains: 'exprTextContains',
  starts_with: 'exprTextStarts',
  ends_with: 'exprTextEnds',
  strpos: 'exprTextPosition',
}
const trims: Readonly<Record<string, number>> = { ltrim: 1, rtrim: 2, trim: 3 }

/** @returns null if the call is no function of texts */
export function lowerText(b: LoopBuilder, e: BoundCall, args: readonly Operand[]): Operand | null {
  if (e.name === 'concat_ws') return args.some((a) => a.rep !== 'text') ? refuse('lists') : joinTexts(b, args)
  const first = args[0]
  if (first?.rep !== 'text') return null
  const valid = b.allValid(...args)
  const text = (compute: () => Code): Operand =>
    b.guarded(valid, 'text', () => b.value('text', b.set('i64', compute()), null))
  const number = (compute: () => Code): Operand =>
    b.guarded(valid, 'i32', () => b.value('i32', b.set('i32', compute()), null))
  const all = args.flatMap((a) => a.code)
  const predicate = predicates[e.name]
  if (predicate !== undefined) return number(() => [...all, ...b.kernel(predicate)])
  const sides = trims[e.name]
  if (sides !== undefined) {
    if (args.length !== 1) return refuse('trimming of other characters')
    return text(() => [...first.code, ...i32Const(sides), ...b.kernel('exprTextTrim')])
  }
  switch (e.name) {
    case 'lower':
    case 'upper': {
      const kernel = e.name === 'lower' ? 'exprTextLower' : 'exprTextUpper'
      return b.guarded(valid, 'text', () => refused(b, b.set('i64', first.code, b.state, b.kernel(kernel))))
    }
    case 'length':
      return number(() => [...all, ...b.kernel('exprTextLength')])
    case 'substring':
      return text(() => [
        ...all,
        ...(args.length === 2 ? i32Const(2_147_483_647) : []),
        ...b.kernel('exprTextSubstring'),
      ])
    case 'left':
      return text(() => [...first.code, ...i32Const(1), ...args[1]!.code, ...b.kernel('exprTextSubstring')])
    case 'right':
      return text(() => rightmost(b, first.code, args[1]!.code))
    case 'split_part':
      return b.guarded(valid, 'text', () => {
        const part = args[2]!.code
        b.flagIf(part, op.eqz)
        // Part 0 is for the interpreter; here it stands for the first.
        return b.value(
          'text',
          b.set('i64', first.code, args[1]!.code, part, part, op.eqz, op.i32or, b.kernel('exprTextSplitPart')),
          null,
        )
      })
    case 'replace': {
      const replacement = args[2] ?? b.text(new Uint8Array())
      return text(() => [
        ...first.code,
        ...args[1]!.code,
        ...replacement.code,
        ...b.state,
        ...b.kernel('exprTextReplace'),
      ])
    }
    case 'md5':
      return text(() => [...first.code, ...b.state, ...b.kernel('exprTextMd5')])
    case 'translate':
      if (!e.args.slice(1).every(isAscii) || bytesIn(e.args[1]!) !== bytesIn(e.args[2]!))
        return refuse('letters that are computed, taken out, or of several bytes')
      return text(() => [...all, ...b.state, ...b.kernel('exprTextTranslate')])
    case 'like':
      return b.guarded(first.valid, 'i32', () =>
        b.value('i32', b.set('i32', first.code, b.text(likeProgram(e.args)).code, b.kernel('exprTextLike')), null),
      )
    case 'rlike':
      return b.guarded(first.valid, 'i32', () =>
        b.value('i32', b.set('i32', first.code, b.text(automaton(e.args)).code, b.kernel('exprTextMatches')), null),
      )
    case 'concat':
      return b.guarded(valid, 'text', () => {
        b.emit(b.state, b.kernel('exprTextBegin'))
        for (const arg of args) b.emit(b.state, arg.code, b.kernel('exprTextAppend'))
        return b.value('text', b.set('i64', b.state, b.kernel('exprTextEnd')), null)
      })
    default:
      return null
  }
}

const bytesIn = (e: BoundExpression): number =>
  e.kind === 'literal' && typeof e.value === 'string' ? e.value.length : -1
const isAscii = (e: BoundExpression): boolean =>
  e.kind === 'literal' && typeof e.value === 'string' && /^[\x00-\x7f]*$/.test(e.value)

/** right(text, 0) is empty; substring from -0 would be all of it. */
function rightmost(b: LoopBuilder, text: Code, length: Code): Code {
  const positive = b.set('i32', length, i32Const(0), length, i32Const(0), op.i32gt, op.select)
  const start = b.set('i32', i32Const(0), positive, op.i32sub)
  return [...text, ...start, ...positive, ...b.kernel('exprTextSubstring')]
}

function joinTexts(b: LoopBuilder, [separator, ...parts]: readonly Operand[]): Operand {
  return b.guarded(separator!.valid, 'text', () => {
    const started = b.local('i32')
    b.emit(i32Const(0), [0x21, ...varint(started)], b.state, b.kernel('exprTextBegin'))
    for (const { code, valid } of parts) {
      if (valid !== null) b.emit(valid, op.if)
      b.emit([0x20, ...varint(started)], op.if, b.state, separator!.code, b.kernel('exprTextAppend'), op.end)
      b.emit(b.state, code, b.kernel('exprTextAppend'), i32Const(1), [0x21, ...varint(started)])
      if (valid !== null) b.emit(op.end)
    }
    return b.value('text', b.set('i64', b.state, b.kernel('exprTextEnd')), null)
  })
}
const varint = (n: number): number[] => (n < 128 ? [n] : [(n & 127) | 128, n >> 7])

function automaton([, pattern]: readonly BoundExpression[]): Uint8Array {
  const source = pattern?.kind === 'literal' && typeof pattern.value === 'string' ? pattern.value : null
  return (source === null ? null : patternProgram(source)) ?? refuse('a pattern that is computed, or is not regular')
}

/** The bytes of a literal pattern with 0xff for % and 0xfe for _ (see exprTextLike). */
function likeProgram(args: readonly BoundExpression[]): Uint8Array {
  const pattern = args[1]!
  if (args.length !== 2 || pattern.kind !== 'literal' || typeof pattern.value !== 'string')
    return refuse('a computed pattern')
  const bytes: number[] = []
  const symbols = Array.from(pattern.value)
  for (let i = 0; i < symbols.length; i++) {
    let symbol = symbols[i]!
    if (symbol === '%' || symbol === '_') {
      bytes.push(symbol === '%' ? 0xff : 0xfe)
      continue
    }
    if (symbol === '\\') {
      const next = symbols[++i]
      if (next === undefined) return refuse('a pattern that ends with its escape')
      symbol = next
    }
    bytes.push(...Buffer.from(symbol))
  }
  return new Uint8Array(bytes)
}
