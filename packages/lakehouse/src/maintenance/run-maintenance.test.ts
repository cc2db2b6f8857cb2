import { DeltaTable } from '@deltaworks/delta-table'
import { Session } from '@deltaworks/engine'
import { scan, values } from '@deltaworks/plan'
import { openStore } from '@deltaworks/storage'
import * as z from 'zod/mini'
import { bigint, string } from '../column-definition.js'
import { defineLakehouse } from '../lakehouse-definition.js'
import { defineTable } from '../table-definition.js'
import { RunLease } from '../runs/run-lease.js'
import { readDecisions } from './decision-log.js'
import { parseUntil, windowEnd } from './maintenance-window.js'
import { runMaintenance, type MaintenanceRunOptions, type MaintenanceStepResult } from './run-maintenance.js'

const columns = { k: bigint(), v: string() }
const build = () => {
  throw new TypeError('nothing is built here')
}
const source = defineTable({
  name: 'source',
  layer: 'processed',
  columns,
  from: {},
  build,
  maintenance: { optimize: false },
})
const events = defineTable({
  name: 'events',
  layer: 'analytics',
  columns,
  from: { source },
  build,
  maintenance: { compactFrom: 4 },
})
const facts = defineTable({
  name: 'facts',
  layer: 'analytics',
  columns,
  from: { source },
  build,
  maintenance: { zorderBy: ['k'], checkpointFrom: 3, vacuumRetentionHours: 168 },
})
const daily = defineTable({
  name: 'daily',
  layer: 'analytics',
  columns,
  from: { source },
  build,
  partitionBy: ['v'],
  maintenance: { compactFrom: 4 },
})
const lakehouse = defineLakehouse({
  name: 'maintained',
  description: 'Tables for tests.',
  tables: [source, events, facts, daily],
  configuration: z.strictObject({}),
  environments: '.',
})

const day = 86_400_000
let lakes = 0

describe('maintenance run', () => {
  let session: Session
  let root: string
  beforeAll(() => {
    session = Session.create()
  })
  afterAll(() => session.close())
  beforeEach(() => {
    root = `memory://maintained-${lakes++}`
  })

  const options = (more: Partial<MaintenanceRunOptions> = {}): MaintenanceRunOptions => ({
    lakehouse,
    session,
    root,
    tables: [],
    dryRun: false,
    nowMs: Date.now(),
    untilMs: null,
    idleMs: 0,
    ...more,
  })
  const open = (table: typeof events): Promise<DeltaTable> => DeltaTable.open(session, `${root}/${table.path}`)
  /** Files in each of which the keys are spread over the whole range. */
  async function fill(table: typeof events, files: number, rows: number): Promise<void> {
    const frame = (file: number) =>
      values(
        table.schema,
        Array.from({ length: rows }, (_, i) => [BigInt(i * files + file), `value ${(i * 7919) % rows}`.repeat(8)]),
      )
    let made = await DeltaTable.createWith(session, `${root}/${table.path}`, frame(0), { schema: table.schema })
    for (let file = 1; file < files; file++) made = await made.append(frame(file))
  }
  const rowsOf = async (table: typeof events): Promise<string[]> =>
    (await session.collect(scan((await open(table)).provider()))).rows.map((row) => row.join(' ')).sort()
  const maintain = async (how: MaintenanceRunOptions): Promise<readonly MaintenanceStepResult[]> => {
    const done = await runMaintenance(how)
    if (done.kind === 'busy') throw new Error('another run has the lease')
    return done.result
  }
  const told = (steps: readonly MaintenanceStepResult[]) =>
    steps.map(({ table, operation, status }) => `${table} ${operation} ${status}`)

  it('O-20 M-104: only what is over its threshold is done, the most useful first, and then nothing is left', async () => {
    await fill(source, 2, 10)
    await fill(events, 8, 50)
    await fill(facts, 3, 2000)
    const before = [await rowsOf(events), await rowsOf(facts)]
    const planned = await maintain(options({ dryRun: true }))
    expect(told(planned)).toEqual(['events optimize would run', 'facts zorder would run', 'facts checkpoint would run'])
    expect((await open(events)).version).toBe(7)
    const done = await maintain(options())
    expect(told(done)).toEqual(['events optimize done', 'facts zorder done', 'facts checkpoint done'])
    expect([await rowsOf(events), await rowsOf(facts)]).toEqual(before)
    expect(told(await maintain(options()))).toEqual([])
    await (await open(facts)).append(values(facts.schema, [[1n, 'x']]))
    // One row more is no reason to order all of them again.
    expect(told(await maintain(options({ tables: ['facts'] })))).toEqual([])
  })

  it('N-09: the dry run tells files, bytes and scanned bytes as the run then makes them', async () => {
    await fill(events, 6, 400)
    await fill(facts, 4, 400)
    const planned = await maintain(options({ dryRun: true }))
    const done = await maintain(options())
    for (const [i, step] of done.entries()) {
      if (step.operation === 'checkpoint') continue
      expect(step.saved!.filesBefore).toBe(planned[i]!.expected.filesBefore)
      expect(step.saved!.filesAfter).toBe(planned[i]!.expected.filesAfter)
      expect(step.saved!.bytesRewritten).toBe(planned[i]!.expected.bytesRewritten)
    }
    const zorder = done.find(({ operation }) => operation === 'zorder')!
    const size = zorder.expected.scannedBytesBefore!
    // Every file holds nearly every key range, so a query opens most of them.
    expect(size).toBeGreaterThan(zorder.saved!.bytesRewritten / 2)
    // What a query opens of the table. Rows in order are smaller, too, which nobody knows before.
    const after = (await open(facts)).detail().sizeInBytes
    const expected = zorder.expected.scannedBytesAfter! / zorder.expected.bytesRewritten
    expect(Math.abs(zorder.saved!.scannedBytesAfter! / after - expected)).toBeLessThan(0.2)
  })

  it('M-070 M-124: VACUUM frees what the dry run said, a week later', async () => {
    await fill(events, 5, 20)
    await maintain(options())
    const nowMs = Date.now() + 8 * day
    const [planned] = (await maintain(options({ dryRun: true, nowMs }))).filter((s) => s.operation === 'vacuum')
    const [done] = (await maintain(options({ nowMs }))).filter((s) => s.operation === 'vacuum')
    expect(planned!.expected.bytesFreed).toBeGreaterThan(0)
    expect(done!.saved!.bytesFreed).toBe(planned!.expected.bytesFreed)
    expect(await rowsOf(events)).toHaveLength(100)
  })

  it('M-124: outside of its window nothing begins; a table that is being written is left alone; a later run goes on', async () => {
    await fill(events, 5, 20)
    await fill(facts, 3, 20)
    const closed = await maintain(options({ untilMs: Date.now() - 1 }))
    expect(closed.map(({ status }) => status)).toEqual(['postponed', 'postponed', 'postponed'])
    expect((await open(events)).version).toBe(4)
    const busy = await maintain(options({ idleMs: 60_000 }))
    expect(busy.map(({ status }) => status)).toEqual(['busy', 'busy', 'busy'])
    expect((await open(events)).version).toBe(4)
    // The clock reaches the window's end after the first step.
    let calls = 0
    const clock = () => (calls++ === 0 ? 0 : 1e15)
    const first = await maintain(options({ untilMs: 1e6, clock }))
    expect(first.map(({ status }) => status)).toEqual(['done', 'postponed', 'postponed'])
    const rest = await maintain(options())
    expect(rest.map(({ status }) => status)).toEqual(['done', 'done'])
  })

  it('O-20: the budget goes to the most useful steps; what it has no room for is left, and the next run does it', async () => {
    await fill(events, 8, 50)
    await fill(facts, 3, 2000)
    const [first, second] = await maintain(options({ dryRun: true }))
    expect([first!.table, second!.table]).toEqual(['events', 'facts'])
    expect(first!.benefit).toBeGreaterThan(second!.benefit)
    const maxBytes = first!.expected.bytesRewritten + second!.expected.bytesRewritten - 1
    expect(told(await maintain(options({ dryRun: true, maxBytes })))).toEqual([
      'events optimize would run',
      'facts zorder postponed',
      'facts checkpoint would run',
    ])
    const done = await maintain(options({ maxBytes }))
    expect(told(done)).toEqual(['events optimize done', 'facts zorder postponed', 'facts checkpoint done'])
    expect(done[1]!.reason).toMatch(/^it writes [\d.]+ MB again, the budget has [\d.]+ MB left$/)
    expect((await open(facts)).version).toBe(2)
    expect(told(await maintain(options({ maxBytes: 0 })))).toEqual(['facts zorder postponed'])
    expect(told(await maintain(options({ maxBytes })))).toEqual(['facts zorder done'])
  })

  it('O-20: a table that is larger than the budget is put together in parts, a part a run', async () => {
    const frame = (file: number) =>
      values(
        daily.schema,
        ['a', 'b', 'c'].map((v) => [BigInt(file), v]),
      )
    const settings = { schema: daily.schema, partitionBy: ['v'] }
    let made = await DeltaTable.createWith(session, `${root}/${daily.path}`, frame(0), settings)
    for (let file = 1; file < 5; file++) made = await made.append(frame(file))
    const rows = await rowsOf(daily)
    const [planned] = await maintain(options({ dryRun: true, tables: ['daily'] }))
    const maxBytes = Math.ceil(planned!.expected.bytesRewritten / 2.5)
    const runs: string[] = []
    let bytes = 0
    for (let run = 0; run < 3; run++) {
      for (const step of await maintain(options({ maxBytes, tables: ['daily'] }))) {
        expect(step.saved!.bytesRewritten).toBeLessThanOrEqual(maxBytes)
        bytes += step.saved!.bytesRewritten
        runs.push(step.status)
      }
    }
    expect(runs).toEqual(['in part', 'in part', 'done'])
    expect(bytes).toBe(planned!.expected.bytesRewritten)
    expect((await open(daily)).detail().numFiles).toBe(3)
    expect(await rowsOf(daily)).toEqual(rows)
  })

  it('O-20: two runs at once: one maintains, one says who does and changes nothing', async () => {
    await fill(events, 6, 20)
    const both = await Promise.all([runMaintenance(options()), runMaintenance(options())])
    expect(both.map(({ kind }) => kind).sort()).toEqual(['busy', 'ran'])
    expect(await openStore(root).list('operations/leases')).toEqual([])
    await fill(facts, 3, 20)
    const outcome = await RunLease.acquire(openStore(root), { runId: 'another', name: 'maintenance' })
    if (outcome.kind !== 'held') throw new Error('nobody has the lease')
    expect(await runMaintenance(options())).toMatchObject({ kind: 'busy', holder: { runId: 'another' } })
    expect((await open(facts)).version).toBe(2)
    // What writes nothing needs no lease.
    expect(told(await maintain(options({ dryRun: true })))).toContain('facts zorder would run')
    await outcome.lease.release()
    expect(told(await maintain(options()))).toContain('facts zorder done')
  })

  it('O-20: what was decided about each table stays in the lake: policy, figures, reason, cost and benefit', async () => {
    await fill(events, 6, 50)
    await fill(facts, 2, 50)
    expect(await readDecisions(session, root, { tables: [], limit: 10, all: true })).toEqual([])
    await maintain(options({ dryRun: true }))
    expect(await openStore(root).list('operations')).toEqual([])
    const nowMs = Date.now()
    const [planned] = await maintain(options({ dryRun: true }))
    await maintain(options({ nowMs, maxBytes: planned!.expected.bytesRewritten }))
    const log = await readDecisions(session, root, { tables: [], limit: 10, all: true })
    expect(log.map(({ table, operation, decision, reason }) => [table, operation, decision, reason])).toEqual([
      ['events', 'checkpoint', 'not due', 'commits since the checkpoint: 6, due from 10 on'],
      ['events', 'optimize', 'done', 'small files: 6, due from 4 on'],
      ['events', 'vacuum', 'not due', 'files past retention: 0, due from 1 on'],
      ['facts', 'checkpoint', 'not due', 'commits since the checkpoint: 2, due from 3 on'],
      ['facts', 'vacuum', 'not due', 'files past retention: 0, due from 1 on'],
      ['facts', 'zorder', 'postponed', expect.stringMatching(/^it writes/)],
    ])
    expect(log[1]).toMatchObject({
      decidedMs: nowMs,
      measured: 6,
      threshold: 4,
      version: 5,
      filesBefore: 6,
      filesAfter: 1,
      bytesRewritten: planned!.expected.bytesRewritten,
      benefit: planned!.benefit,
    })
    expect(JSON.parse(log[1]!.policy)).toMatchObject({ compactFrom: 4, vacuumRetentionHours: 168 })
    expect(log[5]).toMatchObject({ measured: 1, threshold: 0.1, bytesRewritten: null, seconds: null })
    await maintain(options({ nowMs: nowMs + 1000, maxBytes: 0 }))
    const newest = await readDecisions(session, root, { tables: ['facts'], limit: 1, all: false })
    expect(newest).toMatchObject([{ decidedMs: nowMs + 1000, table: 'facts', decision: 'postponed' }])
  })

  it('O-20: a step that fails ends the run with its error, and the log says which, and what was left', async () => {
    await fill(events, 6, 50)
    await fill(facts, 3, 2000)
    const files = (await openStore(root).list(events.path)).filter(({ path }) => path.endsWith('.parquet'))
    await openStore(root).delete([files[0]!.path])
    await expect(runMaintenance(options())).rejects.toThrow(/not there|not found|no object/i)
    const log = await readDecisions(session, root, { tables: [], limit: 10, all: false })
    expect(log.map(({ table, decision, reason }) => [table, decision, reason])).toEqual([
      ['events', 'failed', expect.stringMatching(/^DW-[A-Z]+-\d{4}: /)],
      ['facts', 'postponed', 'the run ended before it'],
      ['facts', 'postponed', 'the run ended before it'],
    ])
    expect(await openStore(root).list('operations/leases')).toEqual([])
  })

  it('M-124: windows and ends', () => {
    const at = (text: string): number => new Date(`2026-03-10T${text}:00`).getTime()
    expect(parseUntil('90m', 0)).toBe(90 * 60_000)
    expect(parseUntil('2h', 1)).toBe(7_200_001)
    expect(parseUntil('04:00', at('03:00'))).toBe(at('04:00'))
    expect(parseUntil('04:00', at('05:00'))).toBe(new Date('2026-03-11T04:00:00').getTime())
    expect(parseUntil('2026-03-10T12:00:00Z', 0)).toBe(Date.UTC(2026, 2, 10, 12))
    expect(windowEnd('22:00-04:00', at('23:00'))).toBe(new Date('2026-03-11T04:00:00').getTime())
    expect(windowEnd('22:00-04:00', at('03:59'))).toBe(at('04:00'))
    expect(windowEnd('22:00-04:00', at('12:00'))).toBeNull()
    expect(windowEnd('01:00-04:00', at('04:00'))).toBeNull()
    for (const text of ['', 'soon', '25:00', '9999999m', '1-2']) {
      expect(() => parseUntil(text, 0)).toThrow(expect.objectContaining({ code: 'DW-LAKEHOUSE-0049' }))
    }
    for (const text of ['', '22:00', '22:00-22:00', '22-04', '1:00-02:00', '01:00-02:00-03:00']) {
      expect(() => windowEnd(text, 0)).toThrow(expect.objectContaining({ code: 'DW-LAKEHOUSE-0049' }))
    }
  })
})
