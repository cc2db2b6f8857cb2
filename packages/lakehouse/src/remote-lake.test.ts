import { AzureLocal, GcsLocal } from '@deltaworks/cloud-local'
import { openStore } from '@deltaworks/storage'
import { Session } from '@deltaworks/engine'
import { DeltaTable } from '@deltaworks/delta-table'
import { scan } from '@deltaworks/plan'
import { canonicalLine } from '@deltaworks/formats'
import { runLakehouse } from './run.js'
import { orderLines, shopConfiguration, smallShop } from './testing/small-shop.js'
import { testClock, TestLake } from './testing/test-lake.js'

describe('M-129 D-88: landing zone and lake in clouds of their own', () => {
  it('M-011: give the tables that a disk gives, once, also with two runs at once and answers lost', async () => {
    const gcs = await GcsLocal.start({ buckets: ['landing'] })
    const azure = await AzureLocal.start({ containers: ['lake'] })
    const disk = new TestLake()
    const session = Session.create()
    const environment = {
      DELTAWORKS_GCS_ENDPOINT: gcs.endpoint,
      DELTAWORKS_AZURE_ENDPOINT: azure.endpoint,
      AZURE_STORAGE_ACCOUNT_NAME: AzureLocal.account,
      AZURE_STORAGE_ACCOUNT_KEY: AzureLocal.key,
    }
    Object.assign(process.env, environment)
    try {
      const files = {
        'orders_1.csv': orderLines('1,ball,2,1.50,2026-01-01', '2,bat,-1,9.00,2026-01-02', 'x,bat,1,9.00,2026-01-02'),
        'orders_2.csv': orderLines('3,net,20,1.50,2026-01-03'),
      }
      for (const [name, content] of Object.entries(files)) {
        disk.land(name, content)
        await openStore('gs://landing/shop').put(name, new TextEncoder().encode(content), 'create')
      }
      await disk.run(smallShop(), shopConfiguration)
      let turn = 0
      for (const { server } of [gcs, azure]) {
        server.addFault({ kind: 'lost-response', times: 6, matches: () => turn++ % 9 === 4 })
        server.addFault({ kind: 'cut-request', times: 4, matches: () => turn++ % 11 === 5 })
      }
      const options = {
        lakehouse: smallShop(),
        configuration: shopConfiguration,
        session,
        root: 'az://lake/dev',
        landing: 'gs://landing/shop',
        nowMicros: testClock,
      }
      await Promise.all([runLakehouse(options), runLakehouse(options)])
      const last = await runLakehouse(options)
      expect(last.status).toBe('unchanged')
      for (const path of ['raw/orders', 'processed/products', 'analytics/days', 'quality/quarantine']) {
        const table = await DeltaTable.open(session, `az://lake/dev/${path}`)
        const { schema, rows } = await session.collect(scan(table.provider()))
        expect(rows.map((row) => canonicalLine(schema, row)).sort()).toEqual(await disk.rows(path))
      }
    } finally {
      for (const name of Object.keys(environment)) delete process.env[name]
      await session.close()
      await disk.close()
      await gcs.stop()
      await azure.stop()
    }
  })
})
