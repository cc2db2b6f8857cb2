import { encoding, pageType } from './format.js'
import { ThriftError, ThriftReader } from './thrift-reader.js'

export interface PageHeader {
  readonly type: number
  /** Bytes of the header itself. */
  readonly headerBytes: number
  readonly uncompressedBytes: number
  readonly compressedBytes: number
  /** Levels in a data page, entries in a dictionary page. */
  readonly valueCount: number
  /** Records in a data page v2; null: not told. */
  readonly rowCount: number | null
  readonly encoding: number
  readonly levelEncodings: { readonly definition: number; readonly repetition: number }
  /** Data page v2: levels stand uncompressed before the values, in so many bytes. */
  readonly definitionBytes: number
  readonly repetitionBytes: number
  readonly isCompressed: boolean
}

/** Reads a page header. @throws ThriftError */
export function readPageHeader(bytes: Uint8Array, position: number, end: number): PageHeader {
  const reader = new ThriftReader(bytes, position, end)
  const page = {
    type: -1,
    headerBytes: 0,
    uncompressedBytes: -1,
    compressedBytes: -1,
    valueCount: 0,
    rowCount: null as number | null,
    encoding: 0,
    levelEncodings: { definition: encoding.rle as number, repetition: encoding.rle as number },
    definitionBytes: 0,
    repetitionBytes: 0,
    isCompressed: true,
  }
  let id = 0
  while (reader.nextField(id)) {
    id = reader.fieldId
    if (id === 1) page.type = reader.i32()
    else if (id === 2) page.uncompressedBytes = reader.i32()
    else if (id === 3) page.compressedBytes = reader.i32()
    else if (id === 5 || id === 7) {
      let inner = 0
      while (reader.nextField(inner)) {
        inner = reader.fieldId
        if (inner === 1) page.valueCount = reader.i32()
        else if (inner === 2) page.encoding = reader.i32()
        else if (inner === 3 && id === 5) page.levelEncodings.definition = reader.i32()
        else if (inner === 4 && id === 5) page.levelEncodings.repetition = reader.i32()
        else reader.skip()
      }
    } else if (id === 8) {
      let inner = 0
      while (reader.nextField(inner)) {
        inner = reader.fieldId
        if (inner === 1) page.valueCount = reader.i32()
        else if (inner === 3) page.rowCount = reader.i32()
        else if (inner === 4) page.encoding = reader.i32()
        else if (inner === 5) page.definitionBytes = reader.i32()
        else if (inner === 6) page.repetitionBytes = reader.i32()
        else if (inner === 7) page.isCompressed = reader.boolean()
        else reader.skip()
      }
    } else reader.skip()
  }
  page.headerBytes = reader.position - position
  const isKnown = page.type >= pageType.data && page.type <= pageType.dataV2
  if (!isKnown || page.uncompressedBytes < 0 || page.compressedBytes < 0 || page.valueCount < 0) {
    throw new ThriftError('a page header is invalid')
  }
  return page
}
