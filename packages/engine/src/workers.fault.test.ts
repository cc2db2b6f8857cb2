import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, describe, expect, it } from '@jest/globals'
import { parseQuery, type LogicalPlan } from '@deltaworks/plan'
import { Session } from './session.js'
import { workerEntry } from './scheduler/worker-entry.js'
import { segmentTables, testTables } from './testing.js'

const folder = mkdtempSync(join(tmpdir(), 'deltaworks-engine-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const tables = segmentTables(testTables(2000), 101)
const onWorkers = { threads: 2, inlineBytes: 0, morselBytes: 1 }

/** A worker that ends itself before or behind the n-th message of a kind: `once` the first that gets there, or every one. */
function dyingWorker(name: string, when: 'before' | 'behind', kind: string, n: number, once: boolean): string {
  const file = join(folder, `${name}.mjs`)
  writeFileSync(
    file,
    `import { existsSync, writeFileSync } from 'node:fs'
import run from ${JSON.stringify(pathToFileURL(workerEntry()).href)}
const flag = ${JSON.stringify(join(folder, `${name}.died`))}
let seen = 0
const dies = (kind) => kind === '${kind}' && ++seen >= ${n} && !(${once} && existsSync(flag))
export default async (task) => {
  const { port } = task
  seen = 0
  if (port !== null) {
    const post = port.postMessage.bind(port)
    port.postMessage = (message) => {
      const isLast = dies(message.kind)
      if (isLast) writeFileSync(flag, '')
      if (!isLast || ${when === 'behind'}) post(message)
      if (isLast) process.exit(3)
    }
    return run(task)
  }
  // What it has done comes with its result alone.
  const result = await run(task)
  if (${when === 'before'} && dies('done')) {
    writeFileSync(flag, '')
    process.exit(3)
  }
  return result
}
`,
  )
  return file
}

const died = (name: string): boolean => existsSync(join(folder, `${name}.died`))

async function planOf(query: string): Promise<LogicalPlan> {
  const plan = await parseQuery(query, {
    table: (name) => tables[name.join('.')],
    tableFunction: async () => undefined,
  })
  return plan
}

const totals = 'select region, count(*) n, sum(amount) s from orders group by region order by region'

describe('a worker that dies', () => {
  it.each(['before', 'behind'] as const)(
    'M-134: %s a morsel is told, its task is done by another: no row is lost or doubled',
    async (when) => {
      const session = Session.create({ ...onWorkers, workerFile: dyingWorker(when, when, 'done', 1, true) })
      try {
        const expected = await Session.create({ threads: 1 }).sql(totals, tables)
        expect((await session.sql(totals, tables)).rows).toEqual(expected.rows)
        const { rows } = await session.collect(await planOf('select id from orders'))
        expect(rows.map(([id]) => id)).toEqual(Array.from({ length: 2000 }, (_, i) => BigInt(i + 1)))
        expect(died(when)).toBe(true)
        expect(session.pool.usedBytes).toBe(0)
      } finally {
        await session.close()
      }
    },
  )

  it('while it writes files: what is left are the files of the result', async () => {
    const session = Session.create({ ...onWorkers, workerFile: dyingWorker('file', 'behind', 'file', 2, true) })
    const store = join(folder, 'written')
    try {
      const { files, rowCount } = await session.writeFiles(await planOf('select * from orders'), {
        store: pathToFileURL(store).href,
        directory: '',
        partitionBy: ['region'],
        compression: 'snappy',
        targetFileBytes: 1 << 27,
      })
      expect(died('file')).toBe(true)
      expect(rowCount).toBe(2000)
      const left = readdirSync(store, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.parquet'))
      expect(left.sort()).toEqual(files.map((file) => file.path).sort())
    } finally {
      await session.close()
    }
  })

  it('every time ends with one clear error', async () => {
    const session = Session.create({ ...onWorkers, workerFile: dyingWorker('always', 'before', 'done', 1, false) })
    try {
      await expect(session.sql(totals, tables)).rejects.toMatchObject({ code: 'DW-ENGINE-0005', fault: 'resources' })
      expect(session.pool.usedBytes).toBe(0)
    } finally {
      await session.close()
    }
  })
})

describe('cancellation', () => {
  it.each([
    ['inline', { threads: 1 }],
    ['on workers', onWorkers],
  ])('%s: an aborted signal ends the query within 100 ms, and the session goes on', async (_, options) => {
    const session = Session.create(options)
    try {
      await session.sql('select count(*) from orders', tables)
      const endless = await planOf(
        'select count(*) n from orders a, orders b, orders c where a.amount < b.amount and a.id + b.id + c.id < 0',
      )
      // The best of a few: the machine may be busy with other things.
      let soonestMs = Number.POSITIVE_INFINITY
      for (let attempt = 0; attempt < 5 && soonestMs >= 100; attempt++) {
        const abort = new AbortController()
        const running = session.collect(endless, { signal: abort.signal })
        let abortedAt = 0
        setTimeout(() => {
          abortedAt = performance.now()
          abort.abort()
        }, 20)
        await expect(running).rejects.toMatchObject({ code: 'DW-ENGINE-0002', fault: 'cancelled' })
        soonestMs = Math.min(soonestMs, performance.now() - abortedAt)
      }
      expect(soonestMs).toBeLessThan(100)
      expect((await session.sql('select count(*) from orders', tables)).rows).toEqual([[2000n]])
      expect(session.pool.usedBytes).toBe(0)
    } finally {
      await session.close()
    }
  })

  it('a signal that is aborted already starts nothing', async () => {
    const session = Session.create(onWorkers)
    const plan = await planOf('select * from orders')
    await expect(session.collect(plan, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'DW-ENGINE-0002',
    })
    await session.close()
  })
})

describe('memory', () => {
  it.each([
    ['inline', { threads: 1 }],
    ['on workers', onWorkers],
  ])('%s: a refused reservation is a typed error that names the operator, and nothing is kept', async (_, options) => {
    const session = Session.create({ ...options, memoryBytes: 600_000 })
    try {
      const sorted = `select a.id, b.name from orders a join customers b on a.id > b.id order by a.region, b.name`
      await expect(session.sql(sorted, tables)).rejects.toMatchObject({
        code: 'DW-ENGINE-0001',
        fault: 'resources',
        details: { consumer: expect.stringMatching(/Exec|Exchange/) },
      })
      expect(session.pool.usedBytes).toBe(0)
    } finally {
      await session.close()
    }
    expect(session.pool.peakBytes).toBeLessThanOrEqual(600_000 + 4096)
  })
})
