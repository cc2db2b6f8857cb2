import { boolean, type Value } from '@deltaworks/schema'
import type { FunctionDefinition } from '../evaluation.js'
import { parameters } from './argument-rules.js'

/** Kleene's logic. The right side is not evaluated where the left one decides, so it cannot fail there. */
const and: FunctionDefinition = {
  signature: 'and(a, b, …) → boolean',
  doc: 'False if one is false, else null if one is null, else true.',
  arity: [1, Infinity],
  nulls: 'own',
  resolve: parameters([boolean], boolean),
  lazy: (_, args) => (row, context) => {
    let result: Value = true
    for (const arg of args) {
      const value = arg(row, context)
      if (value === false) return false
      if (value === null) result = null
    }
    return result
  },
}

const or: FunctionDefinition = {
  signature: 'or(a, b, …) → boolean',
  doc: 'True if one is true, else null if one is null, else false.',
  arity: [1, Infinity],
  nulls: 'own',
  resolve: parameters([boolean], boolean),
  lazy: (_, args) => (row, context) => {
    let result: Value = false
    for (const arg of args) {
      const value = arg(row, context)
      if (value === true) return true
      if (value === null) result = null
    }
    return result
  },
}

export const booleanFunctions = {
  and,
  or,
  not: {
    signature: 'not(a) → boolean',
    doc: 'The opposite; null stays null.',
    arity: [1, 1],
    resolve: parameters([boolean], boolean),
    kernel: () => (_, a: boolean) => !a,
  },
} satisfies Record<string, FunctionDefinition>
