export { csvBooleans, csvDecimals, csvFloats, csvIntegers } from './numbers'
export { csvColumnSizes, csvIndex } from './structure'
export { csvIsUtf8, csvStrings, csvWiden } from './strings'
export { csvTemporals } from './temporal'
