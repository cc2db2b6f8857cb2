import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DeltaTable, generatedAs, identityColumn } from '@deltaworks/delta-table'
import { Session } from '@deltaworks/engine'
import { scan, values, type DataFrame } from '@deltaworks/plan'
import {
  Check,
  hasMean,
  hasOutlierShare,
  hasRowCount,
  hasStandardDeviation,
  isComplete,
  isContainedIn,
  isPositive,
  isUnique,
  parseDqdl,
  referentialIntegrity,
  splitRows,
  verify,
  type Rule,
} from '@deltaworks/quality'
import { decimal, field, int32, int64, schema, string, type Value } from '@deltaworks/schema'
import { countedQueries } from '../testing/counted-queries.js'
import { writeChecked, type CheckedWriteOptions } from './checked-write.js'

const columns = schema([
  field('id', int64),
  field('part', string),
  field('n', int32),
  field('amount', decimal(12, 2)),
  field('customer', string),
])
const row = (i: number): readonly Value[] => [
  BigInt(i),
  ['a', 'b', 'c'][i % 3]!,
  i % 10 === 9 ? null : i % 50,
  BigInt((i * 7919) % 100_000),
  i % 97 === 0 ? 'nobody' : `c${i % 20}`,
]
const rows = Array.from({ length: 3000 }, (_, i) => row(i % 500 === 499 ? i - 1 : i))
const customers = values(
  schema([field('name', string)]),
  Array.from({ length: 20 }, (_, i) => [`c${i}`]),
)
const references = new Map([['customers', customers]])

/** Queries that read rows; looks at a log are not meant. */
const queriesOf = (work: () => Promise<unknown>): Promise<number> =>
  countedQueries(/"name":"(order lines|written rows)"/, work)

describe.each([
  ['on this thread', {}],
  ['on workers', { inlineBytes: 0, morselBytes: 1, threads: 2 }],
])('writeChecked %s', (_, sessionOptions) => {
  let folder: string
  let session: Session
  let uri: string
  let input: DataFrame
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'deltaworks-checked-'))
    session = Session.create(sessionOptions)
    const table = await DeltaTable.createWith(session, `file://${folder}/rows`, values(columns, rows), {
      targetFileBytes: 20_000,
    })
    input = scan(table.provider({ name: 'order lines' }))
  })
  let count = 0
  beforeEach(() => (uri = `file://${folder}/out-${count++}`))
  afterAll(async () => {
    await session.close()
    rmSync(folder, { recursive: true, force: true })
  })
  const texts = async (frame: DataFrame): Promise<string[]> =>
    (await session.collect(frame)).rows
      .map((values) => JSON.stringify(values, (_, value: unknown) => (typeof value === 'bigint' ? `${value}` : value)))
      .sort()
  const write = async (rules: readonly Rule[], options: CheckedWriteOptions = {}, from = input) => {
    let refused: string[] = []
    const written = await writeChecked(
      session,
      from,
      rules,
      (checking, good) => DeltaTable.createWith(checking, uri, good, { partitionBy: ['part'] }),
      {
        references,
        ...options,
        settle: async (judged) => {
          refused = judged.refused === null ? [] : await texts(judged.refused)
          await options.settle?.(judged)
        },
      },
    )
    return { ...written, refused }
  }
  const parquetFiles = (): string[] =>
    !existsSync(uri.slice('file://'.length))
      ? []
      : (readdirSync(uri.slice('file://'.length), { recursive: true }) as string[]).filter((name) =>
          name.endsWith('.parquet'),
        )

  const acting: readonly Rule[] = [
    isComplete('n').quarantine(),
    isContainedIn('part', ['a', 'b']).drop(),
    isPositive('amount').quarantine(),
    referentialIntegrity('customer', 'customers', 'name').quarantine(),
    hasMean('amount', { atLeast: 0 }),
    hasRowCount(3000),
  ]

  it('N-05: rows go where splitRows says, and rules say what verify says', async () => {
    const { verification, counts, refused, table } = await write(acting)
    const split = splitRows(input, acting, { references })
    expect(refused).toEqual(await texts(split.bad))
    expect(await texts(scan(table!.provider()))).toEqual(await texts(split.good))
    const expected = await verify(session, input, acting, { references })
    expect(verification.rules).toEqual(expected.rules)
    expect(counts.input).toBe(counts.good + counts.quarantined + counts.dropped)
    expect(counts.quarantined).toBe(refused.length)
    expect(counts.dropped).toBeGreaterThan(0)
    expect(table!.version).toBe(0)
    expect(parquetFiles().every((name) => name.startsWith('part='))).toBe(true)
  })

  it('N-05: rules of one scan are measured while the rows are written: the rows are read once', async () => {
    const rules = [
      isComplete('n').quarantine(),
      hasStandardDeviation('amount', { atLeast: 1 }),
      ...new Check('error', 'c').hasSize(3000).hasMin('amount', { atLeast: 0 }).hasCompleteness('n', { atLeast: 0.8 })
        .rules,
    ]
    const queries = await queriesOf(async () => {
      const { verification, counts } = await write(rules)
      expect(verification.status).toBe('warnings')
      expect(verification.scanCount).toBe(1)
      expect(counts).toMatchObject({ input: 3000, dropped: 0 })
    })
    expect(queries).toBe(1)
  })

  it('N-05: what needs a grouping, a sketch or another table reads what was written', async () => {
    const rules = [
      isUnique('id').quarantine(),
      hasOutlierShare('amount', 0.1),
      referentialIntegrity('customer', 'customers', 'name', 0.05),
      ...parseDqdl(
        'Entropy "part" > 1, Skewness "amount" < 1, Uniqueness "id" > 0.9, CustomSql "select max(n) from primary" = 49',
      ),
      ...new Check('warning', 'c').hasExactQuantile('amount', 0.5, { atLeast: 1 }).rules,
    ]
    const { verification, refused } = await write(rules)
    const expected = await verify(session, input, rules, { references })
    expect(verification.rules).toEqual(expected.rules)
    expect(refused.length).toBe(6)
  })

  it('N-05 Q-61: refused rows are a table of their own, of the same pass; without any there is none', async () => {
    const bad = `${uri}-bad`
    const quarantined = async (rules: readonly Rule[], partitionBy: readonly string[] = []) => {
      const queries = await queriesOf(async () => {
        await writeChecked(session, input, rules, (checking, good) => DeltaTable.createWith(checking, uri, good), {
          references,
          quarantine: (checking, rows) => DeltaTable.createWith(checking, bad, rows, { partitionBy }),
        })
      })
      const table = await DeltaTable.openIfExists(session, bad)
      const kept = table === null ? null : await texts(scan(table.provider()))
      for (const place of [uri, bad]) rmSync(place.slice('file://'.length), { recursive: true, force: true })
      return { queries, kept, version: table?.version }
    }
    const expected = await texts(splitRows(input, [isComplete('n').quarantine()]).bad)
    expect(await quarantined([isComplete('n').quarantine()])).toEqual({ queries: 1, kept: expected, version: 0 })
    // What the table makes of the columns: its files are another pass over the refused rows.
    expect((await quarantined([isComplete('n').quarantine()], ['part'])).kept).toHaveLength(expected.length)
    expect((await quarantined([isComplete('id').quarantine()])).kept).toBeNull()
    // Kept before the write is refused.
    expect((await quarantined([isComplete('n').quarantine().critical()])).kept).toEqual(expected)
    expect(await DeltaTable.openIfExists(session, uri)).toBeNull()
  })

  it('N-05 Q-61: a quarantine that cannot be written refuses the write, and leaves nothing', async () => {
    const write = writeChecked(
      session,
      input,
      [isComplete('n').quarantine()],
      (checking, good) => DeltaTable.createWith(checking, uri, good),
      { quarantine: (checking, rows) => DeltaTable.createWith(checking, `file://${folder}/rows`, rows) },
    )
    await expect(write).rejects.toThrow(/DW-TABLE-0011|already/)
    expect(await DeltaTable.openIfExists(session, uri)).toBeNull()
    expect(parquetFiles()).toEqual([])
  })

  it('N-05: a failed critical rule takes the write back, and refused rows are told before', async () => {
    let told = 0
    const rules = [isComplete('n').quarantine().critical()]
    const { table, verification, counts } = await write(rules, {
      settle: async ({ refused }) => {
        told = (await texts(refused!)).length
      },
    })
    expect([table, verification.status, told, counts.quarantined]).toEqual([null, 'failed', 294, 294])
    expect(await DeltaTable.openIfExists(session, uri)).toBeNull()
    expect(parquetFiles()).toEqual([])
  })

  it('what settling throws refuses the write, and leaves nothing', async () => {
    const settle = (): Promise<void> => Promise.reject(new Error('no room'))
    await expect(write([isComplete('n').quarantine()], { settle })).rejects.toThrow('no room')
    expect(parquetFiles()).toEqual([])
  })

  it.each([
    ['computes columns of a row alone', field('more', int64, true, generatedAs('n * 2')), 'more <> n * 2'],
    ['numbers its rows, in a pass of its own', field('more', int64, true, identityColumn()), 'more is null'],
  ])('appends to a table that %s', async (_, more, wrong) => {
    await DeltaTable.create(session, uri, { schema: schema([field('id', int64), field('n', int64), more]) })
    const narrow = input.select('id', 'n') as DataFrame
    const append = (rules: readonly Rule[]) =>
      writeChecked(session, narrow, rules, async (checking, good) =>
        (await DeltaTable.open(checking, uri)).append(good),
      )
    const { table, counts } = await append([isComplete('n').quarantine()])
    expect(counts).toEqual({ input: 3000, good: 2706, quarantined: 294, dropped: 0 })
    const { rows } = await session.sql(`select count(*) from t where ${wrong}`, { t: table!.provider() })
    expect([rows, table!.detail().numRows]).toEqual([[[0n]], 2706])
    expect((await append([hasRowCount(1).critical()])).table).toBeNull()
  })
})
