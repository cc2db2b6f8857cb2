import { col, lit } from '@deltaworks/expression'
import { values } from '@deltaworks/plan'
import { date, decimal, field, int32, int64, string, struct, timestamp, type Schema } from '@deltaworks/schema'
import { DeltaTable, defaultsTo, generatedAs, identityColumn } from '@deltaworks/delta-table'
import { checkpointTables } from './checkpoint-tables.js'
import { commandTables } from './command-tables.js'
import { rows, some, type FeatureTable } from './feature-table.js'
import { typeTables } from './type-tables.js'

const mapped = (mode: string): FeatureTable => ({
  write: async (session, uri) => {
    let table = await DeltaTable.createWith(session, uri, some, {
      partitionBy: ['n'],
      properties: { 'delta.columnMapping.mode': mode },
    })
    table = await table.renameColumn('name', 'label')
    table = await table.addColumns([field('s', struct([field('x', int32), field('y', string)]))], { after: 'id' })
    table = await table.append(
      values(
        {
          fields: [field('id', int64), field('s', struct([field('x', int32), field('y', string)])), field('n', int32)],
        },
        [[5n, [1, 'y'], 1]],
      ),
    )
    table = await table.renameColumn('s.x', 'ex')
    table = await table.dropColumns(['s.y'])
    return table.update({ label: lit('z') }, col('id').eq(2))
  },
  steps: [
    { sql: "INSERT INTO {t} VALUES (6, named_struct('ex', 7), 'six', 2)" },
    { sql: 'ALTER TABLE {t} RENAME COLUMN label TO tag' },
    { sql: 'DELETE FROM {t} WHERE id = 1' },
  ],
  then: (table) => table.update({ tag: lit('last') }, col('id').eq(6)),
})

const withChanges = (vectors: boolean): FeatureTable => ({
  write: async (session, uri) => {
    let table = await DeltaTable.createWith(session, uri, some, {
      properties: {
        'delta.enableChangeDataFeed': 'true',
        ...(vectors && { 'delta.enableDeletionVectors': 'true' }),
      },
    })
    table = await table.update({ name: lit('u') }, col('id').eq(2))
    table = await table.delete(col('id').eq(1))
    table = await table.merge({
      source: rows([3, 'm', 30], [9, 'new', 9], [4, 'gone', 0]),
      on: ['id'],
      whenMatchedDelete: { condition: col('name', 'source').eq('gone') },
      whenMatchedUpdate: {},
      whenNotMatchedInsert: {},
    })
    return table.overwrite(rows([9, 'replaced', 10]), { replaceWhere: col('id').eq(9) })
  },
  changesFrom: 0,
  steps: [{ sql: "UPDATE {t} SET name = 'spark' WHERE id = 3" }, { sql: 'DELETE FROM {t} WHERE id = 9' }],
})

export const featureTables: Readonly<Record<string, FeatureTable>> = {
  ...checkpointTables,
  ...commandTables,
  ...typeTables,
  'check-constraints': {
    write: async (session, uri) => {
      const table = await DeltaTable.createWith(session, uri, some)
      return (await table.addConstraint('small', 'n < 100 AND id IS NOT NULL')).append(rows([5, 'e', 5]))
    },
    steps: [
      { sql: "INSERT INTO {t} VALUES (6, 'f', 6)" },
      { sql: "INSERT INTO {t} VALUES (7, 'g', 700)", fails: 'DELTA_VIOLATE_CONSTRAINT' },
      { sql: 'ALTER TABLE {t} ADD CONSTRAINT named CHECK (name IS NULL OR length(name) < 10)' },
    ],
    then: (table) => table.append(rows([8, 'h', 8])),
  },
  invariants: {
    write: async (session, uri) => {
      const invariant = { 'delta.invariants': JSON.stringify({ expression: { expression: 'id > 0' } }) }
      const schema: Schema = { fields: [field('id', int64, true, invariant), field('name', string, false)] }
      return DeltaTable.createWith(
        session,
        uri,
        values({ fields: schema.fields.map(({ name, type }) => field(name, type)) }, [[1n, 'a']]),
        { schema },
      )
    },
    steps: [
      { sql: "INSERT INTO {t} VALUES (2, 'b')" },
      { sql: "INSERT INTO {t} VALUES (-2, 'b')", fails: 'DELTA_VIOLATE_CONSTRAINT' },
      { sql: 'INSERT INTO {t} VALUES (3, NULL)', fails: 'DELTA_NOT_NULL_CONSTRAINT_VIOLATED' },
    ],
  },
  'append-only': {
    write: async (session, uri) =>
      (await DeltaTable.createWith(session, uri, some, { properties: { 'delta.appendOnly': 'true' } })).append(some),
    steps: [
      { sql: "INSERT INTO {t} VALUES (6, 'f', 6)" },
      { sql: 'DELETE FROM {t} WHERE id = 1', fails: 'DELTA_CANNOT_MODIFY_APPEND_ONLY' },
    ],
  },
  'generated-columns': {
    write: async (session, uri) => {
      const schema: Schema = {
        fields: [
          field('id', int64),
          field('at', timestamp),
          field('day', date, true, generatedAs('CAST(at AS DATE)')),
          field('twice', int64, true, generatedAs('id * 2')),
        ],
      }
      const source: Schema = { fields: [field('id', int64), field('at', timestamp)] }
      const table = await DeltaTable.createWith(
        session,
        uri,
        values(source, [
          [1n, 1_600_000_000_000_000n],
          [2n, null],
        ]),
        {
          schema,
          partitionBy: ['day'],
        },
      )
      return table.update({ id: col('id').add(10) }, col('id').eq(2))
    },
    steps: [
      { sql: "INSERT INTO {t} (id, at) VALUES (3, TIMESTAMP'2024-02-29 12:00:00')" },
      { sql: 'INSERT INTO {t} (id, twice) VALUES (4, 9)', fails: 'DELTA_VIOLATE_CONSTRAINT' },
    ],
    then: (table) => table.append(values({ fields: [field('id', int64)] }, [[77n]])),
  },
  'column-defaults': {
    write: async (session, uri) => {
      const schema: Schema = {
        fields: [
          field('id', int64),
          field('name', string, true, defaultsTo("'nobody'")),
          field('n', int32, true, defaultsTo('7')),
        ],
      }
      return DeltaTable.createWith(session, uri, values({ fields: [field('id', int64)] }, [[1n]]), { schema })
    },
    steps: [{ sql: 'INSERT INTO {t} (id) VALUES (2)' }, { sql: 'INSERT INTO {t} VALUES (3, DEFAULT, 8)' }],
    then: (table) => table.append(values({ fields: [field('id', int64), field('n', int32)] }, [[4n, null]])),
  },
  'identity-columns': {
    write: async (session, uri) => {
      const schema: Schema = {
        fields: [field('key', int64, true, identityColumn({ start: 10, step: 10 })), field('name', string)],
      }
      const names = values({ fields: [field('name', string)] }, [['a'], ['b']])
      return (await DeltaTable.createWith(session, uri, names, { schema })).append(names)
    },
    steps: [
      {
        sql: "INSERT INTO {t} (key, name) VALUES (1, 'x')",
        fails: 'DELTA_IDENTITY_COLUMNS_EXPLICIT_INSERT_NOT_SUPPORTED',
      },
    ],
  },
  'column-mapping-name': mapped('name'),
  'column-mapping-id': mapped('id'),
  'column-mapping-upgrade': {
    write: async (session, uri) => {
      let table = await DeltaTable.createWith(session, uri, some)
      table = await table.setProperties({ 'delta.columnMapping.mode': 'name' })
      table = await table.dropColumns(['n'])
      return table.append(values({ fields: [field('id', int64), field('name', string)] }, [[7n, 'x']]))
    },
    steps: [{ sql: 'ALTER TABLE {t} ADD COLUMN n INT' }, { sql: "INSERT INTO {t} VALUES (8, 'y', 8)" }],
  },
  'change-data-feed': withChanges(false),
  'change-data-feed-vectors': withChanges(true),
  'row-tracking': {
    write: async (session, uri) => {
      let table = await DeltaTable.createWith(session, uri, some)
      table = await table.setProperties({ 'delta.enableRowTracking': 'true' })
      table = await table.append(rows([5, 'e', 5], [6, 'f', 6]))
      table = await table.update({ name: lit('u') }, col('id').eq(1))
      table = await table.optimize()
      table = await table.merge({
        source: rows([2, 'm', 2], [70, 'new', 70]),
        on: ['id'],
        whenMatchedUpdate: {},
        whenNotMatchedInsert: {},
      })
      return table.delete(col('id').eq(3))
    },
    rowIds: true,
    steps: [
      { sql: "INSERT INTO {t} VALUES (8, 'h', 8)" },
      { sql: 'UPDATE {t} SET n = 50 WHERE id = 5' },
      { sql: 'OPTIMIZE {t}' },
    ],
    then: async (table) => (await table.append(rows([9, 'i', 9]))).update({ name: lit('last') }, col('id').eq(8)),
  },
  'in-commit-timestamps-later': {
    write: async (session, uri) => {
      let table = await DeltaTable.createWith(session, uri, some)
      table = await table.setProperties({ 'delta.enableInCommitTimestamps': 'true' })
      return table.append(rows([5, 'e', 5]))
    },
    steps: [{ sql: "INSERT INTO {t} VALUES (6, 'f', 6)" }],
    then: (table) => table.append(rows([7, 'g', 7])),
  },
  'type-widening': {
    write: async (session, uri) => {
      let table = await DeltaTable.createWith(session, uri, some, {
        properties: { 'delta.enableTypeWidening': 'true' },
      })
      table = await table.alterColumn('n', { type: int64 })
      table = await table.append(
        values({ fields: [field('id', int64), field('name', string), field('n', int64)] }, [[5n, 'e', 10n ** 12n]]),
      )
      table = await table.addColumns([field('d', decimal(5, 2))])
      table = await table.append(values({ fields: [field('id', int64), field('d', decimal(5, 2))] }, [[6n, 123n]]))
      return table.alterColumn('d', { type: decimal(12, 4) })
    },
    steps: [{ sql: "INSERT INTO {t} VALUES (7, 'g', 7, 12345678.1234)" }, { sql: 'OPTIMIZE {t}' }],
  },
  'domain-metadata': {
    write: async (session, uri) => {
      const table = await DeltaTable.createWith(session, uri, some)
      return (await table.setDomainMetadata('deltaworks.test', '{"a":1}')).append(rows([5, 'e', 5]))
    },
    steps: [{ sql: "INSERT INTO {t} VALUES (6, 'f', 6)" }],
    then: async (table) => {
      if (table.domainMetadata.get('deltaworks.test') !== '{"a":1}') throw new Error('the domain is gone')
      return table
    },
  },
  'altered-columns': {
    write: async (session, uri) => {
      let table = await DeltaTable.createWith(session, uri, some)
      table = await table.alterColumn('n', { comment: 'a number', first: true })
      table = await table.alterColumn('name', { default: "'none'" })
      table = await table.setProperties({ 'delta.logRetentionDuration': 'interval 3 days', owner: 'me' })
      return table.append(values({ fields: [field('id', int64)] }, [[5n]]))
    },
    steps: [
      { sql: 'INSERT INTO {t} (id, n) VALUES (6, 6)' },
      { sql: "ALTER TABLE {t} ALTER COLUMN n COMMENT 'other'" },
    ],
  },
}
