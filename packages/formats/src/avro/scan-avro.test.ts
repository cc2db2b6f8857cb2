import avsc from 'avsc'
import { batchToRows, createContext, unlimited } from '@deltaworks/columnar'
import { field, int64, string, typeName, type Schema, type Value } from '@deltaworks/schema'
import { MemoryStore } from '@deltaworks/storage'
import { fileScan, type FileScan } from '../file-scan.js'
import { avroFile, exactLongs } from '../testing/avro-file.js'
import { readAvroSchema, scanAvro } from './scan-avro.js'

const context = createContext()
const store = new MemoryStore('memory://avro')

async function read(bytes: Uint8Array, options: Partial<FileScan> = {}): Promise<{ schema: Schema; rows: Value[][] }> {
  await store.put('file.avro', [bytes], 'overwrite')
  const schema = options.schema ?? (await readAvroSchema(store, 'file.avro'))
  const scan = fileScan({ store, path: 'file.avro', sizeBytes: bytes.length, schema, ...options })
  const rows: Value[][] = []
  for await (const batch of scanAvro(context, unlimited, scan)) rows.push(...batchToRows(context.heap, batch))
  return { schema, rows }
}

const record = (...fields: readonly unknown[]): avsc.Schema =>
  ({ type: 'record', name: 'Row', namespace: 'shop', fields }) as avsc.Schema
const types = ({ fields }: Schema): string[] =>
  fields.map(({ name, type, nullable }) => `${name} ${typeName(type)}${nullable ? '' : ' not null'}`)

const everything = record(
  { name: 'id', type: 'long' },
  { name: 'flag', type: 'boolean' },
  { name: 'n', type: ['null', 'int'] },
  { name: 'f', type: 'float' },
  { name: 'd', type: 'double' },
  { name: 's', type: ['string', 'null'] },
  { name: 'b', type: 'bytes' },
  { name: 'day', type: { type: 'int', logicalType: 'date' } },
  { name: 'time', type: { type: 'int', logicalType: 'time-millis' } },
  { name: 'millis', type: { type: 'long', logicalType: 'timestamp-millis' } },
  { name: 'micros', type: ['null', { type: 'long', logicalType: 'timestamp-micros' }] },
  { name: 'nanos', type: { type: 'long', logicalType: 'local-timestamp-nanos' } },
  { name: 'price', type: { type: 'bytes', logicalType: 'decimal', precision: 9, scale: 2 } },
  { name: 'wide', type: { type: 'fixed', name: 'Wide', size: 16, logicalType: 'decimal', precision: 38, scale: 0 } },
  { name: 'suit', type: { type: 'enum', name: 'Suit', symbols: ['SPADES', 'HEARTS'] } },
  { name: 'again', type: 'shop.Suit' },
  { name: 'raw', type: { type: 'fixed', name: 'Raw', size: 3 } },
  { name: 'tags', type: { type: 'array', items: ['null', 'string'] } },
  { name: 'counts', type: { type: 'map', values: 'long' } },
  {
    name: 'place',
    type: [
      'null',
      {
        type: 'record',
        name: 'Place',
        fields: [
          { name: 'x', type: 'int' },
          { name: 'again', type: 'Raw' },
        ],
      },
    ],
  },
)
const rowOf = (i: number): Record<string, unknown> => ({
  id: BigInt(i) * 4_611_686_018_427_387n,
  flag: i % 2 === 0,
  n: i % 3 === 0 ? null : -i,
  f: i / 4,
  d: i / 3,
  s: i % 4 === 0 ? null : `é ${i}`,
  b: Buffer.from([i % 256, 255]),
  day: -i,
  time: i,
  millis: BigInt(-i),
  micros: i % 5 === 0 ? null : BigInt(i) * 1_000_003n,
  nanos: BigInt(-1 - i),
  price: Buffer.from(i % 2 === 0 ? [0x80] : [0x00, 0xff]),
  wide: Buffer.from('ffffffffffffffffffffffffffffff85', 'hex'),
  suit: i % 2 === 0 ? 'SPADES' : 'HEARTS',
  again: 'HEARTS',
  raw: Buffer.from([1, 2, i % 256]),
  tags: i % 2 === 0 ? [] : ['a', null, `t${i}`],
  counts: i % 3 === 0 ? {} : { x: BigInt(i), y: -1n },
  place: i % 2 === 0 ? null : { x: i, again: Buffer.from([9, 9, 9]) },
})
const expected = (i: number): Value[] => [
  BigInt(i) * 4_611_686_018_427_387n,
  i % 2 === 0,
  i % 3 === 0 ? null : i === 0 ? 0 : -i,
  Math.fround(i / 4),
  i / 3,
  i % 4 === 0 ? null : `é ${i}`,
  Uint8Array.of(i % 256, 255),
  i === 0 ? 0 : -i,
  BigInt(i) * 1000n,
  BigInt(-i) * 1000n,
  i % 5 === 0 ? null : BigInt(i) * 1_000_003n,
  BigInt(Math.floor((-1 - i) / 1000)),
  i % 2 === 0 ? -128n : 255n,
  -123n,
  i % 2 === 0 ? 'SPADES' : 'HEARTS',
  'HEARTS',
  Uint8Array.of(1, 2, i % 256),
  i % 2 === 0 ? [] : ['a', null, `t${i}`],
  i % 3 === 0
    ? []
    : [
        ['x', BigInt(i)],
        ['y', -1n],
      ],
  i % 2 === 0 ? null : [i, Uint8Array.of(9, 9, 9)],
]

describe('Avro files of avsc', () => {
  it.each(['null', 'deflate', 'snappy'] as const)('E-31: every type, compression %s', async (codec) => {
    const count = 700
    const bytes = avroFile(
      everything,
      Array.from({ length: count }, (_, i) => rowOf(i)),
      { codec, blockRows: 64 },
    )
    const { schema, rows } = await read(bytes, { batchRows: 100 })
    expect(types(schema)).toEqual([
      'id bigint not null',
      'flag boolean not null',
      'n int',
      'f float not null',
      'd double not null',
      's string',
      'b binary not null',
      'day date not null',
      'time bigint not null',
      'millis timestamp not null',
      'micros timestamp',
      'nanos timestamp_ntz not null',
      'price decimal(9,2) not null',
      'wide decimal(38,0) not null',
      'suit string not null',
      'again string not null',
      'raw binary not null',
      'tags array<string> not null',
      'counts map<string,bigint> not null',
      'place struct<x:int,again:binary>',
    ])
    expect(rows).toEqual(Array.from({ length: count }, (_, i) => expected(i)))
  })

  it('E-31: unions as Spark has them; a schema that is no record is one column', async () => {
    const unions = record(
      { name: 'whole', type: ['int', 'long'] },
      { name: 'broken', type: ['null', 'float', 'double'] },
      { name: 'mixed', type: ['null', 'string', 'int', 'boolean'] },
    )
    const type = avsc.Type.forSchema(unions, { typeHook: exactLongs, wrapUnions: true })
    const rows = [
      { whole: { int: 5 }, broken: null, mixed: { string: 'x' } },
      { whole: { long: 9_007_199_254_740_993n }, broken: { double: 0.1 }, mixed: { boolean: true } },
      { whole: { int: -1 }, broken: { float: 0.5 }, mixed: null },
    ]
    const bytes = avroFile(unions, [])
    const body = Buffer.concat(rows.map((row) => type.toBuffer(row)))
    const block = Buffer.concat([
      Buffer.from([rows.length * 2, body.length * 2]),
      body,
      Buffer.from('0123456789abcdef'),
    ])
    const { schema, rows: found } = await read(new Uint8Array(Buffer.concat([bytes, block])))
    expect(types(schema)).toEqual([
      'whole bigint not null',
      'broken double',
      'mixed struct<member0:string,member1:int,member2:boolean>',
    ])
    expect(found).toEqual([
      [5n, null, ['x', null, null]],
      [9_007_199_254_740_993n, 0.1, [null, null, true]],
      [-1n, 0.5, null],
    ])
    expect(await read(avroFile('string', ['a', 'b']))).toMatchObject({ rows: [['a'], ['b']] })
  })

  it('E-31: wanted columns alone, other types, rows by number, deleted rows', async () => {
    const bytes = avroFile(everything, [0, 1, 2, 3].map(rowOf), { blockRows: 2 })
    const schema: Schema = { fields: [field('at', int64), field('N', int64), field('absent', string)] }
    const { rows } = await read(bytes, {
      schema,
      virtualColumns: { at: 'row_index' },
      deletedRows: Uint32Array.of(2),
    })
    expect(rows).toEqual([
      [0n, null, null],
      [1n, -1n, null],
      [3n, null, null],
    ])
    await expect(read(bytes, { schema: { fields: [field('s', int64)] } })).rejects.toMatchObject({
      code: 'DW-FORMAT-0004',
    })
  })

  it.each<[string, Uint8Array, RegExp]>([
    ['nothing', new Uint8Array(0), /0080.*no Avro file/],
    ['another format', Buffer.from('PAR1 and more'), /0080/],
    ['a file that was cut', avroFile('string', ['a', 'bcdefgh']).subarray(0, -20), /0081.*beyond its end/],
    [
      'a type in itself',
      avroFile(record({ name: 'next', type: ['null', 'shop.Row'] }), []),
      /0082.*holds values of itself/,
    ],
    ['another compression', Buffer.from(avroFile('int', [1]).map((byte) => (byte === 0x6e ? 0x7a : byte))), /008[012]/],
    ['more rows than bytes', withBlock([0xfe, 0xff, 0xff, 0xff, 0x0f, 0]), /0081.*claims/],
    ['a length beyond the block', withBlock([2, 2, 0x7e]), /0081.*beyond its end/],
    ['more than its rows', withBlock([2, 6, 2, 0x61, 0x61]), /0081.*more than its rows/],
  ])('E-31: %s is one clear error', async (_, bytes, message) => {
    const error = await read(new Uint8Array(bytes)).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ name: 'FormatError' })
    expect(`${(error as { code: string }).code} ${(error as Error).message}`).toMatch(message)
  })
})

function withBlock(bytes: readonly number[]): Uint8Array {
  return new Uint8Array(Buffer.concat([avroFile('string', []), Buffer.from(bytes), Buffer.from('0123456789abcdef')]))
}
