import { date, decimal, schema, struct, timestamp, timestampNtz, int32, list, map, string } from '@deltaworks/schema'
import { tableFromIPC, tableToIPC } from 'apache-arrow'
import { toArrowBatch, toArrowTable } from './arrow.js'
import { Arena } from './arena.js'
import { createContext } from './context.js'
import { recordBatch } from './record-batch.js'
import { columnIn, flatTypes } from './testing/columns.js'

const context = createContext()

/** Arrow's own values in plain form. */
const plain = (value: unknown): unknown =>
  value === null || typeof value !== 'object'
    ? value
    : JSON.parse(JSON.stringify(value, (_, v: unknown) => (typeof v === 'bigint' ? `${v}` : v)))

describe('Arrow', () => {
  it('E-31: takes every flat type, plain and sliced and with a dictionary, through IPC', async () => {
    const arena = new Arena(context.heap)
    const samples = flatTypes.map((type) => {
      switch (type.kind) {
        case 'boolean':
          return [true, null, false]
        case 'int8':
        case 'int16':
        case 'int32':
        case 'date':
          return [1, null, -2]
        case 'float32':
        case 'float64':
          return [1.5, null, Number.NaN]
        case 'string':
        case 'variant':
          return ['é', null, '']
        case 'binary':
          return [new Uint8Array([1, 2]), null, new Uint8Array(0)]
        default:
          return [7n, null, -8n]
      }
    })
    const of = schema(flatTypes.map((type, i) => ({ name: `c${i}`, type, nullable: true })))
    const batches = (['plain', 'slice', 'dictionary'] as const).map((form) =>
      recordBatch(
        of,
        3,
        flatTypes.map((type, i) => columnIn(arena, type, samples[i]!, form)),
      ),
    )
    const table = tableFromIPC(tableToIPC(await toArrowTable(context.heap, of, batches)))
    expect(table.numRows).toBe(9)
    expect(table.schema.fields.map((field) => String(field.type))).toMatchInlineSnapshot(`
     [
       "Bool",
       "Int8",
       "Int16",
       "Int32",
       "Int64",
       "Float32",
       "Float64",
       "Date32<DAY>",
       "Timestamp<MICROSECOND, UTC>",
       "Timestamp<MICROSECOND>",
       "Decimal[9e+2]",
       "Decimal[38e+6]",
       "Utf8",
       "Binary",
       "Utf8",
     ]
    `)
    const [one, two, three] = [0, 1, 2].map((b) =>
      of.fields.map((_, i) => [0, 1, 2].map((row) => plain(table.getChildAt(i)!.get(b * 3 + row)))),
    )
    expect(two).toEqual(one)
    expect(three).toEqual(one)
    const at = (kind: string) => one![flatTypes.findIndex((type) => type.kind === kind)]
    expect(at('boolean')).toEqual([true, null, false])
    expect(at('int64')).toEqual([7n, null, -8n])
    expect(at('float64')).toEqual([1.5, null, Number.NaN])
    expect(at('string')).toEqual(['é', null, ''])
    arena.close()
  })
  it('keeps decimals exact, narrow and wide, of either sign', async () => {
    const arena = new Arena(context.heap)
    const numbers = [12_345n, -1n, -(10n ** 17n)]
    const wide = [10n ** 37n, -1n, -(10n ** 30n)]
    const of = schema([
      { name: 'n', type: decimal(18, 2), nullable: false },
      { name: 'w', type: decimal(38, 0), nullable: false },
    ])
    const columns = [columnIn(arena, decimal(18, 2), numbers, 'plain'), columnIn(arena, decimal(38, 0), wide, 'plain')]
    const batch = await toArrowBatch(context.heap, recordBatch(of, 3, columns))
    const exact = (column: number): bigint[] =>
      [0, 1, 2].map((row) => {
        const words = new Uint32Array(batch.getChildAt(column)!.get(row) as Uint32Array)
        return BigInt.asIntN(
          128,
          words.reduceRight((sum, word) => (sum << 32n) | BigInt(word), 0n),
        )
      })
    expect(exact(0)).toEqual(numbers)
    expect(exact(1)).toEqual(wide)
    arena.close()
  })
  it('takes nested types and times', async () => {
    const arena = new Arena(context.heap)
    const person = struct([
      { name: 'name', type: string, nullable: true },
      { name: 'ages', type: list(int32), nullable: true },
    ])
    const of = schema([
      { name: 'l', type: list(string), nullable: true },
      { name: 's', type: person, nullable: true },
      { name: 'm', type: map(string, int32), nullable: true },
      { name: 'd', type: date, nullable: true },
      { name: 't', type: timestamp, nullable: true },
      { name: 'z', type: timestampNtz, nullable: true },
    ])
    const rows = [
      [['a', null], ['Ann', [1, null]], [['k', 1]], 1, 1_000_001n, 2_000_000n],
      [null, null, null, null, null, null],
      [[], [null, null], [], 0, 0n, 0n],
    ]
    const columns = of.fields.map((field, i) =>
      columnIn(
        arena,
        field.type,
        rows.map((row) => row[i]!),
        'slice',
      ),
    )
    const table = await toArrowTable(context.heap, of, [recordBatch(of, 3, columns)])
    const back = tableFromIPC(tableToIPC(table))
    const text = (name: string) => [0, 1, 2].map((row) => plain(back.getChild(name)!.get(row)))
    expect(text('l')).toEqual([['a', null], null, []])
    expect(text('s')).toEqual([{ name: 'Ann', ages: [1, null] }, null, { name: null, ages: null }])
    expect(text('m')).toEqual([{ k: 1 }, null, {}])
    expect(text('d')).toEqual([86_400_000, null, 0])
    expect(String(back.schema.fields[4]!.type)).toBe('Timestamp<MICROSECOND, UTC>')
    arena.close()
  })
})
