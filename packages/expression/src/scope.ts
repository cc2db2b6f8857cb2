import { fieldIndex, type Schema } from '@deltaworks/schema'

/** How names are resolved; SQL brings its own, with table aliases. */
export interface Scope {
  readonly schema: Schema
  /** @returns the column's position in `schema`, or -1. May throw for an ambiguous name. */
  resolve(name: string, qualifier?: string): number
}

export const isScope = (input: Schema | Scope): input is Scope => 'resolve' in input

export const scopeOf = (input: Schema | Scope): Scope =>
  isScope(input) ? input : { schema: input, resolve: (name) => fieldIndex(input, name) }
