import { defineLakehouse, type LakehouseDefinition } from '../lakehouse-definition.js'
import { runRecorded } from '../runs/recorded-run.js'
import { orderLines, shopConfiguration, smallShop } from '../testing/small-shop.js'
import { TestLake } from '../testing/test-lake.js'
import type { StepHistory } from '../runs/step-history.js'
import type { RunResult } from '../run-result.js'
import type { AlertsConfiguration } from '../operations/operations-configuration.js'
import { alertFacts } from './alert-facts.js'
import {
  alertRuleProblem,
  onAnomaly,
  onFailure,
  onQuality,
  onResources,
  onSlow,
  onStale,
  onThreshold,
} from './alert-rule.js'
import { readAlertLedger } from './alert-ledger.js'
import { judgeAlerts, type AlertFacts } from './judge-alerts.js'
import { isQuiet } from './quiet-hours.js'
import { confirmAlerts, settleAlerts } from './settle-alerts.js'
import { verdict } from './alert-verdict.js'

const hour = 3_600_000

const smallShopWith = (alerts: LakehouseDefinition['alerts']): LakehouseDefinition =>
  defineLakehouse({ ...smallShop(), alerts })

describe('alert rules', () => {
  const lake = new TestLake()
  afterAll(() => lake.close())
  let result: RunResult

  beforeAll(async () => {
    lake.land(
      'orders-1.csv',
      orderLines('1,pen,2,1.50,2025-12-31', '2,ink,-1,4.00,2025-12-31', '3,pen,12,1.50,2026-01-01'),
    )
    const run = await runRecorded({ ...lake.options(smallShop(), shopConfiguration), environment: 'test' })
    result = (run as { result: RunResult }).result
  })

  const facts = (change: Partial<AlertFacts> = {}): AlertFacts => ({
    task: 'run',
    result,
    error: null,
    unfinished: null,
    history: new Map(),
    pressures: [],
    changedMs: new Map(),
    nowMs: 0,
    ...change,
  })
  const firing = (rule: Parameters<typeof judgeAlerts>[0][number], change: Partial<AlertFacts> = {}) =>
    judgeAlerts([rule], facts(change)).filter((v) => v.firing)

  it('M-095 M-096 M-098: failures, quality, bounds, pressure and freshness fire for what they name, and for nothing else', () => {
    expect(firing(onFailure())).toEqual([])
    expect(firing(onFailure(), { result: null, error: { code: 'DW-X-1', message: 'no disk' } })).toMatchObject([
      { key: 'failure:run', severity: 'critical', detail: 'no disk' },
    ])
    expect(firing(onFailure(), { unfinished: '20260101' })).toMatchObject([{ key: 'failure:unfinished' }])
    const broken = { task: 'maintenance' as const, result: null, error: { code: 'DW-X-1', message: '' } }
    expect(firing(onFailure(), broken)).toMatchObject([{ key: 'failure:maintenance' }])
    expect(judgeAlerts([onFailure()], facts({ ...broken, error: null }))).toMatchObject([{ firing: false }])
    expect(judgeAlerts([onFailure()], facts({ ...broken, task: 'check' }))).toEqual([])
    expect(firing(onQuality('critical'))).toEqual([])
    expect(firing(onQuality('warning'))).toMatchObject([{ key: 'quality_warning:orders:quantity_is_positive' }])
    expect(firing(onThreshold('rowsQuarantined', { above: 0 }))).toHaveLength(1)
    expect(firing(onThreshold('rowsQuarantined', { above: 1 }))).toEqual([])
    expect(firing(onThreshold('rowsOut', { table: 'days', below: 3 }))).toHaveLength(1)
    expect(firing(onThreshold('quarantinedShare', { above: 0.5 }))).toEqual([])
    const pressure = { resource: 'memory', share: 0.91, used: '910 MiB', limit: '1,000 MiB' }
    expect(firing(onResources(), { pressures: [pressure] })).toMatchObject([{ key: 'resources:memory' }])
    const spilled = { ...pressure, resource: 'spill' }
    expect(firing(onResources(), { pressures: [spilled] })).toMatchObject([{ key: 'resources:spill' }])
    const usage = { spilledBytes: 9e9, temporaryBytes: 4e9, memoryBytes: 1e9 }
    const heavy = { result: { ...result, usage } }
    expect(firing(onThreshold('spilledBytes', { above: 8e9 }), heavy)).toMatchObject([
      { title: 'Run: bytes spilled to disk 9,000,000,000, more than 8,000,000,000' },
    ])
    expect(firing(onThreshold('temporaryBytes', { above: 8e9 }), heavy)).toEqual([])
    expect(firing(onThreshold('spilledBytes', { above: 0 }))).toEqual([])
    expect(alertRuleProblem([onThreshold('spilledBytes', { table: 'days', above: 1 })], new Set(['days']))).toMatch(
      /of the run as a whole/,
    )
    const stale = onStale('days', { hours: 24 })
    expect(firing(stale, { changedMs: new Map([['days', 0]]), nowMs: 25 * hour })).toHaveLength(1)
    expect(firing(stale, { changedMs: new Map([['days', 0]]), nowMs: 23 * hour })).toEqual([])
    expect(firing(stale, { changedMs: new Map([['days', null]]) })).toMatchObject([{ title: 'days is not there' }])
  })

  it('M-097: a step is slow, and a table out of the ordinary, against its own history', () => {
    const step = result.steps.find((s) => s.step === 'build days')!
    const took = step.endMs - step.startMs
    const usual = (mean: number, runs = 10, rows = step.rowsOut): StepHistory => {
      const none = { mean: 0, deviation: 0 }
      const figures = { runs, durationMs: { mean, deviation: mean / 20 }, rowsIn: none, rowsQuarantined: none }
      return new Map([['build days', { ...figures, rowsOut: { mean: rows, deviation: 1 } }]])
    }
    const slow = onSlow({ leastMs: 0 })
    expect(firing(slow, { history: usual(took / 2) })).toMatchObject([{ key: 'slow:build days' }])
    expect(firing(slow, { history: usual(took) })).toEqual([])
    expect(firing(slow, { history: usual(took / 2, 4) })).toEqual([])
    expect(firing(onAnomaly('days'), { history: usual(took, 10, step.rowsOut + 50) })).toHaveLength(1)
    expect(firing(onAnomaly('days'), { history: usual(took, 10, step.rowsOut + 2) })).toEqual([])
  })

  it('M-095: facts are gathered for the rules that ask for them: history without this run, the last change of a table', async () => {
    const lakehouse = { ...smallShop(), alerts: [onFailure(), onSlow(), onStale('days', { hours: 1 })] }
    const root = `file://${lake.root}`
    const gathered = await alertFacts({ lakehouse, session: lake.session, root, result, error: null })
    expect(gathered.history.size).toBe(0)
    expect([...gathered.changedMs.keys()]).toEqual(['days'])
    expect(gathered.unfinished).toBeNull()
    expect(Math.abs(Date.now() - gathered.changedMs.get('days')!)).toBeLessThan(600_000)
    const other = { ...result, runId: 'another' }
    const later = await alertFacts({ lakehouse, session: lake.session, root, result: other, error: null })
    expect(later.history.get('build days')).toMatchObject({ runs: 1, rowsOut: { mean: 2 } })
  })

  it('a rule about a table that is not there, or without a bound, is told with the definition', () => {
    expect(() => smallShopWith([onStale('dyas', { hours: 1 })])).toThrow(/freshness_dyas.*"dyas"/)
    expect(() => smallShopWith([onThreshold('rowsIn', {})])).toThrow(/no bound/)
    expect(() => smallShopWith([onFailure(), onFailure()])).toThrow(/two alert rules have the id "failure"/)
  })
})

describe('notices', () => {
  const lake = new TestLake()
  afterAll(() => lake.close())
  const root = () => `file://${lake.root}`
  const rule = onFailure()
  const failing = verdict(rule, 'build days', { firing: true, title: 'build days failed' })
  const fine = verdict(rule, 'build days', { firing: false, title: 'build days: done' })
  const slack = { kind: 'slack' as const, url: { variable: 'X' } }
  const to = (change: Partial<AlertsConfiguration> = {}): AlertsConfiguration => ({
    channels: { team: slack },
    ...change,
  })
  let clock = 0
  /** One settlement whose notices are delivered. */
  const settle = async (verdicts: Parameters<typeof settleAlerts>[1], configuration = to(), delivered = true) => {
    const told = await settleAlerts(root(), verdicts, configuration, clock)
    await confirmAlerts(
      root(),
      told.map((notices) => ({ ...notices, delivered })),
      clock,
    )
    return told.flatMap(({ channel, notices }) => notices.map(({ kind }) => `${channel} ${kind}`))
  }

  it('O-15: trouble is told once, again after a day, and its end once', async () => {
    clock = 1_000 * hour
    expect(await settle([failing])).toEqual(['team opened'])
    clock += hour
    expect(await settle([failing])).toEqual([])
    clock += 24 * hour
    expect(await settle([failing])).toEqual(['team reminder'])
    expect(await settle([])).toEqual([])
    expect(await settle([fine])).toEqual(['team recovered'])
    expect(await settle([fine])).toEqual([])
    expect((await readAlertLedger(root())).alerts).toEqual([])
  })

  it('O-15: what was not delivered is told the next time; whoever tells is not told twice', async () => {
    expect(await settle([failing], to(), false)).toEqual(['team opened'])
    expect(await settle([failing])).toEqual(['team opened'])
    expect(await settle([fine])).toEqual(['team recovered'])
    const [one, other] = await Promise.all([1, 2].map(() => settleAlerts(root(), [failing], to(), clock)))
    expect([one!.length, other!.length].sort()).toEqual([0, 1])
    // Its process died over it: after ten minutes another tells.
    clock += hour / 4
    expect(await settle([failing])).toEqual(['team opened'])
    expect(await settle([fine])).toEqual(['team recovered'])
  })

  it('O-15: severities and names route; quiet hours hold back what is not critical', async () => {
    const warning = verdict(onQuality('warning'), 'a:b', { firing: true, title: 'a' })
    const quietHours = { from: '22:00', to: '07:00', timezone: 'UTC', except: ['critical' as const] }
    const both = to({ channels: { team: slack, pager: { ...slack, severities: ['critical'] } }, quietHours })
    clock = Date.UTC(2026, 0, 1, 23)
    expect((await settle([failing, warning], both)).sort()).toEqual(['pager opened', 'team opened'])
    clock = Date.UTC(2026, 0, 2, 8)
    expect(await settle([], both)).toEqual(['team opened'])
    expect(await settle([fine, { ...warning, firing: false }], both)).toHaveLength(3)
    const passed = verdict(onQuality('warning'), 'c:d', { firing: true, title: 'c' })
    clock = Date.UTC(2026, 0, 2, 23)
    expect(await settle([passed], both)).toEqual([])
    expect(await settle([{ ...passed, firing: false }], both)).toEqual([])
    clock = Date.UTC(2026, 0, 3, 8)
    expect(await settle([], both)).toEqual([])
    const named = verdict({ ...rule, channels: ['pager'] }, 'x', { firing: true, title: 'x' })
    expect(await settle([named], both)).toEqual(['pager opened'])
  })

  it('quiet hours are those of a time zone, also over midnight', () => {
    const london = { from: '22:00', to: '07:00', timezone: 'Europe/London' }
    expect(isQuiet(london, Date.UTC(2026, 6, 1, 21, 30))).toBe(true)
    expect(isQuiet(london, Date.UTC(2026, 6, 1, 20, 30))).toBe(false)
    expect(isQuiet({ ...london, from: '12:00', to: '13:00' }, Date.UTC(2026, 0, 1, 12, 59))).toBe(true)
    expect(isQuiet({ ...london, from: '12:00', to: '13:00' }, Date.UTC(2026, 0, 1, 13, 0))).toBe(false)
  })
})
