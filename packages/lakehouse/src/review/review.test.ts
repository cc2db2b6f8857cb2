import { errorOf, TestLake } from '../testing/test-lake.js'
import { orderLines, shopConfiguration, smallShop } from '../testing/small-shop.js'
import { runContext } from '../run.js'
import type { RunContext } from '../run-context.js'
import { recordDecisions } from './decisions.js'
import { correctionLine, releaseQuarantined } from './release.js'
import { discardQuarantined, quarantineGroups, quarantineRecords } from './review.js'

const orders = smallShop().tables[0]!

describe('review of quarantined rows', () => {
  let lake: TestLake
  beforeEach(async () => {
    lake = new TestLake()
    lake.land(
      'orders_1.csv',
      orderLines(
        '1,ball,2,1.50,2026-01-01',
        'x,doll,3,9.99,2026-01-02',
        '3,kite,-5,1.00,2026-01-03',
        'y,ship,1,bad,2026-01-04',
      ),
    )
    await run()
  })
  afterEach(() => lake.close())

  const run = () => lake.run(smallShop(), shopConfiguration)
  const review = (): RunContext => runContext(lake.options(smallShop(), shopConfiguration), [])
  const open = () => quarantineRecords(review())
  const exported = async (): Promise<Record<string, unknown>[]> =>
    (await open()).map((row) => JSON.parse(correctionLine(row, orders)) as Record<string, unknown>)
  const linesOf = (rows: readonly object[]): string => rows.map((row) => JSON.stringify(row)).join('\n')
  const raw = () => lake.rows('raw/orders', 'id', 'product', 'quantity', 'source_line')
  const release = (rows: readonly object[]) => releaseQuarantined(linesOf(rows), review())

  it('M-065: what waits is counted by table, rule and file, and told with what was landed and why', async () => {
    expect(
      (await quarantineGroups(review())).map((g) => [g.table, g.rules, g.disposition, g.sourceFile, g.rows]),
    ).toEqual([
      ['orders', 'well_formed', 'refused', 'orders_1.csv', 2],
      ['orders', 'quantity_is_positive', 'refused', 'orders_1.csv', 1],
    ])
    const [first, second] = await open()
    expect(first).toMatchObject({
      stage: 'read',
      record: 'x,doll,3,9.99,2026-01-02',
      sourceLine: 3n,
      id: expect.stringMatching(/^[0-9a-f]{12}$/),
    })
    expect(second).toMatchObject({ stage: 'rule', rules: 'quantity_is_positive', sourceLine: 4n })
    expect((await exported())[1]).toMatchObject({ id: 3, product: 'kite', quantity: -5, day: '2026-01-03' })
    // The same rows have the same ids tomorrow.
    expect((await open()).map((row) => row.id)).toEqual([first!.id, second!.id, (await open())[2]!.id])
  })

  it('M-065 M-011: corrected rows go into their table once, are built upon, and wait no more', async () => {
    const [doll, kite, ship] = await exported()
    const corrected = [
      { ...doll, id: 2, product: 'doll', quantity: 3, price: '9.99', day: '2026-01-02' },
      { ...kite, quantity: 5 },
    ]
    expect(await release(corrected)).toEqual({ released: 2, alreadyReleased: 0 })
    const rows = [
      '{"id":1,"product":"ball","quantity":2,"source_line":2}',
      '{"id":2,"product":"doll","quantity":3,"source_line":3}',
      '{"id":3,"product":"kite","quantity":5,"source_line":4}',
    ]
    expect(await raw()).toEqual(rows)
    expect((await exported()).map((row) => row['_id'])).toEqual([ship!['_id']])
    expect(await release(corrected)).toEqual({ released: 0, alreadyReleased: 2 })
    const after = await run()
    expect(after.steps.find((s) => s.step === 'ingest orders')).toMatchObject({ status: 'unchanged' })
    expect(await raw()).toEqual(rows)
    expect(await lake.rows('processed/products')).toEqual([
      '{"product":"ball","orders":1}',
      '{"product":"doll","orders":1}',
      '{"product":"kite","orders":1}',
    ])
    expect(await quarantineRecords(review(), { decided: true })).toHaveLength(3)
  })

  it('M-065 M-004: a release that died between its two commits is completed by the next one, without a second row', async () => {
    const [doll] = await exported()
    const corrected = [{ ...doll, id: 2, product: 'doll', quantity: 3, price: '9.99', day: '2026-01-02' }]
    await release(corrected)
    // As if the decision had never been written.
    const context = review()
    const decisions = await context.lake.existing('quality/quarantine_decisions')
    await decisions.delete(null)
    expect(await open()).toHaveLength(3)
    expect(await release(corrected)).toEqual({ released: 0, alreadyReleased: 1 })
    expect([(await open()).length, (await raw()).length]).toEqual([2, 3])
  })

  it('M-065: two people who release the same row at once put it in once', async () => {
    const [doll] = await exported()
    const corrected = [{ ...doll, id: 2, product: 'doll', quantity: 3, price: '9.99', day: '2026-01-02' }]
    const outcomes = await Promise.allSettled([release(corrected), release(corrected)])
    expect(outcomes.some((outcome) => outcome.status === 'fulfilled')).toBe(true)
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ fault: 'conflict' })
    }
    expect((await raw()).filter((row) => row.includes('doll'))).toHaveLength(1)
  })

  it('M-065: a corrected row that still fails on a rule waits again', async () => {
    const kite = (await exported())[1]!
    await release([{ ...kite, quantity: -6 }])
    expect(await open()).toHaveLength(2)
    await run()
    expect((await open()).map((row) => [row.rules, row.stage])).toContainEqual(['quantity_is_positive', 'rule'])
    expect((await open()).find((row) => row.stage === 'rule')!.record).toContain('-6')
  })

  it('M-065: a row that is released as it was waits again after the next run', async () => {
    const kite = (await exported())[1]!
    await release([kite])
    expect((await open()).map((row) => row.id)).not.toContain(kite['_id'])
    lake.land('orders_2.csv', orderLines('7,ball,1,1.50,2026-01-01'))
    await run()
    expect((await open()).map((row) => row.id)).toContain(kite['_id'])
    expect(await lake.rows('processed/products')).toEqual(['{"product":"ball","orders":2}'])
  })

  it('M-065: discarded rows wait no more and stay out', async () => {
    const ids = (await open()).map((row) => row.id)
    expect(await discardQuarantined(ids.slice(0, 2), 'test data', review())).toBe(2)
    expect(await discardQuarantined(ids.slice(0, 2), 'test data', review())).toBe(0)
    expect((await open()).map((row) => row.id)).toEqual(ids.slice(2))
    await run()
    expect(await raw()).toHaveLength(2)
    expect(await lake.rows('quality/quarantine_decisions', 'decision', 'reason')).toEqual(
      Array(2).fill('{"decision":"discarded","reason":"test data"}'),
    )
  })

  it('M-065 M-011: what is delivered again is decided again', async () => {
    const [doll] = await exported()
    const corrected = [{ ...doll, id: 2, product: 'doll', quantity: 3, price: '9.99', day: '2026-01-02' }]
    await release(corrected)
    lake.land('orders_1.csv', orderLines('1,ball,2,1.50,2026-01-01', 'x,doll,3,9.99,2026-01-02'))
    await run()
    expect(await raw()).toEqual(['{"id":1,"product":"ball","quantity":2,"source_line":2}'])
    expect((await open()).map((row) => row.id)).toContain(doll!['_id'])
    expect(await release(corrected)).toEqual({ released: 1, alreadyReleased: 0 })
    expect(await raw()).toHaveLength(2)
  })

  it.each<[string, (row: Record<string, unknown>) => string, string, RegExp]>([
    ['an unknown row', () => '{"_id":"000000000000","id":1}', 'DW-LAKEHOUSE-0016', /000000000000/],
    [
      'a value of the wrong type',
      (row) => JSON.stringify({ ...row, id: 2, quantity: 'many' }),
      'DW-LAKEHOUSE-0017',
      /line 1: .*quantity/,
    ],
    ['no values', (row) => JSON.stringify(row), 'DW-LAKEHOUSE-0017', /line 1 has no values/],
    ['no JSON', () => 'x,doll', 'DW-LAKEHOUSE-0017', /line 1 is no JSON/],
    [
      'one row twice',
      (row) => `${JSON.stringify({ ...row, id: 1 })}\n${JSON.stringify({ ...row, id: 2 })}`,
      'DW-LAKEHOUSE-0017',
      /line 2 corrects/,
    ],
    ['a place of its own', (row) => JSON.stringify({ ...row, id: 1, source_file: 'x' }), 'DW-LAKEHOUSE-0017', /landed/],
  ])('M-065: %s is refused, and nothing is written', async (_, text, code, message) => {
    const [row] = await exported()
    const before = lake.files()
    const error = await errorOf(() => releaseQuarantined(text(row!), review()))
    expect(error.code).toBe(code)
    expect(error.message).toMatch(message)
    expect(lake.files()).toEqual(before)
  })

  it('M-065: without a quarantine there is nothing to list', async () => {
    const empty = new TestLake()
    try {
      const context = runContext(empty.options(smallShop(), shopConfiguration), [])
      expect([await quarantineGroups(context), await quarantineRecords(context)]).toEqual([[], []])
      expect(await recordDecisions([], 'discarded', 'none', context)).toBe(0)
    } finally {
      await empty.close()
    }
  })
})
