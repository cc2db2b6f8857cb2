import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Session } from '@deltaworks/engine'
import { analyze } from './analysis/analyze.js'
import { analyzers } from './analysis/analyzers.js'
import { fromDeequJson, recordsOf, toDeequJson } from './deequ-json.js'
import { parseDqdl } from './dqdl/parse.js'
import {
  FileMetricsRepository,
  MemoryMetricsRepository,
  metricOfRow,
  metricRow,
  TableMetricsRepository,
  type MetricRecord,
  type MetricsQuery,
  type MetricsRepository,
} from './metrics-repository.js'
import { orders } from './testing.js'
import { verify } from './verify.js'

let session: Session
let folder: string
beforeAll(async () => {
  session = Session.create({ threads: 1 })
  folder = await mkdtemp(join(tmpdir(), 'deltaworks-metrics-'))
})
afterAll(async () => {
  await session.close()
  await rm(folder, { recursive: true })
})

const rows: (readonly unknown[])[] = []
const repositories: readonly (readonly [string, () => MetricsRepository])[] = [
  ['memory', () => new MemoryMetricsRepository()],
  ['a file', () => new FileMetricsRepository(join(folder, 'deep', 'metrics.jsonl'))],
  [
    'a table',
    () =>
      new TableMetricsRepository({
        read: () => Promise.resolve(rows.map((row) => metricOfRow(row as ReturnType<typeof metricRow>))),
        append: (records) => Promise.resolve(void rows.push(...records.map(metricRow))),
      }),
  ],
]

describe('metrics repository', () => {
  it.each(repositories)(
    'Q-28 Q-29: %s keeps records and finds them by table, rule, run, tag and time',
    async (_, make) => {
      const repository = make()
      expect(await repository.load({ table: 'orders' })).toEqual([])
      const rules = parseDqdl('RowCount > 1, Mean "quantity" > 100, (IsComplete "id") and (IsUnique "id")')
      for (const [run, region] of ['eu', 'us', 'eu'].entries()) {
        await verify(session, orders(), rules, {
          repository,
          table: 'orders',
          runId: `run ${run}`,
          nowMicros: BigInt(run) * 1_000_000n,
          tags: { region, kind: 'nightly' },
        })
      }
      const count = async (query: MetricsQuery) => (await repository.load(query)).length
      // Three rules, and the two parts of the last.
      expect(await count({})).toBe(15)
      expect(await count({ table: 'other' })).toBe(0)
      expect(await count({ rule: 'row_count' })).toBe(3)
      expect(await count({ name: 'Column.id.Completeness' })).toBe(3)
      expect(await count({ runId: 'run 1' })).toBe(5)
      expect(await count({ tags: { region: 'eu' } })).toBe(10)
      expect(await count({ tags: { region: 'eu', kind: 'weekly' } })).toBe(0)
      expect(await count({ afterMs: 1000 })).toBe(10)
      expect(await count({ afterMs: 1000, beforeMs: 2000, rule: 'mean:quantity' })).toBe(1)
      const [first] = (await repository.load({ runId: 'run 0', name: 'Column.quantity.Mean' })) as [MetricRecord]
      expect(first).toEqual({
        table: 'orders',
        rule: 'mean:quantity',
        name: 'Column.quantity.Mean',
        metric: 30 / 7,
        level: 'warning',
        passed: false,
        timestampMs: 0,
        runId: 'run 0',
        tags: { region: 'eu', kind: 'nightly' },
      })
    },
  )

  it("Q-28: Deequ's JSON is written and read", async () => {
    const all = [
      analyzers.size({ where: 'quantity > 2' }),
      analyzers.completeness('id'),
      analyzers.uniqueness(['id', 'customer']),
      analyzers.entropy('customer'),
      analyzers.correlation('quantity', 'amount'),
      analyzers.approxQuantile('quantity', 0.5),
      analyzers.approxQuantiles('quantity', [0.25, 0.75]),
      analyzers.kllSketch('quantity', { numberOfBuckets: 4 }),
      analyzers.histogram('customer'),
      analyzers.dataType('customer'),
      analyzers.patternMatch('email', '@'),
      analyzers.maxLength('customer'),
      analyzers.compliance('positive', 'amount > 0'),
      analyzers.customSql('select 1'),
    ]
    const { metrics } = await analyze(session, orders(), all)
    const record = { dataSetDate: 1_700_000_000_000, tags: { region: 'eu' }, metrics }
    const text = toDeequJson([record])
    // Deequ has no statement in its JSON.
    expect(fromDeequJson(text)).toEqual([{ ...record, metrics: metrics.slice(0, -1) }])
    expect(JSON.parse(text)[0]).toMatchObject({
      resultKey: { dataSetDate: 1_700_000_000_000, tags: { region: 'eu' } },
      analyzerContext: {
        metricMap: expect.arrayContaining([
          {
            analyzer: { analyzerName: 'Completeness', column: 'id' },
            metric: {
              metricName: 'DoubleMetric',
              entity: 'Column',
              instance: 'id',
              name: 'Completeness',
              value: 7 / 8,
            },
          },
        ]),
      },
    })
    const history = recordsOf([record], { table: 'orders' })
    expect(history.find(({ name }) => name === 'Column.id.Completeness')).toMatchObject({
      metric: 7 / 8,
      runId: 'deequ',
    })
  })

  it('Q-28: what is no such JSON is refused, and unknown analyzers are left out', () => {
    expect(() => fromDeequJson('{')).toThrow(expect.objectContaining({ code: 'DW-QUALITY-0012' }))
    expect(() => fromDeequJson('{}')).toThrow(expect.objectContaining({ code: 'DW-QUALITY-0012' }))
    expect(() => fromDeequJson('[{"resultKey":{}}]')).toThrow(expect.objectContaining({ code: 'DW-QUALITY-0012' }))
    const odd = [
      {
        resultKey: { dataSetDate: 1, tags: {} },
        analyzerContext: { metricMap: [{ analyzer: { analyzerName: 'toString' }, metric: {} }] },
      },
    ]
    expect(fromDeequJson(JSON.stringify(odd))).toEqual([{ dataSetDate: 1, tags: {}, metrics: [] }])
  })
})
