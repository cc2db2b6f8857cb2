import { utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SqsLocal } from '@deltaworks/cloud-local'
import { S3Local } from '@deltaworks/s3-local'
import { SqsNotifications } from '@deltaworks/storage'
import * as z from 'zod/mini'
import { bigint, string, timestamp } from './column-definition.js'
import { defineLakehouse } from './lakehouse-definition.js'
import type { RunResult } from './run-result.js'
import { csvFiles, jsonFiles } from './source-definition.js'
import { defineTable } from './table-definition.js'
import { errorOf, TestLake } from './testing/test-lake.js'
import { watchLakehouse, type WatchOptions } from './watch.js'

const events = defineTable({
  name: 'events',
  layer: 'raw',
  columns: { id: bigint(), kind: string(), at: timestamp() },
  source: jsonFiles('events/**/*.json*', { maxMalformed: 1 }),
})
const seen = defineTable({
  name: 'seen',
  layer: 'processed',
  columns: { id: bigint().primaryKey(), kind: string() },
  from: { events },
  build: (inputs) => inputs.events.select('id', 'kind'),
})
const stream = defineLakehouse({
  name: 'stream',
  description: 'For tests.',
  tables: [events, seen],
  configuration: z.strictObject({}),
  environments: '.',
})
const event = (id: number): string => `{"id":${id},"kind":"sale","at":"2026-01-01T00:00:00Z"}\n`

describe('M-012: watching a landing zone', () => {
  let lake: TestLake
  let stop: AbortController
  beforeEach(() => {
    lake = new TestLake()
    stop = new AbortController()
  })
  afterEach(() => lake.close())

  const watch = (more: Partial<WatchOptions> = {}) => {
    const { nowMicros: _, ...options } = lake.options(stream)
    return watchLakehouse({ ...options, intervalMs: 20, stop: stop.signal, ...more })
  }
  const ids = async () => (await lake.rows('processed/seen', 'id')).map((row) => (JSON.parse(row) as { id: number }).id)
  const sorted = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b)

  it('M-013 M-012: event records that arrive are in the tables built from them, each once, and the stop is clean', async () => {
    let next = 1
    const batches: RunResult[] = []
    lake.land('events/0.json', event(0))
    const summary = await watch({
      onBatch: (result) => {
        batches.push(result)
        if (next > 5) stop.abort()
        else lake.land(`events/${next}.json`, event(next++))
      },
    })
    expect(summary).toEqual({ batches: 6, failures: 0 })
    expect(sorted(await ids())).toEqual([0, 1, 2, 3, 4, 5])
    expect(batches.every((result) => result.files.filter((file) => file.state === 'new').length === 1)).toBe(true)
    expect(await lake.version('raw/events')).toBe(5)
  })

  it('M-012 M-011: a restart doubles nothing, and goes on with what came meanwhile', async () => {
    lake.land('events/1.json', event(1))
    await watch({ onBatch: () => stop.abort() })
    lake.land('events/2.json', event(2))
    stop = new AbortController()
    const summary = await watch({ onBatch: () => stop.abort() })
    expect([summary.batches, sorted(await ids())]).toEqual([1, [1, 2]])
  })

  it('M-012: many files go in batches of bounded size, those that came first before the others', async () => {
    for (let id = 0; id < 25; id++) {
      lake.land(`events/${id}.json`, event(id))
      utimesSync(join(lake.landing, `events/${id}.json`), 1000 + (25 - id), 1000 + (25 - id))
    }
    const sizes: number[] = []
    await watch({
      maxFiles: 10,
      onBatch: async ({ files }) => {
        sizes.push(files.filter((file) => file.state === 'new').length)
        if (sizes.length === 1) expect(sorted(await ids())).toEqual(Array.from({ length: 10 }, (_, i) => 15 + i))
        if (sizes.length === 3) stop.abort()
      },
    })
    expect(sizes).toEqual([10, 10, 5])
    expect(await ids()).toHaveLength(25)
  })

  it('M-012: nothing is run while nothing changes', async () => {
    lake.land('events/1.json', event(1))
    let looked = 0
    setTimeout(() => stop.abort(), 400)
    await watch({
      clock: () => {
        looked++
        return BigInt(Date.now()) * 1000n
      },
    })
    expect(looked).toBe(1)
  })

  it('M-012: a file that is still being written waits until it is left alone', async () => {
    const young = join(lake.landing, 'events-young.json')
    lake.land('events/1.json', event(1))
    utimesSync(join(lake.landing, 'events/1.json'), 1000, 1000)
    lake.land('events/2.json', event(2))
    // Written to until the first batch is done, however long that takes.
    utimesSync(join(lake.landing, 'events/2.json'), Date.now() / 1000 + 3600, Date.now() / 1000 + 3600)
    writeFileSync(young, '')
    const found: number[] = []
    await watch({
      settleMs: 300,
      onBatch: async () => {
        found.push((await ids()).length)
        if (found.length === 2) stop.abort()
        else utimesSync(join(lake.landing, 'events/2.json'), Date.now() / 1000, Date.now() / 1000)
      },
    })
    expect(found).toEqual([1, 2])
  })

  it('M-012: a batch that fails is tried again, told, and given up after so many; a wrong definition at once', async () => {
    lake.land('events/1.json', event(1))
    let failed = 0
    await watch({
      onBatch: () => {
        lake.land('events/0.json.gz', 'this is not gzip')
      },
      onFailure: () => {
        if (++failed === 2) stop.abort()
      },
    })
    expect([failed, await ids()]).toEqual([2, [1]])
    stop = new AbortController()
    expect(await errorOf(() => watch({ maxFailures: 1 }))).toMatchObject({ code: 'DW-LAKEHOUSE-0015' })
  })

  it('M-012: a mistake of usage ends it at once', async () => {
    const nothing = defineTable({
      name: 'nothing',
      layer: 'raw',
      columns: { a: string() },
      source: csvFiles('none*.csv'),
    })
    const broken = defineLakehouse({ ...stream, name: 'broken', tables: [nothing] })
    expect(await errorOf(() => watch({ lakehouse: broken }))).toMatchObject({ code: 'DW-LAKEHOUSE-0006' })
  })
})

describe('D-88 M-012: watching a bucket that tells of its objects by a queue', () => {
  it('ingests what is told, once, without listing; messages go when their rows are committed', async () => {
    process.env['AWS_ACCESS_KEY_ID'] = 'test'
    process.env['AWS_SECRET_ACCESS_KEY'] = 'test12345'
    const server = await S3Local.start({ buckets: ['landing', 'lake'] })
    const queue = await SqsLocal.start({ visibilityMs: 200 })
    process.env['DELTAWORKS_S3_ENDPOINT'] = server.endpoint
    const lake = new TestLake()
    try {
      const bucket = server.buckets.get('landing')!
      const put = (key: string, body: string): void =>
        void bucket.put(key, Buffer.from(body), {}, { ifMatch: undefined, ifNoneMatch: undefined })
      put('shop/events/0.json', event(0))
      const stop = new AbortController()
      let batches = 0
      const listings = (): number =>
        server.requests.filter((request) => request.operation === 'ListObjectsV2' && request.bucket === 'landing')
          .length
      let listed = 0
      const { nowMicros: _, ...options } = lake.options(stream)
      await watchLakehouse({
        ...options,
        landing: 's3://landing/shop',
        intervalMs: 1000,
        notifications: new SqsNotifications(queue.queueUrl),
        stop: stop.signal,
        onBatch: () => {
          batches++
          if (batches === 1) {
            listed = listings()
            put('shop/events/a b+é.json', event(1))
            queue.sendCreated('landing', 'shop/events/a b+é.json')
            // Told twice, of another folder, of a file that is gone, of nothing.
            queue.sendCreated('landing', 'shop/events/a b+é.json')
            queue.sendCreated('landing', 'elsewhere/events/9.json')
            queue.sendCreated('landing', 'shop/events/gone.json')
            queue.send('{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"landing"}')
            queue.send('not ours')
          } else if (batches === 2) {
            put('shop/events/2.json', event(2))
            const detail = { bucket: { name: 'landing' }, object: { key: 'shop/events/2.json' } }
            queue.send(JSON.stringify({ 'detail-type': 'Object Created', detail }))
          } else stop.abort()
        },
      })
      expect(await lake.rows('processed/seen', 'id')).toEqual(['{"id":0}', '{"id":1}', '{"id":2}'])
      expect(listings()).toBe(listed)
      // What is no event stays, and so does what was told while the last batch ran.
      expect(queue.size).toBe(1)
    } finally {
      delete process.env['DELTAWORKS_S3_ENDPOINT']
      await lake.close()
      await queue.stop()
      await server.stop()
    }
  })
})
