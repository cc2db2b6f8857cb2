import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Session } from '@deltaworks/engine'
import { analyze } from './analysis/analyze.js'
import { metricRows } from './checks/verification-suite.js'
import { analyzerOf, datasets, differenceOf, frameOf, type RecordedMetric } from './testing-datasets.js'

// What Deequ 2.1.0 on Spark 3.5.5 said: node tools/interop/dist/deequ.js --record packages/quality/src/deequ-recorded.json
const recorded = JSON.parse(
  readFileSync(new URL('./deequ-recorded.json', import.meta.url), 'utf8'),
) as readonly RecordedMetric[]

let session: Session
beforeAll(() => {
  session = Session.create({ threads: 1 })
})
afterAll(() => session.close())

describe('M-063: metrics are what Deequ said', () => {
  it.each(datasets.map((set) => [set.name, set] as const))('the data set "%s"', async (_, set) => {
    const { metrics } = await analyze(session, frameOf(set), set.analyzers.map(analyzerOf))
    const said = recorded.filter(({ dataset }) => dataset === set.name)
    expect(said.length).toBe(set.analyzers.length)
    const differences = metrics.flatMap((metric, i) => {
      const theirs = said.find(({ index }) => index === i)!
      const difference = differenceOf(set.analyzers[i]!, metric.problem, metricRows([metric]), theirs, set.rowCount)
      return difference === null ? [] : [`${JSON.stringify(set.analyzers[i])}: ${difference}`]
    })
    expect(differences).toEqual([])
  })

  it('a difference is told', () => {
    const theirs = { dataset: 'd', index: 0, kind: 'Mean', numbers: [['Mean', 2]] } as const
    const ours = (value: number) => [{ name: 'Mean', value }]
    expect(differenceOf({ kind: 'Mean' }, null, ours(2), theirs, 10)).toBeNull()
    expect(differenceOf({ kind: 'Mean' }, null, ours(2.00001), theirs, 10)).toContain('ours 2.00001')
    expect(differenceOf({ kind: 'Mean' }, 'no values', [], theirs, 10)).toContain('no values')
  })
})
