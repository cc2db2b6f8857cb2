import type { ZodMiniType } from 'zod/mini'
import { nearest } from '@deltaworks/schema'

/** What a schema finds wrong with a value. */
export type Issue =
  ReturnType<ZodMiniType['safeParse']> extends { error?: { issues: readonly (infer I)[] } } ? I : never

/** What is wrong with a value, and what is wanted there; never the value itself, which may be a secret. */
export function issueText(issue: Issue, value: unknown): string {
  switch (issue.code) {
    case 'invalid_type':
      return value === undefined
        ? `it is missing; ${kinds[issue.expected] ?? issue.expected} is wanted`
        : `${kinds[issue.expected] ?? issue.expected} is wanted, ${kindOf(value)} is there`
    case 'invalid_value':
      return `${oneOf(issue.values.map(String))} is wanted${nearestOf(value, issue.values.map(String))}`
    case 'invalid_union': {
      const { options } = issue as { readonly options?: readonly unknown[] }
      if (options === undefined) return 'none of the forms that it may have fits'
      const known = options.map(String)
      return `${value === undefined ? 'it is missing; ' : ''}${oneOf(known)} is wanted${nearestOf(value, known)}`
    }
    case 'too_small':
      return issue.message !== 'Invalid input' ? issue.message : `at least ${String(issue.minimum)} is wanted`
    case 'too_big':
      return issue.message !== 'Invalid input' ? issue.message : `at most ${String(issue.maximum)} is wanted`
    case 'unrecognized_keys':
    case 'invalid_format':
    case 'not_multiple_of':
    case 'invalid_key':
    case 'invalid_element':
    case 'custom':
      return issue.message
  }
}

const kinds: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'an object',
  record: 'an object',
  array: 'a list',
}

const kindOf = (value: unknown): string =>
  value === null
    ? 'null'
    : Array.isArray(value)
      ? 'a list'
      : typeof value === 'number' && !Number.isInteger(value)
        ? 'a fraction'
        : (kinds[typeof value] ?? typeof value)

const oneOf = (known: readonly string[]): string =>
  known.length === 1 ? `"${known[0]!}"` : `one of ${known.map((text) => `"${text}"`).join(', ')}`

/** A word that is nearly one of the known ones was meant to be it; anything else is not shown. */
const nearestOf = (value: unknown, known: readonly string[]): string =>
  typeof value === 'string' ? nearest(value, known) : ''
