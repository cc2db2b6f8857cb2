import type { Session } from '@deltaworks/engine'
import type { TableProvider } from '@deltaworks/plan'
import { SqlProbe, type ProbeDialect, type TableProbe, type TextRows } from '@deltaworks/warehouse'

/** Our engine's words for what a reconciliation asks. */
const lakeDialect: ProbeDialect = {
  name: 'Deltaworks',
  textType: 'VARCHAR',
  quote: (identifier) => `"${identifier.replaceAll('"', '""')}"`,
  text: (value) => `'${value.replaceAll("'", "''")}'`,
  epochMicros: (column, type) =>
    type.kind === 'timestamp' ? `unix_micros(${column})` : `unix_micros(CAST(${column} AS TIMESTAMPTZ))`,
  epochDays: (column) => `unix_date(${column})`,
  hex: (column) => `LOWER(HEX(${column}))`,
  byBytes: (expression) => expression,
}

/** Asks a table of the lake, through the engine, what a warehouse is asked of its copy. */
export const lakeProbe = (session: Session, provider: TableProvider): TableProbe =>
  new SqlProbe(lakeDialect, 'lake_table', async (sql): Promise<TextRows> => {
    const { rows } = await session.sql(sql, { lake_table: provider })
    return rows.map((row) => row.map((value) => (value === null ? null : String(value as string | number | bigint))))
  })
