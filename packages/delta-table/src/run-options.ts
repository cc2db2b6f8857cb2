import type { RunOptions } from './table-session.js'

/** The part of a write's options that a query takes. */
export const runOptions = (options: { readonly signal?: AbortSignal }): RunOptions =>
  options.signal === undefined ? {} : { signal: options.signal }
