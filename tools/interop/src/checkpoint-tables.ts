import { col, lit } from '@deltaworks/expression'
import { DeltaTable, type TableSession } from '@deltaworks/delta-table'
import { rows, some, type FeatureTable } from './feature-table.js'

/* What stands beside the commits: checkpoints of each form, compactions, checksums, a log that was cleaned. */

const grown = async (session: TableSession, uri: string, properties: Record<string, string>): Promise<DeltaTable> => {
  let table = await DeltaTable.createWith(session, uri, some, { partitionBy: ['n'], properties })
  for (let i = 0; i < 4; i++) table = await table.append(rows([10 + i, `r${i}`, i]))
  table = await table.delete(col('id').eq(2))
  return table.update({ name: lit('u') }, col('id').eq(3))
}

const checkpointed = (
  properties: Record<string, string>,
  options: Parameters<DeltaTable['checkpoint']>[1] = {},
): FeatureTable => ({
  write: async (session, uri) => {
    const table = await grown(session, uri, properties)
    await table.checkpoint(undefined, options)
    await table.location.store.delete([0, 1, 2, 3].map((v) => `${table.location.path}/_delta_log/${digits(v)}.json`))
    return table.append(rows([50, 'behind', 5]))
  },
  skips: ['n = 1', 'id > 12', 'n = 3 AND id < 12'],
  steps: [
    { sql: "INSERT INTO {t} VALUES (60, 's', 1)" },
    { sql: 'DELETE FROM {t} WHERE id = 10' },
    { sql: 'OPTIMIZE {t}' },
  ],
  then: (table) => table.append(rows([70, 'ours again', 7])),
})

const digits = (version: number): string => String(version).padStart(20, '0')

export const checkpointTables: Readonly<Record<string, FeatureTable>> = {
  'checkpoint-classic': checkpointed({}),
  'checkpoint-statistics-struct': checkpointed({
    'delta.checkpoint.writeStatsAsStruct': 'true',
    'delta.checkpoint.writeStatsAsJson': 'false',
  }),
  'checkpoint-v2-json': checkpointed({ 'delta.checkpointPolicy': 'v2' }, { actionsASidecar: 3 }),
  'checkpoint-v2-parquet': checkpointed(
    { 'delta.checkpointPolicy': 'v2', 'delta.enableDeletionVectors': 'true' },
    { topLevel: 'parquet', actionsASidecar: 2 },
  ),
  'checkpoint-v2-classic-name': checkpointed({ 'delta.checkpointPolicy': 'v2' }, { classicName: true }),
  'log-compaction': {
    write: async (session, uri) => {
      const table = await grown(session, uri, { 'delta.enableDeletionVectors': 'true' })
      await table.compactLog(1, 4)
      await table.compactLog(5, table.version)
      return table.append(rows([50, 'behind', 5]))
    },
    steps: [{ sql: "INSERT INTO {t} VALUES (60, 's', 1)" }],
    then: async (table) => {
      await table.compactLog(1, table.version)
      return table.append(rows([70, 'ours again', 7]))
    },
  },
  'log-cleaned': {
    write: async (session, uri) => {
      let table = await grown(session, uri, { 'delta.logRetentionDuration': 'interval 1 day' })
      await table.checkpoint()
      table = await table.append(rows([50, 'behind', 5]))
      await table.cleanLog(Date.now() + 3 * 86_400_000)
      return table
    },
    steps: [{ sql: "INSERT INTO {t} VALUES (60, 's', 1)" }],
  },
}
