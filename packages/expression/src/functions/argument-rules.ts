import { isNumeric, string, type DataType } from '@deltaworks/schema'
import { canCast } from '../cast.js'
import { wrongArguments } from '../errors.js'
import type { Resolution } from '../evaluation.js'
import type { BoundExpression } from '../expression.js'

export const typesOf = (args: readonly BoundExpression[]): DataType[] => args.map((arg) => arg.type)

/** Resolution to fixed parameter types: each argument is cast to its parameter's type, where an implicit cast is allowed. */
export const parameters =
  (params: readonly DataType[], type: DataType) =>
  (args: readonly BoundExpression[], name: string): Resolution => {
    const types = args.map((arg, i) => {
      const wanted = params[Math.min(i, params.length - 1)]!
      if (!implicitlyCastable(arg.type, wanted)) {
        throw wrongArguments(name, typesOf(args), `argument ${i + 1} must be ${wanted.kind}`)
      }
      return wanted
    })
    return { args: types, type }
  }

/** All arguments as strings. */
export const texts = (type: DataType) => parameters([string], type)

/** Anything may stand for a string; numbers for numbers; strings for everything that they can be parsed as (ANSI implicit casts). */
export function implicitlyCastable(from: DataType, to: DataType): boolean {
  if (from.kind === 'null' || from.kind === to.kind) return true
  if (to.kind === 'string')
    return from.kind !== 'binary' && from.kind !== 'list' && from.kind !== 'struct' && from.kind !== 'map'
  if (isNumeric(from) && isNumeric(to)) return true
  if (from.kind === 'string') return canCast(from, to)
  if (from.kind === 'date') return to.kind === 'timestamp' || to.kind === 'timestamp_ntz'
  if (from.kind === 'timestamp' || from.kind === 'timestamp_ntz') {
    return to.kind === 'date' || to.kind === 'timestamp' || to.kind === 'timestamp_ntz'
  }
  return false
}
