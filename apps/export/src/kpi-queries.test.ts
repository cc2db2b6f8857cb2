import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { Session } from '@deltaworks/engine'
import { exportLakehouse, loadConfiguration, publishedLake, runLakehouse } from '@deltaworks/lakehouse'
import { kpiQueries, retail } from '@deltaworks/retail'
import { generateLanding } from '@deltaworks/sample-data'
import { duckDbTarget } from '@deltaworks/warehouse'

interface Parser {
  parse(sql: string, dialect: string): { readonly success: boolean; readonly error?: string }
}

describe('the queries that reports ask of a warehouse', () => {
  let folder: string
  let session: Session
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'deltaworks-kpi-'))
    session = Session.create()
    generateLanding({ out: join(folder, 'landing'), scale: 0.2 })
    const root = `file://${folder}/lake`
    await runLakehouse({
      lakehouse: retail,
      configuration: loadConfiguration(retail.environments, 'dev', retail.configuration),
      session,
      root,
      landing: `file://${folder}/landing`,
      nowMicros: 1_767_225_600_000_000n,
    })
    const target = duckDbTarget(join(folder, 'shop.duckdb'))
    await exportLakehouse({ lakehouse: retail, session, root, target, loadId: 'kpi', nowMs: 1 })
    await target.close()
  })
  afterAll(async () => {
    await session.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it('M-076: they give in the warehouse what they give in the lake', async () => {
    const instance = await DuckDBInstance.create(join(folder, 'shop.duckdb'))
    const connection = await instance.connect()
    const lake = await publishedLake(session, `file://${folder}/lake`)
    const tables = Object.fromEntries(
      await Promise.all(
        retail.tables
          .filter(({ warehouse }) => warehouse !== null)
          .map(async ({ name, path }) => [name, (await lake.existing(path)).provider()] as const),
      ),
    )
    try {
      for (const { name, sql } of kpiQueries) {
        const names = (await connection.runAndReadAll(sql)).columnNames()
        const asTexts = `SELECT ${names.map((column) => `CAST(${column} AS VARCHAR)`).join(', ')} FROM (${sql}) AS answered`
        const loaded = (await connection.runAndReadAll(asTexts)).getRows().map((row) => row.map(String))
        const { rows } = await session.sql(asTexts, tables)
        expect(loaded.length).toBeGreaterThan(0)
        expect([name, rows.map((row) => row.map(String)).sort()]).toEqual([name, loaded.sort()])
      }
    } finally {
      connection.closeSync()
      instance.closeSync()
    }
  })

  it.each(['redshift', 'snowflake', 'postgresql'])('M-076: %s reads them', async (dialect) => {
    const parser = (await import('@polyglot-sql/sdk')) as unknown as Parser
    expect(kpiQueries.filter(({ sql }) => !parser.parse(sql, dialect).success).map(({ name }) => name)).toEqual([])
  })
})
