import { col } from '@deltaworks/expression'
import { values, type DataFrame } from '@deltaworks/plan'
import { field, int64, string, type Schema } from '@deltaworks/schema'
import { DeltaTable } from './delta-table.js'
import type { ChangesRange } from './changes.js'
import { testSessions } from './test-sessions.js'

let tables = 0

describe.each(testSessions)('on the %s', (_, session) => {
  const schema: Schema = { fields: [field('k', int64), field('p', string)] }
  const frame = (...keys: readonly number[]): DataFrame =>
    values(
      schema,
      keys.map((k) => [BigInt(k), k % 2 === 0 ? 'even' : 'odd']),
    )
  const properties = { 'delta.enableChangeDataFeed': 'true', 'delta.enableInCommitTimestamps': 'true' }
  const create = (options = {}): Promise<DeltaTable> =>
    DeltaTable.createWith(session, `memory://changes-${tables++}/t`, frame(1, 2, 3), {
      schema,
      properties,
      nowMs: 1000,
      ...options,
    })
  const read = async (table: DeltaTable, range: ChangesRange): Promise<string[]> => {
    const { schema: of, rows } = await session.collect(await table.changes(range))
    expect(of.fields.map((f) => f.name)).toEqual(['k', 'p', '_change_type', '_commit_version', '_commit_timestamp'])
    return rows.map(([k, p, type, version, at]) => `${k} ${p} ${type} v${version} ${at}`).sort()
  }

  it('D-47: added and removed rows by version, and by time', async () => {
    let table = await create({ partitionBy: ['p'] })
    table = await table.append(frame(4), { nowMs: 2000 })
    table = await table.delete(col('p').eq('even'), { nowMs: 3000 })
    const created = ['1 odd insert v0 1000000', '2 even insert v0 1000000', '3 odd insert v0 1000000']
    const appended = ['4 even insert v1 2000000']
    const deleted = ['2 even delete v2 3000000', '4 even delete v2 3000000']
    const sorted = (...lines: readonly string[]): string[] => [...lines].sort()
    expect(await read(table, { from: { version: 0 } })).toEqual(sorted(...created, ...appended, ...deleted))
    expect(await read(table, { from: { version: 1 }, to: { version: 1 } })).toEqual(appended)
    expect(await read(table, { from: { timestampMs: 1001 }, to: { timestampMs: 2999 } })).toEqual(appended)
    expect(await read(table, { from: { timestampMs: 2000 } })).toEqual(sorted(...appended, ...deleted))
  })

  it('D-47: compaction is no change', async () => {
    let table = await (await create()).append(frame(4), { nowMs: 2000 })
    table = await table.optimize({ nowMs: 3000 })
    expect(table.version).toBe(2)
    expect(await read(table, { from: { version: 2 } })).toEqual([])
  })

  it('D-47: what was not recorded, and ranges that are none, are refused', async () => {
    const table = await create()
    for (const range of [
      { from: { version: 1 } },
      { from: { version: 0 }, to: { version: 1 } },
      { from: { version: -1 } },
      { from: { timestampMs: 5000 } },
    ]) {
      await expect(table.changes(range)).rejects.toMatchObject({ code: 'DW-TABLE-0014' })
    }
    const plain = await create({ properties: {} })
    await expect(plain.changes({ from: { version: 0 } })).rejects.toMatchObject({ code: 'DW-TABLE-0015' })
  })
})
