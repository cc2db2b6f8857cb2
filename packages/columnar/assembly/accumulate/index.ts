export * from './extremes'
export {
  accumulateDoubles,
  accumulateFloatSum,
  accumulateFloatSumOut,
  accumulateMergeFloats,
  accumulateMoments,
  accumulateProducts,
} from './floats'
export * from './numbers'
export * from './registers'
export { accumulateChosen, accumulateRows } from './rows'
export { accumulateMergeSquares, accumulateSquares } from './squares'
export { accumulateUsed } from './used'
