import { generateLanding } from '@deltaworks/sample-data'
import { retail } from './retail.js'
import { testClock, TestShop } from './testing.js'

/** All tables' rows and the quarantine's, sorted. */
async function contents(shop: TestShop): Promise<Record<string, string[]>> {
  const all: Record<string, string[]> = {}
  for (const name of [...retail.tables.map((t) => t.name), 'quarantine']) {
    all[name] = (await shop.sql(`select * from ${name}`)).map((row) => JSON.stringify(row)).sort()
  }
  return all
}

describe('the same landing files give the same tables however they are processed', () => {
  const shops: TestShop[] = []
  const made = async (options: ConstructorParameters<typeof TestShop>[0], inMemoryBytes?: number) => {
    const shop = new TestShop(options)
    shops.push(shop)
    generateLanding({ out: shop.landing, scale: 0.3 })
    const result = await shop.run(shop.configuration, testClock, inMemoryBytes)
    return { result, rows: await contents(shop) }
  }
  let usual: Awaited<ReturnType<typeof made>>
  beforeAll(async () => {
    usual = await made({})
  })
  afterAll(async () => {
    for (const shop of shops) await shop.close()
  })

  it('M-005: read back from the lake instead of kept in memory', async () => {
    const streamed = await made({}, 0)
    expect(streamed.rows).toEqual(usual.rows)
    expect(streamed.result.status).toBe(usual.result.status)
    expect(streamed.result.quality).toEqual(usual.result.quality)
  })

  it.each([1, 2, 3])('M-005 M-029: on %i worker threads', async (threads) => {
    const parallel = await made({ threads, inlineBytes: 0 }, 0)
    expect(parallel.rows).toEqual(usual.rows)
  })
})
