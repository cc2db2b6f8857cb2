import type { WrittenChunk } from './column-writer.js'
import type { WrittenPage } from './page-writer.js'
import { thrift } from './thrift-reader.js'
import { ThriftWriter } from './thrift-writer.js'
import { boundWidth, encodeBound, isLess } from './write-bounds.js'

/* The page index (parquet-format, PageIndex.md): bounds of every page, and where it stands. */

const noBytes = new Uint8Array(0)
const order = { unordered: 0, ascending: 1, descending: 2 } as const

/** The ColumnIndex of a chunk; null if the bounds of a page are not known (a NaN, a text that has no greater one). */
export function columnIndex({ leaf, pages }: WrittenChunk): Uint8Array | null {
  const width = boundWidth(leaf.physical, leaf.typeLength)
  const least: Uint8Array[] = []
  const greatest: Uint8Array[] = []
  for (const page of pages) {
    if (isNullPage(page)) {
      least.push(noBytes)
      greatest.push(noBytes)
      continue
    }
    if (page.min === null || page.max === null) return null
    const max = encodeBound(width, leaf.type, page.max, true)
    const min = encodeBound(width, leaf.type, page.min, false)
    if (max === null || min === null) return null
    least.push(min.bytes)
    greatest.push(max.bytes)
  }
  const writer = new ThriftWriter(64 + pages.length * 32)
  writer.begin()
  writer.list(1, thrift.true, pages.length)
  for (const page of pages) writer.booleanElement(isNullPage(page))
  writer.list(2, thrift.binary, pages.length)
  for (const bytes of least) writer.binaryElement(bytes)
  writer.list(3, thrift.binary, pages.length)
  for (const bytes of greatest) writer.binaryElement(bytes)
  writer.i32(4, orderOf(pages.filter((page) => !isNullPage(page))))
  writer.list(5, thrift.i64, pages.length)
  for (const { nullCount } of pages) writer.i64Element(nullCount)
  writer.end()
  return writer.bytes()
}

const isNullPage = (page: WrittenPage): boolean => page.nullCount === page.levelCount

function orderOf(pages: readonly WrittenPage[]): number {
  let rises = true
  let falls = true
  for (let i = 1; i < pages.length; i++) {
    const [a, b] = [pages[i - 1]!, pages[i]!]
    if (isLess(b.min!, a.min!) || isLess(b.max!, a.max!)) rises = false
    if (isLess(a.min!, b.min!) || isLess(a.max!, b.max!)) falls = false
  }
  return rises ? order.ascending : falls ? order.descending : order.unordered
}

/** The OffsetIndex of a chunk. */
export function offsetIndex({ pages, dataOffset }: WrittenChunk): Uint8Array {
  const writer = new ThriftWriter(32 + pages.length * 16)
  writer.begin()
  writer.list(1, thrift.struct, pages.length)
  let offset = dataOffset
  for (const { sizeBytes, firstRow } of pages) {
    writer.begin()
    writer.i64(1, offset)
    writer.i32(2, sizeBytes)
    writer.i64(3, firstRow)
    writer.end()
    offset += sizeBytes
  }
  writer.end()
  return writer.bytes()
}
