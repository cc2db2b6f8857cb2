import { DeltaTable } from '@deltaworks/delta-table'
import { fileTable, Session, type SqlTables } from '@deltaworks/engine'
import type { TableProvider } from '@deltaworks/plan'
import { resolveUri } from '@deltaworks/storage'
import { tableNames } from '../tpch-data.js'
import { engineRequest, serveQueries } from './serve-queries.js'

const request = engineRequest()
const { threads, memoryBytes } = request
const session = Session.create({ threads, ...(memoryBytes === null ? {} : { memoryBytes }) })
const providers: Record<string, TableProvider> = {}
for (const name of tableNames) {
  const path = request.tables[name]
  providers[name] =
    request.format === 'delta'
      ? (await DeltaTable.open(session, resolveUri(path))).provider()
      : await fileTable(path, 'parquet')
}
const tables: SqlTables = providers

await serveQueries({
  run: async (query) => (await session.sql(query, tables)).rows.length,
  analyze: async (query) => {
    const { rows } = await session.sql(`explain analyze ${query}`, tables)
    return rows.map((line) => String(line[0])).join('\n')
  },
  close: () => session.close(),
})
