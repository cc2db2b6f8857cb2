import type { WasmType } from './wasm-module.js'

type Signature = readonly [params: readonly WasmType[], result: WasmType | null]
const sign = (params: string, result: WasmType | null): Signature => [
  params === '' ? [] : (params.split(' ') as WasmType[]),
  result,
]

/** The kernels of assembly/expression that compiled loops call, and functions of `Math` (the interpreter's own). */
export const kernelSignatures = {
  exprHashText: sign('i64 i64', 'i64'),
  exprHashLong: sign('i64 i64', 'i64'),
  exprHashInt: sign('i32 i64', 'i64'),
  exprTextEqual: sign('i64 i64', 'i32'),
  exprTextCompare: sign('i64 i64', 'i32'),
  exprTextBegin: sign('i32', null),
  exprTextAppend: sign('i32 i64', null),
  exprTextEnd: sign('i32', 'i64'),
  exprTextLower: sign('i64 i32', 'i64'),
  exprTextUpper: sign('i64 i32', 'i64'),
  exprTextTrim: sign('i64 i32', 'i64'),
  exprTextLength: sign('i64', 'i32'),
  exprTextSubstring: sign('i64 i32 i32', 'i64'),
  exprTextContains: sign('i64 i64', 'i32'),
  exprTextStarts: sign('i64 i64', 'i32'),
  exprTextEnds: sign('i64 i64', 'i32'),
  exprTextPosition: sign('i64 i64', 'i32'),
  exprTextSplitPart: sign('i64 i64 i32', 'i64'),
  exprTextReplace: sign('i64 i64 i64 i32', 'i64'),
  exprTextMd5: sign('i64 i32', 'i64'),
  exprTextTranslate: sign('i64 i64 i64 i32', 'i64'),
  exprTextLike: sign('i64 i64', 'i32'),
  exprTextMatches: sign('i64 i64', 'i32'),
  exprParseInteger: sign('i64 i32', 'i32'),
  exprParseDecimal: sign('i64 i32 i64 i32', 'i32'),
  exprParseDateTime: sign('i64 i64 i32', 'i32'),
  exprFormatDecimal: sign('i64 i32 i32', 'i64'),
  exprFormatDecimal128: sign('i64 i64 i32 i32', 'i64'),
  exprFormatDate: sign('i32 i32', 'i64'),
  exprFormatTimestamp: sign('i64 i32', 'i64'),
  exprDateField: sign('i32 i32', 'i32'),
  exprDateTruncate: sign('i32 i32', 'i32'),
  exprAddMonths: sign('i32 i32', 'i32'),
  exprMultiply128: sign('i64 i64 i64 i64 i32', 'i32'),
  exprDivide128: sign('i64 i64 i64 i64 i32', 'i32'),
  exprBelow128: sign('i64 i64 i64 i64', 'i32'),
  mathExp: sign('f64', 'f64'),
  mathLog: sign('f64', 'f64'),
  mathLog10: sign('f64', 'f64'),
  mathPow: sign('f64 f64', 'f64'),
} as const satisfies Record<string, Signature>

export type KernelName = keyof typeof kernelSignatures

/** The interpreter computes these with `Math`; so do compiled loops, to the bit. */
export const mathFunctions: Readonly<Record<string, (a: number, b: number) => number>> = {
  mathExp: Math.exp,
  mathLog: Math.log,
  mathLog10: Math.log10,
  mathPow: Math.pow,
}
