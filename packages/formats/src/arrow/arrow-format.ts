/* The numbers of Arrow's Schema.fbs, Message.fbs and File.fbs that this package uses. */

export const messageKind = { schema: 1, dictionaryBatch: 2, recordBatch: 3 } as const
/** V5. V4 differs in the validity of unions alone, which are refused. */
export const metadataVersion = 4

export const arrowType = {
  null: 1,
  int: 2,
  floatingPoint: 3,
  binary: 4,
  utf8: 5,
  bool: 6,
  decimal: 7,
  date: 8,
  time: 9,
  timestamp: 10,
  interval: 11,
  list: 12,
  struct: 13,
  union: 14,
  fixedSizeBinary: 15,
  fixedSizeList: 16,
  map: 17,
  duration: 18,
  largeBinary: 19,
  largeUtf8: 20,
  largeList: 21,
  runEndEncoded: 22,
  binaryView: 23,
  utf8View: 24,
  listView: 25,
  largeListView: 26,
} as const

export const arrowTypeNames: Readonly<Record<number, string>> = Object.fromEntries(
  Object.entries(arrowType).map(([name, id]) => [id, name]),
)

export const bodyCodec = { lz4Frame: 0, zstd: 1 } as const

/** Behind the marker 0xffffffff come the metadata's length and the metadata; a length of 0 ends a stream. */
export const continuation = 0xffff_ffff
export const fileMagic = new TextEncoder().encode('ARROW1')
