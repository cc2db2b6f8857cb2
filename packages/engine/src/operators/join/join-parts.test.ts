import { describe, expect, it } from '@jest/globals'
import { Session } from '../../session.js'

const numbers = '(select i * 400 + j as id from range(40) s(i) cross join range(400) t(j))'

describe('E-15: joins whose pairs come in several parts', () => {
  it('every row of a batch finds its pairs, however many there are before it', async () => {
    const session = Session.create({ threads: 1 })
    try {
      // 16,000 rows with ten pairs each: more than twice what is handed on at once.
      const { rows } = await session.sql(
        `select count(*), count(distinct a.id), sum(a.id), sum(b.id), sum((a.id - b.id) % 800)
         from ${numbers} a join (select * from ${numbers} n where id < 8000) b on a.id % 800 = b.id % 800`,
      )
      expect(rows).toEqual([[160_000n, 16_000n, 1_279_920_000n, 639_920_000n, 0n]])
    } finally {
      await session.close()
    }
  })
})
