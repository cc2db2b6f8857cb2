import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DeltaTable, profileFromLog } from '@deltaworks/delta-table'
import { Session } from '@deltaworks/engine'
import { col, lit } from '@deltaworks/expression'
import { scan, values } from '@deltaworks/plan'
import { verify } from '@deltaworks/quality'
import {
  boolean,
  date,
  decimal,
  field,
  float64,
  int64,
  schema,
  string,
  timestamp,
  type Value,
} from '@deltaworks/schema'

const columns = schema([
  field('id', int64),
  field('part', string),
  field('name', string),
  field('amount', decimal(12, 2)),
  field('ok', boolean),
  field('day', date),
  field('share', float64),
  field('at', timestamp),
  field('note', string),
])
const row = (i: number): readonly Value[] => [
  BigInt(i - 50),
  ['a', 'b', 'c'][i % 3]!,
  i % 7 === 0 ? null : `n${i}`,
  BigInt(i * 31 - 1000),
  i % 2 === 0,
  19_000 + i,
  i / 3,
  BigInt(i) * 1_000_001n,
  i === 99 ? 'x'.repeat(80) : 'short',
]

describe('a profile of the log alone', () => {
  let folder: string
  let session: Session
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'deltaworks-log-profile-'))
    session = Session.create({ threads: 1 })
  })
  afterAll(async () => {
    await session.close()
    rmSync(folder, { recursive: true, force: true })
  })
  const written = (name: string) =>
    DeltaTable.createWith(
      session,
      `file://${folder}/${name}`,
      values(
        columns,
        Array.from({ length: 100 }, (_, i) => row(i)),
      ),
      { partitionBy: ['part'], properties: { 'delta.enableDeletionVectors': 'true' } },
    )

  it('Q-53: counts, nulls and bounds are those of a scan, and no data file is read', async () => {
    const table = await written('t')
    const { profile } = await verify(session, scan(table.provider()), [], { profile: true })
    // There is nothing to read any more.
    for (const name of readdirSync(`${folder}/t`, { recursive: true }) as string[])
      if (name.endsWith('.parquet') && !name.includes('_delta_log')) rmSync(join(folder, 't', name))
    const { rowCount, columns: found } = profileFromLog(table.snapshot)
    expect(rowCount).toBe(100)
    const expected = profile!.columns.map(({ name, type, nullCount, completeness, min, max }) => {
      const isExact = !['ok', 'share', 'at', 'note'].includes(name)
      return { name, type, nullCount, completeness, min: isExact ? min : null, max: isExact ? max : null }
    })
    expect(found).toEqual(expected)
  })

  it('Q-53: what deletions leave uncertain is not told', async () => {
    const table = await (await written('d')).delete(col('id').eq(lit(-50n)))
    const { rowCount, columns: found } = profileFromLog(table.snapshot)
    expect(rowCount).toBe(99)
    expect(found.find(({ name }) => name === 'id')).toMatchObject({ nullCount: 0, min: null, max: null })
    expect(found.find(({ name }) => name === 'name')).toMatchObject({ nullCount: null, completeness: null })
  })
})
