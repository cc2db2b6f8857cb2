import { values } from '@deltaworks/plan'
import { field, int32, int64, list, string, type Schema, type Value } from '@deltaworks/schema'
import { DeltaTable } from './delta-table.js'
import { testSessions } from './test-sessions.js'

const schema: Schema = {
  fields: [
    field('id', int64),
    field('part', int32),
    field('name', string),
    field('none', int64),
    field('l', list(int64)),
  ],
}
const frame = (...rows: readonly Value[][]) => values(schema, rows)

describe.each(testSessions)('on the %s', (name, session) => {
  it('E-35: a table tells the planner the range of each column over its files', async () => {
    const uri = `memory://ranges-${name.replaceAll(' ', '-')}/t`
    const table = await DeltaTable.createWith(session, uri, frame([5n, 1, 'b', null, null], [9n, 1, 'd', null, [1n]]), {
      partitionBy: ['part'],
    })
    await table.append(frame([-3n, 7, null, null, null]))
    const { rowCount, columns } = (await DeltaTable.open(session, uri)).provider().statistics
    expect(rowCount).toBe(3)
    const guess = { nullCount: null, exact: false }
    expect({ ...columns }).toEqual({
      id: { min: -3n, max: 9n, ...guess },
      part: { min: 1, max: 7, ...guess },
      name: { min: 'b', max: 'd', ...guess },
      none: { min: null, max: null, ...guess },
    })
  })

  it('E-35: a column of which a file says nothing has no range', async () => {
    const table = await DeltaTable.createWith(
      session,
      `memory://ranges-none-${name.replaceAll(' ', '-')}/t`,
      frame([5n, 1, 'b', 4n, null]),
      { properties: { 'delta.dataSkippingNumIndexedCols': '1' } },
    )
    const { columns } = table.provider().statistics
    expect(columns!['id']).toMatchObject({ min: 5n, max: 5n })
    expect(columns!['none']).toMatchObject({ min: null, max: null })
  })
})
