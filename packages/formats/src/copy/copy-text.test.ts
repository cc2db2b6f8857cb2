import { createContext, Arena, batchFromRows } from '@deltaworks/columnar'
import {
  boolean,
  date,
  decimal,
  field,
  float64,
  int32,
  int64,
  schema,
  string,
  timestamp,
  timestampNtz,
  type Value,
} from '@deltaworks/schema'
import fc from 'fast-check'
import { copyText } from './copy-text.js'

const plain = schema([
  field('i', int32),
  field('l', int64),
  field('d', decimal(12, 2)),
  field('w', decimal(30, 4)),
  field('b', boolean),
  field('day', date),
  field('at', timestamp),
  field('here', timestampNtz),
  field('t', string),
])
/** The last column makes rows be written one by one. */
const withFloat = schema([...plain.fields, field('f', float64)])

async function textOf(input: typeof plain, rows: readonly (readonly Value[])[]): Promise<string> {
  const { heap } = createContext()
  const arena = new Arena(heap)
  const batch = batchFromRows(arena, input, rows)
  async function* batches() {
    yield await Promise.resolve(batch)
  }
  const pieces: Uint8Array[] = []
  for await (const piece of copyText(heap, input, batches())) pieces.push(piece)
  arena.close()
  return Buffer.concat(pieces).toString()
}

describe('the text format of COPY', () => {
  it('W-26: values of each type, nulls, and what is escaped', async () => {
    const row = [-7, 2n ** 63n - 1n, -5n, 10n ** 29n, true, 0, -1n, 1_700_000_000_120_000n, 'añ日']
    expect(await textOf(plain, [row, row.map(() => null)])).toBe(
      `-7\t9223372036854775807\t-0.05\t${'1'.padEnd(26, '0')}.0000\tt\t1970-01-01\t1969-12-31 23:59:59.999999+00\t2023-11-14 22:13:20.12\tañ日\n` +
        `${plain.fields.map(() => '\\N').join('\t')}\n`,
    )
    const [t] = plain.fields.slice(-1)
    expect(await textOf(schema([t!]), [['a\tb'], ['\\N'], ['\r\n'], [null]])).toBe('a\\tb\n\\\\N\n\\r\\n\n\\N\n')
    expect(await textOf(plain, [])).toBe('')
  })

  it('W-26: whole batches and single rows are written alike', async () => {
    const nullable = <T extends Value>(values: fc.Arbitrary<T>) => fc.option(values, { nil: null, freq: 4 })
    const instants = fc.bigInt({ min: -(10n ** 17n), max: 10n ** 18n })
    const special = fc.constantFrom('\\', '\t', '\n', '\r', '\\N', '')
    const texts = fc.oneof(
      { arbitrary: fc.string({ unit: 'grapheme' }), weight: 60 },
      { arbitrary: special, weight: 1 },
    )
    const rows = fc.array(
      fc.tuple(
        nullable(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })),
        nullable(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
        nullable(fc.bigInt({ min: -(10n ** 12n) + 1n, max: 10n ** 12n - 1n })),
        nullable(fc.bigInt({ min: -(10n ** 30n) + 1n, max: 10n ** 30n - 1n })),
        nullable(fc.boolean()),
        nullable(fc.integer({ min: -1_000_000, max: 4_000_000 })),
        nullable(instants),
        nullable(instants),
        nullable(texts),
      ),
      { minLength: 1, maxLength: 60 },
    )
    await fc.assert(
      fc.asyncProperty(rows, async (values) => {
        const lines = await textOf(
          withFloat,
          values.map((row) => [...row, 0.5]),
        )
        expect(await textOf(plain, values)).toBe(lines.replaceAll('\t0.5\n', '\n'))
      }),
      { numRuns: 100 },
    )
  })
})
