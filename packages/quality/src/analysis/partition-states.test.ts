import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { values } from '@deltaworks/plan'
import { field, int64, schema, string, type Value } from '@deltaworks/schema'
import { withSession } from '../testing.js'
import { analyze } from './analyze.js'
import { analyzers } from './analyzers.js'
import { metricNumber } from './metric.js'
import { analyzePartition, FilePartitionStates, MemoryPartitionStates } from './partition-states.js'

const columns = schema([field('id', int64), field('word', string)])
const rows = (from: number, to: number): readonly (readonly Value[])[] =>
  Array.from({ length: to - from }, (_, i) => [BigInt(from + i), (from + i) % 7 === 0 ? null : `w${(from + i) % 50}`])
const asked = [
  analyzers.size(),
  analyzers.completeness('word'),
  analyzers.mean('id'),
  analyzers.standardDeviation('id'),
  analyzers.uniqueness('id'),
  analyzers.entropy('word'),
  analyzers.maximum('id'),
]

describe('states by partition', () => {
  it.each([
    ['in memory', () => new MemoryPartitionStates()],
    ['in files', (folder: string) => new FilePartitionStates(join(folder, 'states'))],
  ])('Q-24: %s: a partition is analysed alone, the metrics are those of the whole', async (_, make) => {
    const folder = await mkdtemp(join(tmpdir(), 'deltaworks-states-'))
    const states = make(folder)
    try {
      await withSession(async (session) => {
        const partition = (name: string, of: readonly (readonly Value[])[]) =>
          analyzePartition(session, name, values(columns, of), asked, states)
        const numbers = (metrics: Awaited<ReturnType<typeof partition>>) =>
          metrics.map(({ value }) => Number(metricNumber(value!)!.toPrecision(12)))
        const whole = async (of: readonly (readonly Value[])[]) =>
          numbers((await analyze(session, values(columns, of), asked)).metrics)
        expect(await states.all()).toEqual([])
        await partition('2026/01', rows(0, 100))
        expect(numbers(await partition('..', rows(100, 250)))).toEqual(await whole(rows(0, 250)))
        // A partition that is analysed again takes its own place.
        expect(numbers(await partition('2026/01', rows(50, 100)))).toEqual(await whole(rows(50, 250)))
        expect((await states.all()).length).toBe(2)
      })
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
