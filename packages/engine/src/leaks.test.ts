import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, describe, expect, it } from '@jest/globals'
import { Session, type SessionOptions } from './session.js'
import { segmentTables, testTables } from './testing.js'

const folder = mkdtempSync(join(tmpdir(), 'deltaworks-leaks-test-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const tables = segmentTables(testTables(4000), 401)
const queries: readonly string[] = [
  'select region, sum(amount), avg(ratio), max(note) from (select *, md5(cast(id as varchar)) note from orders) o group by region',
  'select id, md5(cast(id as varchar)) a, md5(cast(id + 1 as varchar)) b, count(*) from orders group by 1, 2, 3',
  'select a.id, b.id, repeat(md5(cast(a.id as varchar)), 4) t from orders a join orders b on a.id = b.customer',
  'select id, row_number() over (partition by customer order by day, id) from orders',
  'select distinct customer, quantity, amount, repeat(region, 20) from orders order by 1, 2, 3',
  'select 1 / (id - 7) from orders',
]

const collectGarbage = (): void => {
  setFlagsFromString('--expose-gc')
  ;(runInNewContext('gc') as () => void)()
}

async function runAll(session: Session, times: number): Promise<void> {
  for (let i = 0; i < times * queries.length; i++) {
    const controller = new AbortController()
    // Some are ended while they run, some fail: what they held is given back as well.
    if (i % 5 === 4) setTimeout(() => controller.abort(), 2)
    await session.sql(queries[i % queries.length]!, tables, { signal: controller.signal }).catch(() => undefined)
  }
}

const ways: readonly [string, SessionOptions][] = [
  ['on this thread, with rows on disk', { threads: 1, memoryBytes: 3 * 1024 * 1024 }],
  ['on workers', { threads: 2, inlineBytes: 0, morselBytes: 60_000, memoryBytes: 64 * 1024 * 1024 }],
]

describe('E-38: many queries leave nothing behind', () => {
  it.each(ways)(
    '%s',
    async (_, options) => {
      const session = Session.create({ ...options, spillFolder: folder })
      try {
        await runAll(session, 2)
        collectGarbage()
        const half = { touched: session.context.heap.touchedBytes, javascript: process.memoryUsage().heapUsed }
        await runAll(session, 4)
        collectGarbage()
        expect(session.pool.usedBytes).toBe(0)
        expect(session.pool.spillableUnits).toBe(0)
        expect(session.context.heap.usedBytes).toBe(0)
        expect(session.context.heap.touchedBytes).toBeLessThanOrEqual(half.touched + 1024 * 1024)
        expect(process.memoryUsage().heapUsed).toBeLessThan(half.javascript + 8e6)
        const left = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
        expect(left).toEqual([])
      } finally {
        await session.close()
      }
    },
    300_000,
  )
})
