export { exprTextMd5 } from './digest'
export { exprHashInt, exprHashLong, exprHashText } from './hash'
export { exprBelow128, exprDivide128, exprFormatDecimal128, exprMultiply128 } from './decimal'
export {
  exprAddMonths,
  exprDateField,
  exprDateTruncate,
  exprFormatDate,
  exprFormatDecimal,
  exprFormatTimestamp,
  exprParseDateTime,
  exprParseDecimal,
  exprParseInteger,
} from './number'
export {
  exprTextAppend,
  exprTextBegin,
  exprTextCompare,
  exprTextContains,
  exprTextEnd,
  exprTextEnds,
  exprTextEqual,
  exprTextGather,
  exprTextLength,
  exprTextLike,
  exprTextMatches,
  exprTextLower,
  exprTextPosition,
  exprTextReplace,
  exprTextSplitPart,
  exprTextStarts,
  exprTextSubstring,
  exprTextTotal,
  exprTextTranslate,
  exprTextTrim,
  exprTextUpper,
} from './text'
