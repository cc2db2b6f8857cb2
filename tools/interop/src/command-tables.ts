import { col, lit } from '@deltaworks/expression'
import { values } from '@deltaworks/plan'
import { field, int64, string, type Schema, type Value } from '@deltaworks/schema'
import { DeltaTable } from '@deltaworks/delta-table'
import { rows, some, type FeatureTable } from './feature-table.js'

/* A table for each command: Spark reads what it leaves, writes on, and we read that. */

const vectors = { 'delta.enableDeletionVectors': 'true' }
const grid: Schema = { fields: [field('x', int64), field('y', int64), field('name', string)] }
const points = (from: number, to: number) =>
  values(
    grid,
    Array.from({ length: to - from }, (_, i): Value[] => {
      const cell = ((from + i) * 2_654_435_761) % 65_536
      return [BigInt(cell % 256), BigInt(Math.floor(cell / 256)), `p${from + i}`]
    }),
  )

const clone = (kind: 'shallow' | 'deep'): FeatureTable => ({
  write: async (session, uri) => {
    let source = await DeltaTable.createWith(session, `${uri} source é`, some, {
      partitionBy: ['name'],
      properties: vectors,
    })
    source = await source.append(rows([5, 'a b%20/c', 5], [6, 'a b%20/c', 6], [7, 'a b%20/c', 7]))
    source = await source.delete(col('id').eq(6))
    const made = await source.cloneTo(uri, { kind, properties: { owner: 'clone' } })
    return made.delete(col('id').eq(1))
  },
  steps: [{ sql: "INSERT INTO {t} VALUES (8, 'h', 8)" }, { sql: 'DELETE FROM {t} WHERE id = 7' }],
  then: (table) => table.update({ n: lit(0) }, col('id').eq(5)),
})

export const commandTables: Readonly<Record<string, FeatureTable>> = {
  'clone-shallow': clone('shallow'),
  'clone-deep': clone('deep'),
  restore: {
    write: async (session, uri) => {
      let table = await DeltaTable.createWith(session, uri, some, { properties: vectors })
      table = await table.delete(col('id').eq(1))
      table = await table.append(rows([9, 'i', 9]))
      return table.restore({ version: 0 })
    },
    steps: [{ sql: 'RESTORE TABLE {t} TO VERSION AS OF 2' }, { sql: "INSERT INTO {t} VALUES (10, 'j', 10)" }],
    then: (table) => table.restore({ version: 1 }),
  },
  'reorg-purge': {
    write: async (session, uri) => {
      const table = await DeltaTable.createWith(session, uri, some, { properties: vectors })
      return (await table.delete(col('id').eq(1))).purge()
    },
    steps: [{ sql: 'DELETE FROM {t} WHERE id = 2' }, { sql: 'REORG TABLE {t} APPLY (PURGE)' }],
    then: async (table) => (await table.delete(col('id').eq(3))).purge(),
  },
  zorder: {
    write: async (session, uri) => {
      const table = await DeltaTable.createWith(session, uri, points(0, 20_000))
      await table.append(points(20_000, 30_000))
      return (await table.refresh()).optimize({ zorderBy: ['x', 'y'], targetFileBytes: 40_000 })
    },
    skips: ['x = 7', 'x < 20 AND y > 200', "name = 'p77'", 'x BETWEEN 100 AND 110 AND y = 3'],
    steps: [{ sql: "INSERT INTO {t} VALUES (1, 1, 's')" }, { sql: 'OPTIMIZE {t} ZORDER BY (x, y)' }],
    then: (table) => table.optimize({ zorderBy: ['x', 'y'] }),
  },
  clustering: {
    write: async (session, uri) => {
      let table = await DeltaTable.createWith(session, uri, points(0, 20_000), { clusterBy: ['x', 'y'] })
      table = await table.optimize({ targetFileBytes: 40_000 })
      table = await table.append(points(20_000, 21_000))
      return table.optimize({ targetFileBytes: 40_000 })
    },
    skips: ['x = 7', 'x < 20 AND y > 200'],
    steps: [
      { sql: "INSERT INTO {t} VALUES (1, 1, 's')" },
      { sql: 'OPTIMIZE {t}' },
      { sql: 'ALTER TABLE {t} CLUSTER BY (name)' },
      { sql: 'OPTIMIZE {t} FULL' },
    ],
    then: async (table) => {
      const clustered = await (await table.append(points(21_000, 21_100))).optimize()
      return clustered.clusterBy(['x'])
    },
  },
  'dynamic-overwrite': {
    write: async (session, uri) => {
      const table = await DeltaTable.createWith(session, uri, some, { partitionBy: ['n'] })
      return table.overwrite(rows([20, 'two', 2], [30, 'five', 5]), { partitionOverwrite: 'dynamic' })
    },
    steps: [{ sql: "INSERT INTO {t} REPLACE WHERE n = 5 VALUES (31, 'again', 5)" }],
  },
  'replace-where': {
    write: async (session, uri) => {
      const table = await DeltaTable.createWith(session, uri, some, { properties: vectors })
      return table.overwrite(rows([3, 'three', 33], [5, 'five', 55]), { replaceWhere: col('id').gt(2) })
    },
    steps: [{ sql: "INSERT INTO {t} REPLACE WHERE id > 4 VALUES (6, 'six', 6)" }],
  },
  transactions: {
    write: async (session, uri) => {
      const once = { appTransactions: [{ appId: 'loader', version: 7 }], skipIfCommitted: true }
      const table = await DeltaTable.createWith(session, uri, some)
      return (await table.append(rows([5, 'e', 5]), { ...once, userMetadata: 'batch 7' })).append(
        rows([5, 'e', 5]),
        once,
      )
    },
    steps: [
      { sql: 'SET spark.databricks.delta.write.txnAppId=loader' },
      { sql: 'SET spark.databricks.delta.write.txnVersion=7' },
      { sql: "INSERT INTO {t} VALUES (6, 'repeated', 6)" },
      { sql: 'SET spark.databricks.delta.write.txnVersion=8' },
      { sql: "INSERT INTO {t} VALUES (7, 'next', 7)" },
      { sql: 'RESET spark.databricks.delta.write.txnVersion' },
      { sql: 'RESET spark.databricks.delta.write.txnAppId' },
    ],
    then: async (table) => {
      if (table.appTransactions.get('loader') !== 8) throw new Error('the transaction of Spark is not there')
      return table
    },
  },
  'feature-dropped': {
    write: async (session, uri) => {
      let table = await DeltaTable.createWith(session, uri, some, { properties: vectors })
      table = await table.delete(col('id').eq(1))
      table = await table.setProperties({ 'delta.columnMapping.mode': 'name' })
      table = await table.renameColumn('name', 'label')
      table = await table.dropFeature('deletionVectors')
      return table.append(values({ fields: [field('id', int64), field('label', string)] }, [[5n, 'e']]))
    },
    steps: [{ sql: "INSERT INTO {t} VALUES (6, 'f', 6)" }, { sql: 'DELETE FROM {t} WHERE id = 2' }],
  },
  'schema-merged': {
    write: async (session, uri) => {
      const table = await DeltaTable.createWith(session, uri, some)
      const wider = values({ fields: [field('id', int64), field('extra', string)] }, [[9n, 'more']])
      const merged = await table.append(wider, { mergeSchema: true })
      return merged.merge({
        source: values({ fields: [field('id', int64), field('fresh', int64)] }, [
          [1n, 11n],
          [12n, 12n],
        ]),
        on: ['id'],
        mergeSchema: true,
        whenMatchedUpdate: {},
        whenNotMatchedInsert: {},
      })
    },
    steps: [{ sql: "INSERT INTO {t} VALUES (6, 'f', 6, 'x', 5)" }],
  },
  replaced: {
    write: async (session, uri) => {
      const table = await DeltaTable.createWith(session, uri, some, { partitionBy: ['n'] })
      return table.replace(values({ fields: [field('name', string)] }, [['only']]), { clusterBy: ['name'] })
    },
    steps: [{ sql: "INSERT INTO {t} VALUES ('other')" }, { sql: 'OPTIMIZE {t}' }],
  },
}
