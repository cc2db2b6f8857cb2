import type { ColumnarContext } from '@deltaworks/columnar'

/** The kernels of columnar/assembly/parquet; addresses, lengths and counts are numbers, 64-bit arguments bigints. */
export interface ParquetKernels {
  parquetSnappyLength(source: number, length: number): number
  parquetSnappyUncompress(source: number, length: number, target: number, targetLength: number): number
  parquetSnappyCompress(source: number, length: number, target: number, table: number): number
  parquetSnappyCompress64(source: number, length: number, skip: number, target: number, table: number): number
  parquetLz4Uncompress(source: number, length: number, target: number, limit: number): number
  lz4UncompressLinked(source: number, length: number, start: number, target: number, limit: number): number
  lz4Compress(source: number, length: number, target: number, table: number): number
  parquetZstdUncompress(source: number, length: number, target: number, limit: number, tables: number): number

  parquetDecodeCodes(
    source: number,
    length: number,
    width: number,
    cursor: number,
    skip: number,
    count: number,
    target: number,
    limit: number,
  ): number
  parquetDecodeLevels(source: number, length: number, width: number, count: number, target: number, max: number): number
  parquetEncodeHybrid(values: number, size: number, count: number, width: number, target: number): number

  parquetPlainByteArrays(source: number, length: number, count: number, offsets: number, target: number): number
  parquetEncodeByteArrays(offsets: number, bytes: number, start: number, count: number, target: number): number
  parquetEncodeByteArraysOf(
    offsets: number,
    bytes: number,
    bitmap: number,
    start: number,
    count: number,
    target: number,
  ): number
  parquetEncodeByteArraysByCode(codes: number, count: number, offsets: number, bytes: number, target: number): number
  parquetBitsToBytes(bits: number, start: number, count: number, target: number): void
  parquetBytesToBits(bytes: number, count: number, threshold: number, target: number): number
  parquetCountAtLeast(bytes: number, count: number, threshold: number): number
  parquetBitsToLevels(
    bits: number,
    start: number,
    count: number,
    present: number,
    absent: number,
    target: number,
  ): number

  parquetDeltaCount(source: number, length: number): number
  parquetDecodeDelta(source: number, length: number, count: number, size: number, target: number): number
  parquetLengthsToOffsets(lengths: number, count: number, limit: number, offsets: number): number
  parquetPrefixedBytes(prefixes: number, suffixes: number, count: number): number
  parquetJoinPrefixes(
    prefixes: number,
    suffixes: number,
    source: number,
    length: number,
    count: number,
    offsets: number,
    target: number,
  ): number
  parquetJoinStreams(source: number, count: number, width: number, target: number): void

  parquetEncodeDelta(values: number, count: number, size: number, target: number): number
  parquetSplitByteArrays(plain: number, count: number, lengths: number, target: number): number
  parquetSplitPrefixes(plain: number, count: number, prefixes: number, suffixes: number, target: number): number
  parquetSplitStreams(values: number, count: number, width: number, target: number): void

  parquetHashPlain(plain: number, width: number, count: number, target: number): void
  parquetBloomInsert(filter: number, blocks: number, hashes: number, count: number): void
  parquetBloomMayHold(filter: number, blocks: number, hashes: number, count: number): number
  parquetBloomFoldedBits(filter: number, blocks: number): number
  parquetBloomFold(filter: number, blocks: number): void

  parquetSpread(dense: number, width: number, bitmap: number, count: number, target: number): void
  parquetSpreadOffsets(dense: number, bitmap: number, count: number, target: number): void
  parquetCompact(values: number, width: number, bitmap: number, start: number, count: number, target: number): number
  parquetGather(codes: number, count: number, values: number, width: number, target: number): void
  parquetGatherRows(
    codes: number,
    rows: number,
    count: number,
    first: number,
    values: number,
    width: number,
    target: number,
  ): void
  parquetGatheredBytes(codes: number, count: number, offsets: number): number
  parquetGatherStrings(
    codes: number,
    count: number,
    offsets: number,
    bytes: number,
    base: number,
    targetOffsets: number,
    targetBytes: number,
  ): void
  parquetShiftOffsets(source: number, count: number, delta: number, target: number): void

  parquetResize(source: number, from: number, to: number, unsigned: number, count: number, target: number): void
  parquetWiden128(source: number, count: number, factor: bigint, unsigned: number, target: number): void
  parquetScale128(values: number, count: number, factor: bigint): void
  parquetNarrow128(source: number, count: number, target: number): number
  parquetScale64(source: number, count: number, factor: bigint, divisor: bigint, target: number): number
  parquetToFloat(source: number, kind: number, count: number, target: number): void
  parquetInt96ToMicros(source: number, count: number, target: number): number
  parquetFixedToInt128(source: number, width: number, count: number, target: number): number
  parquetByteArraysToInt128(offsets: number, bytes: number, count: number, target: number): number
  parquetInt128ToFixed(source: number, width: number, count: number, target: number): void
  parquetFixedOffsets(width: number, count: number, target: number): void

  parquetNodeValidity(
    definitions: number,
    repetitions: number,
    count: number,
    repetition: number,
    ancestor: number,
    defined: number,
    target: number,
  ): number
  parquetListOffsets(
    definitions: number,
    repetitions: number,
    count: number,
    repetition: number,
    ancestor: number,
    defined: number,
    present: number,
    offsets: number,
    bitmap: number,
  ): number
  parquetCountBits(bitmap: number, count: number): number
  parquetRecordEnd(repetitions: number, start: number, count: number, records: number): number
  parquetCountRecords(repetitions: number, start: number, end: number): number

  parquetDictionaryFixed(state: number, values: number, count: number, codes: number): number
  parquetDictionaryStrings(
    state: number,
    offsets: number,
    bytes: number,
    bitmap: number,
    start: number,
    count: number,
    codes: number,
  ): number
  parquetDictionaryRecode(
    state: number,
    source: number,
    remap: number,
    offsets: number,
    bytes: number,
    bitmap: number,
    start: number,
    count: number,
    codes: number,
  ): number
  parquetDictionaryRehash(state: number): void

  parquetBounds32(values: number, count: number, result: number): number
  parquetBounds64(values: number, count: number, result: number): number
  parquetBounds128(values: number, count: number, result: number): number
  parquetBoundsFloat(values: number, width: number, count: number, result: number): number
  parquetBoundsCodes(
    codes: number,
    count: number,
    offsets: number,
    bytes: number,
    entries: number,
    marks: number,
    result: number,
  ): number
  parquetBoundsStrings(
    offsets: number,
    bytes: number,
    bitmap: number,
    start: number,
    count: number,
    result: number,
  ): number
}

/** columnar compiles them into its one module; only this package calls them. */
export const parquetKernels = (context: ColumnarContext): ParquetKernels => context.kernels as unknown as ParquetKernels
