import { describe, expect, it } from '@jest/globals'
import {
  boolean,
  date,
  decimal,
  field,
  float64,
  int32,
  int64,
  list,
  schema,
  string,
  timestamp,
} from '@deltaworks/schema'
import { defineIn } from '../definition.js'
import { checkDrift, checkFeasible, driftOf, needsRebuild } from '../drift.js'
import { layoutOf, recordedLayout } from '../layout.js'
import { alterations } from '../load-script.js'
import type { TableLayout } from '../table-layout.js'
import type { TableLoad } from '../target.js'
import type { WarehouseTable } from '../warehouse-table.js'
import { postgresDialect } from './postgres-dialect.js'
import { redshiftDialect } from './redshift-dialect.js'
import { snowflakeDialect } from './snowflake-dialect.js'
import type { SqlDialect } from './sql-dialect.js'

const sales: WarehouseTable = {
  name: 'sales',
  schema: schema([
    field('id', int64, false, { comment: 'the order line' }),
    field('customer', string, true, { 'deltaworks.pii': 'name' }),
    field('territory', string),
    field('amount', decimal(12, 2), false),
    field('sold_on', date),
    field('seen_at', timestamp),
    field('tags', list(string)),
    field('rate', float64),
    field('is_large', boolean),
  ]),
  identity: 'sales',
  deltaVersion: 1,
  source: { kind: 'parquet', files: [], physicalNames: null },
  expected: null,
  primaryKey: ['id'],
  foreignKeys: [
    { columns: ['customer'], table: 'customers', references: ['key'] },
    { columns: ['territory'], table: 'customers', references: ['territory'] },
  ],
  comment: "The shop's sales",
  aliases: [],
  profile: {
    customer: { maxBytes: 41 },
    territory: { maxBytes: 5, distinct: 4, rowCount: 10_000 },
  },
  layout: {
    distribution: { style: 'key', column: 'customer' },
    sort: { style: 'compound', columns: ['sold_on'] },
    grants: [{ privileges: ['SELECT'], to: { kind: 'role', name: 'analysts' } }],
  },
}
const customers: WarehouseTable = {
  ...sales,
  name: 'customers',
  schema: schema([field('key', string, false), field('territory', string)]),
  primaryKey: ['key'],
  foreignKeys: [],
  layout: {},
  profile: {},
}
const defined = (dialect: SqlDialect, changes: Partial<WarehouseTable> = {}, before: WarehouseTable | null = null) => {
  const tables = [sales, customers]
  const recorded =
    before === null
      ? null
      : recordedLayout(layoutOf(defineIn(dialect, before, { schemaName: null, recorded: null, tables })))
  return { definition: defineIn(dialect, { ...sales, ...changes }, { schemaName: null, recorded, tables }), recorded }
}
const layout = (value: TableLayout) => ({ layout: value })

describe('definitions as SQL', () => {
  it('W-01 W-02 W-03 M-073 M-074 M-075: Redshift has lengths from the values, encodings, distribution and sort keys', () => {
    expect(redshiftDialect.createTable(defined(redshiftDialect).definition)).toEqual([
      `CREATE TABLE "sales" (
  "id" BIGINT NOT NULL ENCODE AZ64,
  "customer" VARCHAR(64) ENCODE ZSTD,
  "territory" VARCHAR(16) ENCODE BYTEDICT,
  "amount" DECIMAL(12,2) NOT NULL ENCODE AZ64,
  "sold_on" DATE ENCODE RAW,
  "seen_at" TIMESTAMPTZ ENCODE AZ64,
  "tags" SUPER ENCODE ZSTD,
  "rate" DOUBLE PRECISION ENCODE ZSTD,
  "is_large" BOOLEAN ENCODE ZSTD,
  PRIMARY KEY ("id"),
  CONSTRAINT "sales_customer_fk" FOREIGN KEY ("customer") REFERENCES "customers" ("key")
) DISTSTYLE KEY DISTKEY ("customer") COMPOUND SORTKEY ("sold_on")`,
    ])
  })

  it('W-12: comments and grants; a reference that is no key is told as a comment', () => {
    const { definition } = defined(redshiftDialect)
    expect(redshiftDialect.comments(definition)).toEqual([
      `COMMENT ON TABLE "sales" IS 'The shop''s sales territory refers to customers(territory).'`,
      `COMMENT ON COLUMN "sales"."id" IS 'the order line'`,
    ])
    expect(redshiftDialect.access(definition)).toEqual(['GRANT SELECT ON TABLE "sales" TO ROLE "analysts"'])
  })

  it('W-13: Snowflake has variants, clustering, transience, retention, keys and comments', () => {
    const { definition } = defined(
      snowflakeDialect,
      layout({ clusterBy: ['sold_on'], transient: true, retentionDays: 1 }),
    )
    expect(snowflakeDialect.createTable(definition)).toEqual([
      `CREATE TRANSIENT TABLE IF NOT EXISTS "sales" (
  "id" NUMBER(19,0) NOT NULL COMMENT 'the order line',
  "customer" VARCHAR,
  "territory" VARCHAR,
  "amount" NUMBER(12,2) NOT NULL,
  "sold_on" DATE,
  "seen_at" TIMESTAMP_LTZ(6),
  "tags" VARIANT,
  "rate" FLOAT,
  "is_large" BOOLEAN,
  PRIMARY KEY ("id"),
  CONSTRAINT "sales_customer_fk" FOREIGN KEY ("customer") REFERENCES "customers" ("key")
) DATA_RETENTION_TIME_IN_DAYS = 1 COMMENT = 'The shop''s sales territory refers to customers(territory).' CLUSTER BY ("sold_on")`,
    ])
  })

  it('M-078: personal data is masked for all but the named roles', () => {
    const masked = layout({ unmaskedRoles: ['auditors'] })
    expect(snowflakeDialect.access(defined(snowflakeDialect, masked).definition)).toEqual([
      `CREATE MASKING POLICY IF NOT EXISTS "deltaworks_masked_text" AS (v VARCHAR) RETURNS VARCHAR -> CASE WHEN IS_ROLE_IN_SESSION('auditors') THEN v ELSE SHA2(v, 256) END`,
      `ALTER TABLE "sales" MODIFY COLUMN "customer" SET MASKING POLICY "deltaworks_masked_text" FORCE`,
    ])
    expect(redshiftDialect.access(defined(redshiftDialect, masked).definition)).toEqual([
      `CREATE MASKING POLICY "deltaworks_masked_64" IF NOT EXISTS WITH (v VARCHAR(64)) USING (CAST(SUBSTRING(SHA2(v, 256), 1, 64) AS VARCHAR(64)))`,
      `CREATE MASKING POLICY "deltaworks_plain_64" IF NOT EXISTS WITH (v VARCHAR(64)) USING (v)`,
      `ATTACH MASKING POLICY "deltaworks_masked_64" ON "sales" ("customer") TO PUBLIC PRIORITY 0`,
      `ATTACH MASKING POLICY "deltaworks_plain_64" ON "sales" ("customer") TO ROLE "auditors" PRIORITY 10`,
    ])
  })

  it('W-01: redshift_type and maxlength of a column are taken as they are', () => {
    const fields = [field('a', string, true, { redshift_type: 'CHAR(3)' }), field('b', string, true, { maxlength: 7 })]
    const { definition } = defined(redshiftDialect, {
      schema: schema(fields),
      primaryKey: [],
      foreignKeys: [],
      layout: {},
    })
    expect(definition.columns.map(({ type }) => type.sql)).toEqual(['CHAR(3)', 'VARCHAR(7)'])
  })
})

describe('definitions that no warehouse takes', () => {
  it.each<[string, TableLayout]>([
    ['a distribution key that is no column', { distribution: { style: 'key', column: 'nope' } }],
    ['a sort key of a nested column', { sort: { style: 'compound', columns: ['tags'] } }],
    ['nine interleaved sort keys', { sort: { style: 'interleaved', columns: sales.schema.fields.map((f) => f.name) } }],
    ['a sort key twice', { sort: { style: 'compound', columns: ['id', 'id'] } }],
    ['no sort key', { sort: { style: 'interleaved', columns: [] } }],
    ['AZ64 for text', { encodings: { customer: 'AZ64' } }],
    ['an encoding that there is not', { encodings: { customer: 'GZIP' as never } }],
    ['91 days', { retentionDays: 91 }],
    ['a transient table with a week of time travel', { transient: true, retentionDays: 7 }],
  ])('W-03 N-08: %s is refused before anything runs', (_, value) => {
    expect(() => defined(redshiftDialect, layout(value))).toThrow(
      expect.objectContaining({ code: 'DW-WAREHOUSE-0007' }),
    )
  })

  it('N-08: a value too long for its VARCHAR is told from the profile, with no warehouse reached', () => {
    const fields = [field('a', string, true, { maxlength: 7 })]
    const changes = {
      schema: schema(fields),
      primaryKey: [],
      foreignKeys: [],
      layout: {},
      profile: { a: { maxBytes: 8 } },
    }
    expect(() => defined(redshiftDialect, changes)).toThrow(
      expect.objectContaining({ code: 'DW-WAREHOUSE-0008', details: expect.objectContaining({ bytes: 8, limit: 7 }) }),
    )
    expect(() => defined(redshiftDialect, { profile: { customer: { maxBytes: 65_536 } } })).toThrow(
      expect.objectContaining({ code: 'DW-WAREHOUSE-0008' }),
    )
  })

  it('N-08: names that are too long are refused', () => {
    expect(() => defined(postgresDialect, { name: 'x'.repeat(60) })).toThrow(
      expect.objectContaining({ code: 'DW-WAREHOUSE-0007' }),
    )
  })
})

describe('drift', () => {
  const wide = schema(
    sales.schema.fields.map((f) => (f.name === 'amount' ? field('amount', decimal(14, 2), false) : f)),
  )
  const longer = schema([...wide.fields, field('new', int32)])
  const load = (changed: WarehouseTable['schema']): TableLoad => {
    const { definition, recorded } = defined(redshiftDialect, { schema: changed }, sales)
    const drifts = driftOf(recorded!, definition)
    return {
      table: sales,
      definition,
      loadId: 'l',
      mode: 'incremental',
      fromVersion: 1,
      recorded,
      drifts,
      referencing: [],
      changes: null,
    }
  }

  it('W-11: added and widened columns are ALTERs', () => {
    expect(alterations(load(longer), postgresDialect)).toEqual({
      before: [],
      inTransaction: [
        'ALTER TABLE "sales" ALTER COLUMN "amount" TYPE DECIMAL(14,2)',
        'ALTER TABLE "sales" ADD COLUMN "new" INTEGER',
      ],
    })
    expect(alterations(load(longer), snowflakeDialect)).toMatchObject({ before: { length: 2 }, inTransaction: [] })
    expect(() => checkDrift('sales', load(longer).drifts, 'append')).not.toThrow()
    expect(() => checkDrift('sales', load(longer).drifts, 'fail')).toThrow(
      /add the column "new" INTEGER.*policy "append"/,
    )
  })

  it('W-11: Redshift alters nothing but lengths of VARCHAR: other wider types make the table anew', () => {
    const { definition, drifts } = load(longer)
    expect(needsRebuild(redshiftDialect, definition, drifts)).toBe(true)
    expect(needsRebuild(postgresDialect, definition, drifts)).toBe(false)
    expect(() => checkFeasible(redshiftDialect, definition, drifts)).not.toThrow()
  })

  it('W-11: Snowflake changes no decimal places: that is refused', () => {
    const finer = schema(sales.schema.fields.map((f) => (f.name === 'amount' ? field('amount', decimal(16, 4)) : f)))
    const { definition, recorded } = defined(snowflakeDialect, { schema: finer }, sales)
    expect(() => checkFeasible(snowflakeDialect, definition, driftOf(recorded!, definition))).toThrow(/rename or drop/)
  })

  it('W-11: a column is never dropped unless that is allowed', () => {
    const shorter = schema(sales.schema.fields.filter((f) => f.name !== 'rate'))
    expect(() => checkDrift('sales', load(shorter).drifts, 'append')).toThrow(/drop the column "rate".*policy "sync"/)
    expect(() => checkDrift('sales', load(shorter).drifts, 'sync')).not.toThrow()
  })

  it('W-11: narrowing is refused whatever is allowed', () => {
    const narrow = schema(
      sales.schema.fields.map((f) => (f.name === 'amount' ? field('amount', decimal(12, 3), false) : f)),
    )
    for (const policy of ['fail', 'append', 'sync'] as const)
      expect(() => checkDrift('sales', load(narrow).drifts, policy)).toThrow(/from DECIMAL\(12,2\) to DECIMAL\(12,3\)/)
  })

  it('W-11: a length that was chosen from longer values stays', () => {
    const { definition } = defined(redshiftDialect, { profile: { customer: { maxBytes: 5 } } }, sales)
    expect(definition.columns[1]!.type.sql).toBe('VARCHAR(64)')
  })
})
