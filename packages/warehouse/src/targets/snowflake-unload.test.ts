import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { openStore } from '@deltaworks/storage'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { SqlConnection } from '../sql-connection.js'
import { snowflakeUnloader } from './snowflake-unload.js'

interface Parser {
  parse(sql: string, dialect: string): { readonly success: boolean; readonly error?: string }
}
const query = `SELECT "id", 'it''s' AS "what" FROM "sales"`

describe('unloading from Snowflake', () => {
  let folder: string
  let parser: Parser
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'deltaworks-snowflake-unload-'))
    parser = (await import('@polyglot-sql/sdk')) as unknown as Parser
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  const staging = () => ({
    store: openStore(pathToFileURL(folder).href),
    prefix: 'stage',
    uri: `${pathToFileURL(folder).href}/stage`,
  })

  it('W-10: files of an internal stage are got into the staging folder, used, and removed on both sides', async () => {
    const unloader = snowflakeUnloader(staging(), { kind: 'internal', name: 'deltaworks_stage' }, 'snowflake')
    const statements = [...unloader.setUp!, ...unloader.statements(query, 'u1')]
    expect(statements).toEqual([
      'CREATE TEMPORARY STAGE IF NOT EXISTS deltaworks_stage',
      `COPY INTO @deltaworks_stage/u1/ FROM (${query}) FILE_FORMAT = (TYPE = PARQUET) HEADER = TRUE`,
      `GET @deltaworks_stage/u1/ 'file://${folder}/stage/u1'`,
    ])
    expect(statements.map((sql) => parser.parse(sql, 'snowflake')).filter(({ success }) => !success)).toEqual([])
    await expect(unloader.files('u1')).rejects.toMatchObject({ code: 'DW-WAREHOUSE-0020' })
    // What GET does.
    writeFileSync(join(folder, 'stage', 'u1', 'data_0_0_0.snappy.parquet'), 'rows')
    expect(await unloader.files('u1')).toEqual({ uri: `${staging().uri}/u1/*.parquet`, fileCount: 1 })
    const ran: string[] = []
    await unloader.remove('u1', { run: async (sql: string) => void ran.push(sql) } as unknown as SqlConnection)
    expect(ran).toEqual(['REMOVE @deltaworks_stage/u1/'])
    await expect(unloader.files('u1')).rejects.toMatchObject({ code: 'DW-WAREHOUSE-0020' })
  })

  it('W-10: files of an external stage are read where it is', () => {
    const external = { kind: 'external', location: '@"db"."public"."lake"/stage/' } as const
    expect(snowflakeUnloader(staging(), external, 'snowflake').statements(query, 'u2')).toEqual([
      `COPY INTO @"db"."public"."lake"/stage/u2/ FROM (${query}) FILE_FORMAT = (TYPE = PARQUET) HEADER = TRUE`,
    ])
  })
})
