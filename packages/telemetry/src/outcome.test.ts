import { workByTable } from './outcome.js'
import { sampleReport } from './testing.js'

describe('work by table', () => {
  it('leaves a table in its layer, with the time that made it, when it is maintained after the run', () => {
    const [ingest] = sampleReport.steps
    const zorder = {
      ...ingest!,
      step: 'zorder customers',
      kind: 'maintenance',
      layer: 'maintenance',
      startMs: 500,
      endMs: 900,
    }
    expect(workByTable([ingest!, zorder])).toEqual(workByTable([ingest!]))
    expect(workByTable([zorder])).toMatchObject([{ table: 'customers', layer: 'maintenance', durationMs: 400 }])
  })
})
