import { StoreCatalog } from '@deltaworks/delta-log'
import { col, lit } from '@deltaworks/expression'
import { scan, values } from '@deltaworks/plan'
import { field, int64, type Schema } from '@deltaworks/schema'
import { MemoryStore } from '@deltaworks/storage'
import { DeltaTable } from './delta-table.js'
import { testSessions } from './test-sessions.js'

const schema: Schema = { fields: [field('k', int64), field('v', int64)] }
const rows = (from: number, to: number) =>
  values(
    schema,
    Array.from({ length: to - from }, (_, i) => [BigInt(from + i), 0n]),
  )
let tables = 0

describe.each(testSessions)('a catalog-managed table on the %s', (_, session) => {
  it('D-52: is made, read, merged into and travelled through its catalog; maintenance is the catalog’s', async () => {
    const uri = `memory://managed-${tables}/t`
    const records = new MemoryStore(`managed-records-${tables++}`)
    const catalog = new StoreCatalog(records, 't')
    const made = await DeltaTable.createWith(session, uri, rows(0, 10), { schema, catalog })
    const merged = await made.merge({
      source: rows(5, 15),
      on: ['k'],
      whenMatchedUpdate: { set: { v: lit(1n) } },
      whenNotMatchedInsert: {},
    })
    await merged.delete(col('k').lt(2n))
    const again = await DeltaTable.open(session, uri, { catalog: new StoreCatalog(records, 't') })
    expect(again.version).toBe(2)
    expect((await session.collect(scan(again.provider()).plan)).rows).toHaveLength(13)
    const first = await DeltaTable.open(session, uri, { catalog, version: 0 })
    expect((await session.collect(scan(first.provider()).plan)).rows).toHaveLength(10)
    await expect(DeltaTable.open(session, uri)).rejects.toMatchObject({ code: 'DW-DELTA-0009' })
    await expect(again.optimize()).rejects.toMatchObject({ code: 'DW-DELTA-0023' })
    await expect(again.vacuum()).rejects.toMatchObject({ code: 'DW-DELTA-0023' })
    const allowed = await DeltaTable.open(session, uri, {
      catalog: new StoreCatalog(records, 't', ['VACUUM', 'OPTIMIZE']),
    })
    const grown = await allowed.append(rows(20, 30))
    expect((await grown.optimize()).version).toBe(4)
  })
})
