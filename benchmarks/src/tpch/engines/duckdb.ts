import { DuckDBInstance } from '@duckdb/node-api'
import { duckDbExtension } from '../duckdb-extension.js'
import { tableNames } from '../tpch-data.js'
import { engineRequest, serveQueries } from './serve-queries.js'

const request = engineRequest()
const instance = await DuckDBInstance.create(':memory:', {
  threads: String(request.threads),
  allow_unsigned_extensions: 'true',
  ...(request.memoryBytes === null ? {} : { memory_limit: `${request.memoryBytes}B` }),
})
const connection = await instance.connect()
if (request.format === 'delta') await connection.run(`load '${duckDbExtension('delta')}'`)
const reader = request.format === 'delta' ? 'delta_scan' : 'read_parquet'
for (const name of tableNames) {
  await connection.run(`create view ${name} as select * from ${reader}('${request.tables[name]}')`)
}

await serveQueries({
  run: async (query) => (await connection.runAndReadAll(query)).currentRowCount,
  analyze: async (query) => {
    const rows = (await connection.runAndReadAll(`explain analyze ${query}`)).getRows()
    return rows.map((row) => String(row[1])).join('\n')
  },
  close: async () => connection.closeSync(),
})
