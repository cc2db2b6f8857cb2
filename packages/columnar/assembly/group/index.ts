export { codesCombine, codesGather, codesNumber } from './codes'
export { groupFilterFill, groupFilterRows, groupWordsChooseRows, groupWordsLookupRows } from './filter'
export { groupRankChoose, groupRankFill, groupRankLookup } from './ranks'
export {
  keyRowsAddTexts,
  keyRowsBegin,
  keyRowsFixed,
  keyRowsMasks,
  keyRowsOffsets,
  keyRowsRewind,
  keyRowsTakeFixed,
  keyRowsTakeTexts,
  keyRowsTextOffsets,
  keyRowsTexts,
  keyRowsValidity,
} from './rows'
export { groupTextHashes, groupTextsInsert, groupTextsLookup, groupTextsRehash } from './texts'
export {
  groupDenseFill,
  groupDenseInsert,
  groupDenseLookup,
  groupNarrow,
  groupPack,
  groupWiden,
  groupWordBounds,
  groupWordsInsert,
  groupWordsLookup,
  groupWordsRehash,
} from './words'
