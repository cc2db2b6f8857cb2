import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { agg, col } from '@deltaworks/expression'
import {
  customSql,
  hasRowCount,
  isContainedIn,
  isPositive,
  isStable,
  relativeRateOfChange,
  TableMetricsRepository,
  type Rule,
} from '@deltaworks/quality'
import * as z from 'zod/mini'
import { integer, string } from './column-definition.js'
import { DeltaMetrics, metricsPath } from './delta-metrics.js'
import type { QualityFailure } from './events.js'
import { defineLakehouse, type LakehouseDefinition } from './lakehouse-definition.js'
import { runLakehouse } from './run.js'
import { csvFiles } from './source-definition.js'
import { defineTable } from './table-definition.js'
import { TestLake, testClock } from './testing/test-lake.js'
import { merge, overwrite, type WriteMode } from './write-mode.js'

/** Words land, are counted by word, and what is counted is judged. */
function words(
  rules: { readonly landed?: readonly Rule[]; readonly counted?: readonly Rule[] },
  write: WriteMode = overwrite(),
): LakehouseDefinition {
  const raw = defineTable({
    name: 'words',
    layer: 'raw',
    columns: { word: string(), n: integer() },
    source: csvFiles('words*.csv'),
    quality: () => rules.landed ?? [],
  })
  const counts = defineTable({
    name: 'counts',
    layer: 'processed',
    columns: { word: string(), n: integer() },
    from: { raw },
    build: (inputs) => inputs.raw.groupBy('word').agg({ n: agg.max(col('n')) }),
    write,
    quality: () => rules.counted ?? [],
  })
  return defineLakehouse({
    name: 'words',
    description: 'Words.',
    tables: [raw, counts],
    configuration: z.strictObject({}),
    environments: '.',
  })
}

describe('rules of built tables', () => {
  let lake: TestLake
  beforeEach(() => {
    lake = new TestLake()
    lake.land('words.csv', 'word,n\na,1\nb,-2\nc,3\nd,-4\ne,5\n')
  })
  afterEach(() => lake.close())
  const words5 = () => lake.rows('processed/counts')
  const run = (lakehouse: LakehouseDefinition, options: object = {}, now = testClock) =>
    runLakehouse({ ...lake.options(lakehouse, {}, now), ...options })

  it.each([
    ['few rows', {}, overwrite()],
    ['many rows', { inMemoryBytes: 0 }, overwrite()],
    ['rows that are merged', { inMemoryBytes: 0 }, merge({ on: ['word'] })],
  ])('Q-60 Q-61: %s: refused ones wait in quarantine, in = out + quarantined + dropped', async (_, options, mode) => {
    const rules = [
      isPositive('n').quarantine(),
      isContainedIn('word', ['a', 'b', 'c', 'd']).drop(),
      isContainedIn('word', ['a', 'b']).named('early').flag(),
    ]
    const result = await run(words({ counted: rules }, mode), options)
    expect((await words5()).sort()).toEqual(['{"word":"a","n":1}', '{"word":"c","n":3}'])
    const waiting = (await lake.rows('quality/quarantine')).map((line) => JSON.parse(line) as Record<string, unknown>)
    const told = waiting.map((row) => [row['disposition'], row['table_name'], row['rules'], row['record']].join(' '))
    expect(told.sort()).toEqual([
      'flagged counts early {"word":"c","n":3}',
      'refused counts positive:n {"word":"b","n":-2}',
      'refused counts positive:n {"word":"d","n":-4}',
    ])
    expect(new Set(waiting.map((row) => row['source_file']))).toEqual(new Set(['processed/counts']))
    expect(result.quality.find(({ rule }) => rule === 'positive:n')).toMatchObject({ rowsFailed: 2 })
    expect(result.quarantined).toBe(3)
  })

  it('M-025 N-05: many rows: a failed critical rule publishes nothing, and its rows wait', async () => {
    const result = await run(words({ counted: [isPositive('n').critical().quarantine()] }), { inMemoryBytes: 0 })
    expect(result.status).toBe('quality_failed')
    expect(lake.files().filter((file) => file.includes('processed') && file.endsWith('.parquet'))).toEqual([])
    expect(await lake.count('quality/quarantine')).toBe(2)
  })

  it('Q-36: rows that a statement does not select are refused', async () => {
    const rule = customSql('select word, n from primary where n > 0').named('selected').quarantine()
    await run(words({ landed: [rule] }))
    expect((await lake.rows('quality/quarantine')).length).toBe(2)
    expect((await words5()).length).toBe(3)
  })

  it('Q-28 Q-46: runs keep their metrics, and rules look back at earlier ones', async () => {
    const stable = isStable(
      hasRowCount({ atLeast: 0 }),
      relativeRateOfChange({ minimum: 0.5, maximum: 1.5 }),
    ).critical()
    const lakehouse = words({ landed: [hasRowCount({ atLeast: 1 })], counted: [stable] })
    expect((await run(lakehouse)).status).toBe('succeeded')
    lake.land('words2.csv', `word,n\n${Array.from({ length: 20 }, (_, i) => `w${i},1\n`).join('')}`)
    const second = await run(lakehouse, {}, testClock + 60_000_000n)
    expect(second.status).toBe('quality_failed')
    expect(second.quality.find(({ level }) => level === 'critical')!.message).toContain('it is 25; expected 2.5 to 7.5')
    const repository = new TableMetricsRepository(new DeltaMetrics(lake.session, `file://${lake.root}/${metricsPath}`))
    const kept = await repository.load({ table: 'words' })
    expect(kept.map(({ metric, passed }) => [metric, passed])).toEqual([
      [5, true],
      [25, true],
    ])
    expect(kept.map(({ runId }) => runId)).toEqual(['20260101T000000000Z', second.runId])
    expect((await repository.load({ runId: second.runId })).length).toBe(2)
  })

  it('M-067: each failed rule is an event, once a run', async () => {
    const events: QualityFailure[] = []
    const listen = (event: unknown): void => void events.push(event as QualityFailure)
    subscribe('deltaworks:quality:failed', listen)
    try {
      await run(words({ landed: [isPositive('n')], counted: [hasRowCount(7).critical(), hasRowCount({ atLeast: 1 })] }))
    } finally {
      unsubscribe('deltaworks:quality:failed', listen)
    }
    const common = { runId: '20260101T000000000Z', lakehouse: 'words', root: `file://${lake.root}` }
    expect(events).toMatchObject([
      { ...common, table: 'words', rule: 'positive:n', level: 'warning', rowsFailed: 2, metric: 0.6 },
      {
        ...common,
        table: 'counts',
        rule: 'row_count',
        level: 'critical',
        status: 'failed',
        threshold: '= 7',
        metric: 5,
      },
    ])
  })
})
