import { bind, col, lit, type Expr } from '@deltaworks/expression'
import { values } from '@deltaworks/plan'
import { date, field, int32, int64, timestamp, timestampNtz, type Schema, type Value } from '@deltaworks/schema'
import { DeltaTable } from './delta-table.js'
import { DeltaTableProvider } from './delta-table-provider.js'
import { newUri, testSession as session } from './testing-table.js'
import { generatedAs } from './write/column-rules.js'

const dayMicros = 86_400_000_000n

describe('D-41: filters go through generated partition columns', () => {
  const days = [-400, -1, 0, 1, 2, 3, 30, 366, 800]

  async function tableOf(
    type: typeof timestamp | typeof timestampNtz | typeof date,
    expression: string,
    generated: typeof date | typeof int32,
  ) {
    const schema: Schema = {
      fields: [field('id', int64), field('at', type), field('p', generated, true, generatedAs(expression))],
    }
    // Noon of each day; without bounds of the column itself the partition alone can tell.
    const rows = days.map((day, i): Value[] => [
      BigInt(i),
      type.kind === 'date' ? day : BigInt(day) * dayMicros + dayMicros / 2n,
    ])
    const table = await DeltaTable.createWith(session, newUri(), values({ fields: schema.fields.slice(0, 2) }, rows), {
      schema,
      partitionBy: ['p'],
      properties: { 'delta.dataSkippingNumIndexedCols': '0' },
    })
    return (filter: Expr) => {
      const kept = new DeltaTableProvider(table.snapshot).prune([bind(filter.node, table.schema)])
      return kept.map((file) => file.partitionValues['p']).sort()
    }
  }

  it('a day of an instant, with a day more on either side for other time zones', async () => {
    const kept = await tableOf(timestamp, 'CAST(at AS DATE)', date)
    const noon = lit(dayMicros + dayMicros / 2n, timestamp)
    expect(kept(col('at').eq(noon))).toEqual(['1970-01-01', '1970-01-02', '1970-01-03'])
    expect(kept(col('at').lt(noon))).toEqual(['1968-11-27', '1969-12-31', '1970-01-01', '1970-01-02', '1970-01-03'])
    expect(kept(col('at').gt(noon).and(col('id').gt(0)))).not.toContain('1969-12-31')
    expect(kept(lit(-dayMicros, timestamp).ge(col('at')))).toEqual(['1968-11-27', '1969-12-31', '1970-01-01'])
    expect(kept(col('at').ne(noon))).toHaveLength(days.length)
    expect(kept(col('at').eq(noon).or(col('id').eq(1)))).toHaveLength(days.length)
  })

  it('a day of a wall clock, and years of dates, exactly', async () => {
    const plain = await tableOf(timestampNtz, 'CAST(`at` AS DATE)', date)
    expect(
      plain(
        col('at')
          .ge(lit(2n * dayMicros, timestampNtz))
          .and(col('at').lt(lit(4n * dayMicros, timestampNtz))),
      ),
    ).toEqual(['1970-01-03', '1970-01-04'])
    const years = await tableOf(date, 'YEAR(at)', int32)
    expect(new Set(years(col('at').gt(lit(364, date))))).toEqual(new Set(['1970', '1971', '1972']))
    expect(years(col('at').lt(lit(-300, date)))).toEqual(['1968', '1969'])
  })
})
