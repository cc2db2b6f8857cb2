import { corruptParquet } from '../errors.js'
import { ThriftError, ThriftReader } from './thrift-reader.js'

/** Bounds of a chunk's pages, in the file's encoding (ColumnIndex). */
export interface PageBounds {
  /** Pages of nulls alone. */
  readonly isNull: readonly boolean[]
  readonly min: readonly Uint8Array[]
  readonly max: readonly Uint8Array[]
  readonly nullCounts: readonly number[] | null
}

/** Where a page stands (an entry of the OffsetIndex). */
export interface PageLocation {
  readonly offset: number
  /** With its header. */
  readonly sizeBytes: number
  /** Index in the row group of its first row. */
  readonly firstRow: number
}

/** @throws FormatError DW-FORMAT-0002 */
export function readColumnIndex(path: string, bytes: Uint8Array): PageBounds {
  return guarded(path, () => {
    const reader = new ThriftReader(bytes)
    let isNull: boolean[] = []
    let min: Uint8Array[] = []
    let max: Uint8Array[] = []
    let nullCounts: number[] | null = null
    let id = 0
    while (reader.nextField(id)) {
      id = reader.fieldId
      if (id === 1) isNull = elements(reader, () => reader.booleanElement())
      else if (id === 2) min = elements(reader, () => reader.binary())
      else if (id === 3) max = elements(reader, () => reader.binary())
      else if (id === 5) nullCounts = elements(reader, () => reader.i64())
      else reader.skip()
    }
    const count = isNull.length
    if (min.length !== count || max.length !== count || (nullCounts !== null && nullCounts.length !== count)) {
      throw new ThriftError('its lists are not of one length')
    }
    return { isNull, min, max, nullCounts }
  })
}

/** Pages in the order of their rows, the first at row 0. @throws FormatError DW-FORMAT-0002 */
export function readOffsetIndex(path: string, bytes: Uint8Array): readonly PageLocation[] {
  return guarded(path, () => {
    const reader = new ThriftReader(bytes)
    let pages: PageLocation[] = []
    let id = 0
    while (reader.nextField(id)) {
      id = reader.fieldId
      if (id === 1) pages = elements(reader, () => readLocation(reader))
      else reader.skip()
    }
    pages.forEach(({ offset, sizeBytes, firstRow }, i) => {
      const before = pages[i - 1]
      const isInOrder =
        before === undefined ? firstRow === 0 : firstRow > before.firstRow && offset >= before.offset + before.sizeBytes
      if (!isInOrder || sizeBytes <= 0 || offset < 4) throw new ThriftError('its pages are not in order')
    })
    return pages
  })
}

function readLocation(reader: ThriftReader): PageLocation {
  let offset = -1
  let sizeBytes = -1
  let firstRow = -1
  let id = 0
  while (reader.nextField(id)) {
    id = reader.fieldId
    if (id === 1) offset = reader.i64()
    else if (id === 2) sizeBytes = reader.i32()
    else if (id === 3) firstRow = reader.i64()
    else reader.skip()
  }
  return { offset, sizeBytes, firstRow }
}

function elements<T>(reader: ThriftReader, read: () => T): T[] {
  const count = reader.list()
  const result: T[] = []
  for (let i = 0; i < count; i++) result.push(read())
  return result
}

function guarded<T>(path: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof ThriftError) throw corruptParquet(path, `its page index cannot be read (${error.message})`)
    throw error
  }
}
