import type { FunctionDefinition } from '../evaluation.js'

/** A function by its parts, in the order in which one reads them. */
export const define = (
  signature: string,
  doc: string,
  arity: readonly [number, number],
  resolve: FunctionDefinition['resolve'],
  kernel: NonNullable<FunctionDefinition['kernel']>,
  rest: Partial<FunctionDefinition> = {},
): FunctionDefinition => ({ signature, doc, arity, resolve, kernel, ...rest })
