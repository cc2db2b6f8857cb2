import type { SemanticType } from './table-profile.js'

const patterns: readonly (readonly [SemanticType, RegExp])[] = [
  ['email', /^[^\s@]+@[^\s@]+\.[^\s@]+$/],
  ['url', /^(https?:\/\/|www\.)\S+$/i],
  ['uuid', /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i],
  ['boolean', /^(true|false|yes|no|y|n)$/i],
  ['timestamp', /^(\d{4}-\d{1,2}-\d{1,2}|\d{1,2}\/\d{1,2}\/\d{4})[ T]\d{1,2}:\d{2}/],
  ['date', /^(\d{4}-\d{1,2}-\d{1,2}|\d{1,2}\/\d{1,2}\/\d{4})$/],
  // A leading zero is lost in a number: such digits are codes.
  ['integer', /^[+-]?(0|[1-9]\d{0,18})$/],
  ['decimal', /^[+-]?(\d+\.\d*|\.\d+)([eE][+-]?\d+)?$/],
  ['phone', /^\+?[\d\s().-]{6,}\d(\s*(x|ext\.?)\s*\d+)?$/i],
]

/** Share of a sample that must look alike for a column to be called so: dirt is what the rules are for. */
const enough = 0.9

/** What most of a sample of text values look like, or null. */
export function semanticTypeOf(values: readonly string[]): SemanticType | null {
  if (values.length === 0) return null
  const needed = values.length * enough
  for (const [type, pattern] of patterns) {
    let alike = 0
    let misses = 0
    for (const value of values) {
      if (pattern.test(value)) alike++
      else if (++misses > values.length - needed) break
    }
    if (alike >= needed) return type
  }
  return null
}
