import type { BoundCall, BoundCase, BoundExpression, BoundLiteral } from '@deltaworks/expression'
import { isFloat } from '@deltaworks/schema'
import { lowerArithmetic, lowerMath } from './lower-arithmetic.js'
import { lowerCast } from './lower-cast.js'
import { lowerDate } from './lower-date.js'
import { lowerHash } from './lower-hash.js'
import { lowerText } from './lower-text.js'
import { refuse, representationOf, type LoopBuilder, type Operand } from './loop-builder.js'
import { f64Const, i32Const, i64Const, op, type Code } from './wasm-module.js'

const encoder = new TextEncoder()

/** A bound expression as code of the loop. @throws NotCompilable where the interpreter must do it */
export const lower = (b: LoopBuilder, e: BoundExpression): Operand => b.once(e, () => lowerNode(b, e))

function lowerNode(b: LoopBuilder, e: BoundExpression): Operand {
  switch (e.kind) {
    case 'column':
      return b.column(e.index)
    case 'literal':
      return lowerLiteral(b, e)
    case 'cast':
      return lowerCast(b, e, lower(b, e.input))
    case 'case':
      return lowerCase(b, e)
    case 'call':
      return lowerCall(b, e)
  }
}

function lowerLiteral(b: LoopBuilder, { value, type }: BoundLiteral): Operand {
  const rep = representationOf(type)
  if (value === null) return b.zero(rep, i32Const(0))
  switch (rep) {
    case 'i32':
      return b.value('i32', i32Const(Number(value)), null)
    case 'i64':
      return b.value('i64', i64Const(value as bigint), null)
    case 'f64':
      return b.value('f64', f64Const(value as number), null)
    case 'i128':
      return { rep, code: i64Const(value as bigint), high: i64Const((value as bigint) >> 64n), valid: null }
    case 'text':
      return b.text(encoder.encode(value as string))
  }
}

function lowerCase(b: LoopBuilder, e: BoundCase): Operand {
  const rep = representationOf(e.type)
  const from = (index: number): Operand => {
    const branch = e.branches[index]
    if (branch === undefined) return e.otherwise === null ? b.zero(rep, i32Const(0)) : lower(b, e.otherwise)
    return b.choose(
      isTrue(lower(b, branch.when)),
      rep,
      () => lower(b, branch.then),
      () => from(index + 1),
    )
  }
  return from(0)
}

const isTrue = ({ code, valid }: Operand): Code => (valid === null ? code : [...code, ...valid, ...op.i32and])

function lowerCall(b: LoopBuilder, e: BoundCall): Operand {
  const [first, second, third] = e.args
  switch (e.name) {
    case 'and':
    case 'or':
      return e.args.slice(1).reduce((left, right) => junction(b, e.name === 'and', left, right), lower(b, first!))
    case 'not': {
      const a = lower(b, first!)
      return b.value('i32', b.set('i32', a.code, op.eqz), a.valid)
    }
    case 'is_null':
    case 'is_not_null': {
      const { valid } = lower(b, first!)
      if (e.name === 'is_not_null') return b.value('i32', valid ?? i32Const(1), null)
      return b.value('i32', valid === null ? i32Const(0) : b.set('i32', valid, op.eqz), null)
    }
    case 'coalesce':
      return e.args.slice(1).reduce(
        (left, right) => {
          const { valid } = left
          return valid === null
            ? left
            : b.choose(
                valid,
                left.rep,
                () => ({ ...left, valid: null }),
                () => lower(b, right),
              )
        },
        lower(b, first!),
      )
    case 'if':
      return b.choose(
        isTrue(lower(b, first!)),
        representationOf(e.type),
        () => lower(b, second!),
        () => lower(b, third!),
      )
    case 'nvl2':
      return b.choose(
        lower(b, first!).valid ?? i32Const(1),
        representationOf(e.type),
        () => lower(b, second!),
        () => lower(b, third!),
      )
    case 'nullif': {
      const [x, y] = [lower(b, first!), lower(b, second!)]
      const equal = comparison(b, 'eq', e.args, x, y)
      const valid = b.set('i32', isTrue(equal), op.eqz, x.valid ?? i32Const(1), op.i32and)
      return { ...x, valid }
    }
    case 'eq':
    case 'ne':
    case 'lt':
    case 'le':
    case 'gt':
    case 'ge':
      return comparison(b, e.name, e.args, lower(b, first!), lower(b, second!))
    case 'is_not_distinct_from':
      return nullSafeEquality(b, e)
    case 'in':
      return lowerIn(b, e)
    case 'greatest':
    case 'least':
      return lowerExtreme(b, e)
    default: {
      const args = e.args.map((arg) => lower(b, arg))
      if (e.name === 'xxhash64') return lowerHash(b, e, args)
      return (
        lowerArithmetic(b, e, args) ??
        lowerMath(b, e, args) ??
        lowerText(b, e, args) ??
        lowerDate(b, e, args) ??
        refuse(e.name)
      )
    }
  }
}

/** Kleene's AND (OR). The right side runs only where the left one does not decide. */
function junction(b: LoopBuilder, and: boolean, left: Operand, right: BoundExpression): Operand {
  const decided: Code = and ? [...left.code, ...op.eqz] : left.code
  const undecided = b.set('i32', left.valid === null ? decided : [...decided, ...left.valid, ...op.i32and], op.eqz)
  const cheap = right.kind === 'column' || (right.kind === 'call' && isCheap(right))
  const evaluate = (): Operand => lower(b, right)
  const other = cheap
    ? evaluate()
    : b.choose(undecided, 'i32', evaluate, () => b.value('i32', i32Const(and ? 1 : 0), null))
  if (left.valid === null && other.valid === null) {
    return b.value('i32', b.set('i32', left.code, other.code, and ? op.i32and : op.i32or), null)
  }
  const [va, vb] = [left.valid ?? i32Const(1), other.valid ?? i32Const(1)]
  if (and) {
    const result = b.set('i32', left.code, other.code, op.i32and)
    const isFalse: Code = [
      ...va,
      ...left.code,
      ...op.eqz,
      ...op.i32and,
      ...vb,
      ...other.code,
      ...op.eqz,
      ...op.i32and,
      ...op.i32or,
    ]
    return b.value('i32', result, b.set('i32', va, vb, op.i32and, isFalse, op.i32or))
  }
  const truth = b.set('i32', isTrue(left), isTrue(other), op.i32or)
  return b.value('i32', truth, b.set('i32', va, vb, op.i32and, truth, op.i32or))
}

const cheapCalls = new Set(['eq', 'ne', 'lt', 'le', 'gt', 'ge', 'is_null', 'is_not_null'])
const isCheap = (e: BoundCall): boolean =>
  cheapCalls.has(e.name) &&
  e.args.every((a) => (a.kind === 'column' || a.kind === 'literal') && a.type.kind !== 'string')

type Comparison = 'eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge'
const i32Comparisons: Record<Comparison, Code> = {
  eq: op.i32eq,
  ne: op.i32ne,
  lt: op.i32lt,
  le: op.i32le,
  gt: op.i32gt,
  ge: op.i32ge,
}
const i64Comparisons: Record<Comparison, Code> = {
  eq: op.i64eq,
  ne: op.i64ne,
  lt: op.i64lt,
  le: op.i64le,
  gt: op.i64gt,
  ge: op.i64ge,
}

function comparison(
  b: LoopBuilder,
  name: Comparison,
  args: readonly BoundExpression[],
  x: Operand,
  y: Operand,
): Operand {
  const valid = b.allValid(x, y)
  if (x.rep === 'text') return b.guarded(valid, 'i32', () => b.value('i32', compareTexts(b, name, x, y), null))
  if (isFloat(args[0]!.type)) return b.value('i32', compareFloats(b, name, x.code, y.code), valid)
  return b.value('i32', b.set('i32', compareIntegers(name, x, y)), valid)
}

function compareTexts(b: LoopBuilder, name: Comparison, x: Operand, y: Operand): number[] {
  if (name === 'eq') return b.set('i32', x.code, y.code, b.kernel('exprTextEqual'))
  if (name === 'ne') return b.set('i32', x.code, y.code, b.kernel('exprTextEqual'), op.eqz)
  return b.set('i32', x.code, y.code, b.kernel('exprTextCompare'), i32Const(0), i32Comparisons[name])
}

function compareIntegers(name: Comparison, x: Operand, y: Operand): Code {
  if (x.rep === 'i32') return [...x.code, ...y.code, ...i32Comparisons[name]]
  if (x.rep === 'i64') return [...x.code, ...y.code, ...i64Comparisons[name]]
  if (name === 'eq' || name === 'ne') {
    const equal = [...x.code, ...y.code, ...op.i64eq, ...x.high, ...y.high, ...op.i64eq, ...op.i32and]
    return name === 'eq' ? equal : [...equal, ...op.eqz]
  }
  const low = { lt: op.i64ltU, le: op.i64leU, gt: op.i64gtU, ge: op.i64geU }[name]
  const strict = name === 'lt' || name === 'le' ? op.i64lt : op.i64gt
  const sameHigh = [...x.high, ...y.high, ...op.i64eq, ...x.code, ...y.code, ...low, ...op.i32and]
  return [...x.high, ...y.high, ...strict, ...sameHigh, ...op.i32or]
}

/** NaN equals itself and is greater than all else: a < b is (a < b) or (b is NaN and a is not). */
function compareFloats(b: LoopBuilder, name: Comparison, x: Code, y: Code): number[] {
  const nan = (code: Code): Code => [...code, ...code, ...op.f64ne]
  const number = (code: Code): Code => [...code, ...code, ...op.f64eq]
  const equal: Code = [...x, ...y, ...op.f64eq, ...nan(x), ...nan(y), ...op.i32and, ...op.i32or]
  const less = (p: Code, q: Code): Code => [...p, ...q, ...op.f64lt, ...nan(q), ...number(p), ...op.i32and, ...op.i32or]
  switch (name) {
    case 'eq':
      return b.set('i32', equal)
    case 'ne':
      return b.set('i32', equal, op.eqz)
    case 'lt':
      return b.set('i32', less(x, y))
    case 'ge':
      return b.set('i32', less(x, y), op.eqz)
    case 'gt':
      return b.set('i32', less(y, x))
    case 'le':
      return b.set('i32', less(y, x), op.eqz)
  }
}

function nullSafeEquality(b: LoopBuilder, e: BoundCall): Operand {
  const [x, y] = [lower(b, e.args[0]!), lower(b, e.args[1]!)]
  const equal = comparison(b, 'eq', e.args, x, y)
  if (x.valid === null && y.valid === null) return equal
  const [vx, vy] = [x.valid ?? i32Const(1), y.valid ?? i32Const(1)]
  // Equal and both there, or both missing.
  const bothNull: Code = [...vx, ...vy, ...op.i32or, ...op.eqz]
  return b.value('i32', b.set('i32', isTrue(equal), bothNull, op.i32or), null)
}

function lowerIn(b: LoopBuilder, e: BoundCall): Operand {
  const values = e.args.slice(1)
  if (values.length > 64 || values.some((v) => v.kind !== 'literal')) refuse('a long or computed list')
  const needle = lower(b, e.args[0]!)
  const candidates = values.filter((v) => v.kind === 'literal' && v.value !== null)
  const found = b.guarded(needle.valid, 'i32', () => {
    const codes = candidates.map((v) => comparison(b, 'eq', [v, v], { ...needle, valid: null }, lower(b, v)).code)
    if (codes.length === 0) return b.value('i32', i32Const(0), null)
    return b.value('i32', b.set('i32', ...codes.flatMap((code, i) => (i === 0 ? [code] : [code, op.i32or]))), null)
  })
  if (candidates.length === values.length) return found
  // With a null in the list, what is not found is unknown.
  return b.value('i32', found.code, b.set('i32', isTrue(found)))
}

function lowerExtreme(b: LoopBuilder, e: BoundCall): Operand {
  const better = e.name === 'greatest' ? 'gt' : 'lt'
  const rep = representationOf(e.type)
  return e.args.slice(1).reduce(
    (best, arg) => {
      const next = lower(b, arg)
      const wins = comparison(b, better, [arg, arg], next, best)
      // The next one wins if it is there, and better or the best so far is null.
      let condition: Code = isTrue(wins)
      if (best.valid !== null) condition = [...condition, ...best.valid, ...op.eqz, ...op.i32or]
      if (next.valid !== null) condition = [...condition, ...next.valid, ...op.i32and]
      return b.choose(
        b.set('i32', condition),
        rep,
        () => next,
        () => best,
      )
    },
    lower(b, e.args[0]!),
  )
}
