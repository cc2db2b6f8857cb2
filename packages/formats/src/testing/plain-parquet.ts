import { parquetMagic } from '../parquet/footer-writer.js'
import { encoding, logical, pageType } from '../parquet/format.js'
import { ThriftWriter } from '../parquet/thrift-writer.js'
import { thrift } from '../parquet/thrift-reader.js'

/** A required column of a file with one PLAIN page, whatever its types: for what our writer does not write. */
export interface PlainColumn {
  readonly name: string
  readonly physical: number
  readonly converted?: number
  /** Unit of a LogicalType TIME: 1 ms, 2 µs, 3 ns. */
  readonly time?: number
  readonly count: number
  readonly data: Uint8Array
}

export function plainParquet(column: PlainColumn): Uint8Array {
  const header = pageHeader(column)
  const footer = footerOf(column, header.length + column.data.length)
  const length = new Uint8Array(Int32Array.of(footer.length).buffer)
  return new Uint8Array(Buffer.concat([parquetMagic, header, column.data, footer, length, parquetMagic]))
}

function pageHeader({ count, data }: PlainColumn): Uint8Array {
  const writer = new ThriftWriter()
  writer.begin()
  writer.i32(1, pageType.data)
  writer.i32(2, data.length)
  writer.i32(3, data.length)
  writer.begin(5)
  writer.i32(1, count)
  writer.i32(2, encoding.plain)
  writer.i32(3, encoding.rle)
  writer.i32(4, encoding.rle)
  writer.end()
  writer.end()
  return writer.bytes()
}

function footerOf(column: PlainColumn, chunkBytes: number): Uint8Array {
  const writer = new ThriftWriter()
  writer.begin()
  writer.i32(1, 2)
  writer.list(2, thrift.struct, 2)
  writer.begin()
  writer.string(4, 'schema')
  writer.i32(5, 1)
  writer.end()
  writeElement(writer, column)
  writer.i64(3, column.count)
  writer.list(4, thrift.struct, 1)
  writer.begin()
  writer.list(1, thrift.struct, 1)
  writeChunk(writer, column, chunkBytes)
  writer.i64(2, chunkBytes)
  writer.i64(3, column.count)
  writer.end()
  writer.end()
  return writer.bytes()
}

function writeElement(writer: ThriftWriter, { name, physical, converted, time }: PlainColumn): void {
  writer.begin()
  writer.i32(1, physical)
  writer.i32(3, 0)
  writer.string(4, name)
  if (converted !== undefined) writer.i32(6, converted)
  if (time !== undefined) {
    writer.begin(10)
    writer.begin(logical.time)
    writer.boolean(1, true)
    writer.begin(2)
    writer.begin(time)
    writer.end()
    writer.end()
    writer.end()
    writer.end()
  }
  writer.end()
}

function writeChunk(writer: ThriftWriter, column: PlainColumn, chunkBytes: number): void {
  writer.begin()
  writer.i64(2, 4)
  writer.begin(3)
  writer.i32(1, column.physical)
  writer.list(2, thrift.i32, 1)
  writer.i32Element(encoding.plain)
  writer.list(3, thrift.binary, 1)
  writer.stringElement(column.name)
  writer.i32(4, 0)
  writer.i64(5, column.count)
  writer.i64(6, chunkBytes)
  writer.i64(7, chunkBytes)
  writer.i64(9, 4)
  if (column.count === 1 && column.data.length <= 8) {
    writer.begin(12)
    writer.i64(3, 0)
    writer.binary(5, column.data)
    writer.binary(6, column.data)
    writer.end()
  }
  writer.end()
  writer.end()
}
