import { formatExpression, type Expression } from '@deltaworks/expression'
import { expressionOf, type ColumnInput } from '../rule-builder.js'

/** What a rule calls a column: its name, or the expression's text. */
export const labelOf = (input: Expression): string =>
  input.kind === 'column' ? input.name : input.kind === 'alias' ? input.name : formatExpression(input)

export const labelsOf = (inputs: readonly Expression[], separator: string): string =>
  inputs.map(labelOf).join(separator)

export const expressionsOf = (inputs: ColumnInput | readonly ColumnInput[]): readonly Expression[] =>
  (isList(inputs) ? inputs : [inputs]).map(expressionOf)

const isList = (inputs: ColumnInput | readonly ColumnInput[]): inputs is readonly ColumnInput[] => Array.isArray(inputs)

/** `95 %`, `99.5 %`. */
export const percent = (share: number): string => `${Number((share * 100).toFixed(4))} %`

/** The threshold of a rule about values, in its description: nothing if all must pass. */
export const forAtLeast = (threshold: number): string =>
  threshold >= 1 ? '' : ` in at least ${percent(threshold)} of the rows`
