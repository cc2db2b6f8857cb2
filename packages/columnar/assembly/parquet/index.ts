export {
  parquetBloomFold,
  parquetBloomFoldedBits,
  parquetBloomInsert,
  parquetBloomMayHold,
  parquetHashPlain,
} from './bloom'
export {
  parquetBounds128,
  parquetBounds32,
  parquetBounds64,
  parquetBoundsCodes,
  parquetBoundsFloat,
  parquetBoundsStrings,
} from './bounds'
export {
  parquetByteArraysToInt128,
  parquetFixedOffsets,
  parquetFixedToInt128,
  parquetInt128ToFixed,
  parquetInt96ToMicros,
  parquetNarrow128,
  parquetResize,
  parquetScale128,
  parquetScale64,
  parquetToFloat,
  parquetWiden128,
} from './convert'
export {
  parquetDecodeDelta,
  parquetDeltaCount,
  parquetJoinPrefixes,
  parquetJoinStreams,
  parquetLengthsToOffsets,
  parquetPrefixedBytes,
} from './delta'
export {
  parquetEncodeDelta,
  parquetSplitByteArrays,
  parquetSplitPrefixes,
  parquetSplitStreams,
} from './delta-encode'
export {
  parquetDictionaryFixed,
  parquetDictionaryRecode,
  parquetDictionaryRehash,
  parquetDictionaryStrings,
} from './dictionary'
export { parquetDecodeCodes, parquetDecodeLevels, parquetEncodeHybrid } from './hybrid'
export {
  parquetCountBits,
  parquetCountRecords,
  parquetListOffsets,
  parquetNodeValidity,
  parquetRecordEnd,
} from './levels'
export { lz4Compress, lz4UncompressLinked, parquetLz4Uncompress } from './lz4'
export {
  parquetBitsToBytes,
  parquetBitsToLevels,
  parquetBytesToBits,
  parquetCountAtLeast,
  parquetEncodeByteArrays,
  parquetEncodeByteArraysByCode,
  parquetEncodeByteArraysOf,
  parquetPlainByteArrays,
} from './plain'
export { parquetZstdUncompress } from './zstd'
export { parquetSnappyCompress, parquetSnappyCompress64, parquetSnappyLength, parquetSnappyUncompress } from './snappy'
export {
  parquetCompact,
  parquetGather,
  parquetGatherRows,
  parquetGatheredBytes,
  parquetGatherStrings,
  parquetShiftOffsets,
  parquetSpread,
  parquetSpreadOffsets,
} from './spread'
