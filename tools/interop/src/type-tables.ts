import { col, lit } from '@deltaworks/expression'
import { values } from '@deltaworks/plan'
import {
  date,
  field,
  float32,
  int16,
  int32,
  int64,
  int8,
  list,
  map,
  nullType,
  string,
  struct,
  timestamp,
  timestampNtz,
  variant,
  type Schema,
  type Value,
} from '@deltaworks/schema'
import { DeltaTable, generatedAs } from '@deltaworks/delta-table'
import { people, type FeatureTable } from './feature-table.js'

/* Types that the protocol treats apart, and names for their parts. */

const nested = (mode: string): FeatureTable => {
  const inner = struct([field('x', int32), field('odd . name', string)])
  const schema: Schema = {
    fields: [
      field('id', int64),
      field('l', list(inner)),
      field('m', map(string, inner)),
      field('s', struct([field('deep', struct([field('a', list(list(int64)))]))])),
      field('p, ;=', string),
    ],
  }
  const row = (id: number, partition: string | null): Value[] =>
    [
      BigInt(id),
      [[id, 'x'], null, [null, null]],
      [
        ['k', [id, 'y']],
        ['n', null],
      ],
      [[[[BigInt(id)], [], null]]],
      partition,
    ] as Value[]
  return {
    write: async (session, uri) => {
      const made = await DeltaTable.createWith(session, uri, values(schema, [row(1, 'a/b c'), row(2, null)]), {
        partitionBy: ['p, ;='],
        properties: { 'delta.columnMapping.mode': mode, 'delta.enableDeletionVectors': 'true' },
      })
      let table = await made.renameColumn('s.deep', 'renamed')
      table = await table.renameColumn('`p, ;=`', 'part')
      table = await table.addColumns([field('z', date)], { into: 's' })
      return table.delete(col('id').eq(2))
    },
    steps: [{ sql: 'DELETE FROM {t} WHERE id = 77' }, { sql: 'ALTER TABLE {t} RENAME COLUMN l TO items' }],
  }
}

const iceberg = (version: number): FeatureTable => ({
  write: async (session, uri) => {
    const schema: Schema = {
      fields: [field('id', int64), ...(version === 1 ? [] : [field('m', map(string, list(int32)))]), field('d', date)],
    }
    const row = (id: number): Value[] =>
      [BigInt(id), ...(version === 1 ? [] : [[['k', [id, null]]]]), 10 + id] as Value[]
    const table = await DeltaTable.createWith(session, uri, values(schema, [row(1), row(2)]), {
      partitionBy: ['d'],
      properties: { [`delta.enableIcebergCompatV${version}`]: 'true', 'delta.columnMapping.mode': 'name' },
    })
    return (await table.append(values(schema, [row(3)]))).delete(col('id').eq(1))
  },
  steps: [{ sql: 'DELETE FROM {t} WHERE id = 2' }],
})

export const typeTables: Readonly<Record<string, FeatureTable>> = {
  'nested-names': nested('name'),
  'nested-ids': nested('id'),
  'iceberg-compat-v1': iceberg(1),
  'iceberg-compat-v2': iceberg(2),
  'timestamp-ntz': {
    write: (session, uri) => {
      const schema: Schema = { fields: [field('id', int64), field('at', timestampNtz), field('p', timestampNtz)] }
      const late = 253_402_300_799_999_999n
      return DeltaTable.createWith(
        session,
        uri,
        values(schema, [
          [1n, 0n, 1_577_836_800_000_001n],
          [2n, -62_135_596_800_000_000n, -1n],
          [3n, late, late],
          [4n, null, null],
        ]),
        { partitionBy: ['p'] },
      )
    },
    skips: [
      "at > CAST('2000-01-01 00:00:00' AS TIMESTAMP_NTZ)",
      "p = CAST('1969-12-31 23:59:59.999999' AS TIMESTAMP_NTZ)",
    ],
    steps: [{ sql: "INSERT INTO {t} VALUES (5, TIMESTAMP_NTZ'2020-02-29 12:00:00', null)" }],
  },
  'void-columns': {
    write: async (session, uri) => {
      const schema: Schema = {
        fields: [
          field('id', int64),
          field('nothing', nullType),
          field('s', struct([field('x', int32), field('v', nullType)])),
        ],
      }
      const table = await DeltaTable.createWith(session, uri, values(schema, [[1n, null, [1, null]]]), { schema })
      return table.append(values({ fields: [field('id', int64)] }, [[2n]]))
    },
    steps: [],
  },
  'type-widening-nested': {
    write: async (session, uri) => {
      const schema: Schema = {
        fields: [
          field('p', int8),
          field('s', struct([field('x', int16)])),
          field('l', list(int32)),
          field('m', map(int8, float32)),
          field('day', date),
        ],
      }
      const row: Value[] = [1, [7], [1, null], [[1, 1.5]] as unknown as Value, -3600]
      let table = await DeltaTable.createWith(session, uri, values(schema, [row]), {
        partitionBy: ['p'],
        properties: { 'delta.enableTypeWidening': 'true' },
      })
      table = await table.alterColumn('p', { type: int32 })
      table = await table.alterColumn('s.x', { type: int32 })
      table = await table.alterColumn('day', { type: timestampNtz })
      return table.alterColumn('l', { type: list(int64) })
    },
    steps: [
      {
        sql: "INSERT INTO {t} VALUES (70000, named_struct('x', 70000), array(5000000000), map(2Y, float(2.5)), TIMESTAMP_NTZ'2020-01-01 12:00:00')",
      },
      { sql: 'OPTIMIZE {t}' },
    ],
    then: (table) => table.update({ p: lit(5) }, col('p').eq(1)),
  },
  variants: {
    write: async (session, uri) => {
      const schema: Schema = {
        fields: [field('id', int64), field('v', variant), field('s', struct([field('w', list(variant))]))],
      }
      const row = (id: number, v: string | null): Value[] => [BigInt(id), v, [[v, null, '{"deep": [1.5, "é"]}']]]
      const made = await DeltaTable.createWith(
        session,
        uri,
        values(schema, [row(1, '{"b": 1, "a": [null, true, 12345678901234567890]}'), row(2, null), row(3, '"text"')]),
        { properties: { 'delta.enableDeletionVectors': 'true' } },
      )
      const table = await made.append(values(schema, [row(4, '-0.0000001'), row(5, '1e300'), row(6, '[]')]))
      return (await table.delete(col('id').eq(2))).optimize()
    },
    steps: [
      { sql: `INSERT INTO {t} SELECT 7, parse_json('{"z": [1, 2.50]}'), null` },
      { sql: "DELETE FROM {t} WHERE variant_get(v, '$.b', 'int') = 1" },
    ],
    then: (table) => table.delete(col('id').eq(7)),
  },
  'generated-partitions': {
    write: async (session, uri) => {
      const schema: Schema = {
        fields: [field('id', int64), field('at', timestamp), field('day', date, true, generatedAs('CAST(at AS DATE)'))],
      }
      const day = 86_400_000_000n
      const rows = [0n, 1n, 2n, 3n, 40n].map((at): Value[] => [at, at * day + 5n])
      return DeltaTable.createWith(session, uri, values({ fields: schema.fields.slice(0, 2) }, rows), {
        schema,
        partitionBy: ['day'],
      })
    },
    steps: [{ sql: "INSERT INTO {t} (id, at) VALUES (9, TIMESTAMP'2024-02-29 12:00:00')" }],
    then: (table) => table.delete(col('at').lt(lit(86_400_000_000n, timestamp))),
  },
  characters: {
    write: async (session, uri) => {
      const char = (text: string) => ({ __CHAR_VARCHAR_TYPE_STRING: text })
      const schema: Schema = {
        fields: [field('id', int64), field('name', string, true, char('varchar(4)')), field('n', int32)],
      }
      return DeltaTable.createWith(session, uri, values(people, [[1n, 'abcd', 1]]), { schema })
    },
    steps: [
      { sql: "INSERT INTO {t} VALUES (2, 'ab', 2)" },
      { sql: "INSERT INTO {t} VALUES (3, 'abcde', 2)", fails: 'DELTA_EXCEED_CHAR_VARCHAR_LIMIT' },
    ],
  },
}
