import { formatExpression, type BoundExpression } from '@deltaworks/expression'

/** A predicate as history shows it: a JSON list of conjuncts, as Spark writes it. */
export const predicateParameter = (predicate: BoundExpression | null): string =>
  JSON.stringify(predicate === null ? [] : [formatExpression(predicate)])
