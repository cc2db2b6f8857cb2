import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Session } from '@deltaworks/engine'
import { TableMetricsRepository, type MetricRecord } from '@deltaworks/quality'
import { DeltaMetrics } from './delta-metrics.js'

const record = (run: number): MetricRecord => ({
  table: run % 2 === 0 ? 'orders' : 'items',
  rule: 'row_count',
  name: 'Dataset.*.RowCount',
  metric: 100 + run,
  level: 'warning',
  passed: true,
  timestampMs: 1000 * run,
  runId: `run ${run}`,
  tags: { region: run < 2 ? 'eu' : 'us' },
})

describe('metrics as a Delta table', () => {
  it('Q-28 Q-29: records are kept, found by table, run, tag and time, and readable by anyone', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'deltaworks-metrics-'))
    const session = Session.create({ threads: 1 })
    try {
      const repository = new TableMetricsRepository(new DeltaMetrics(session, folder))
      expect(await repository.load({})).toEqual([])
      for (let run = 0; run < 4; run++) await repository.append([record(run)])
      const metrics = async (query: Parameters<typeof repository.load>[0]) =>
        (await repository.load(query)).map(({ metric }) => metric)
      expect(await metrics({})).toEqual([100, 101, 102, 103])
      expect(await repository.load({ runId: 'run 3' })).toEqual([record(3)])
      expect(await metrics({ table: 'orders' })).toEqual([100, 102])
      expect(await metrics({ tags: { region: 'us' } })).toEqual([102, 103])
      expect(await metrics({ afterMs: 1000, beforeMs: 3000 })).toEqual([101, 102])
    } finally {
      await session.close()
      await rm(folder, { recursive: true })
    }
  })
})
