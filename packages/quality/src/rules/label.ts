import { formatExpression, type Expression } from '@deltaworks/expression'
import { expressionOf, type ColumnInput } from '../rule-builder.js'

/** What a rule calls a column: its name; of an expression, the names of the columns in it. */
export function labelOf(input: Expression): string {
  if (input.kind === 'column' || input.kind === 'alias') return input.name
  const names = [...columnsIn(input)]
  return names.length === 0 ? formatExpression(input) : names.join('+')
}

function columnsIn(input: Expression, names = new Set<string>()): ReadonlySet<string> {
  switch (input.kind) {
    case 'column':
      return names.add(input.name)
    case 'call':
      input.args.forEach((arg) => columnsIn(arg, names))
      return names
    case 'cast':
    case 'alias':
      return columnsIn(input.input, names)
    case 'case':
      input.branches.forEach((branch) => columnsIn(branch.then, columnsIn(branch.when, names) as Set<string>))
      return input.otherwise === null ? names : columnsIn(input.otherwise, names)
    default:
      return names
  }
}

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
