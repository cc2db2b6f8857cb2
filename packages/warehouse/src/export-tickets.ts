import { field, schema, string, timestampNtz, type Schema } from '@deltaworks/schema'
import type { SqlDialect } from './dialects/sql-dialect.js'
import { nameList, quote } from './dialects/sql-text.js'
import type { SqlConnection } from './sql-connection.js'
import type { ExportTicket, KeptTicket } from './target.js'

export const ticketTable = 'deltaworks_exports'

export const ticketSchema: Schema = schema([
  field('load_id', string, false, { maxlength: 255 }),
  field('began_at', timestampNtz, false),
  field('plan', string, false, { maxlength: 65_535 }),
])

/**
 * The exports that began, in a table of the warehouse. A row is written and deleted by statements of their own, outside of the
 * transaction that loads, so that exports do not wait for each other because of it; one that was published, as the control
 * table says, is not unfinished whether its row is still there or not.
 */
export class ExportTickets {
  readonly #connection: SqlConnection
  readonly #dialect: SqlDialect
  readonly #relation: string
  readonly #control: string

  constructor(connection: SqlConnection, dialect: SqlDialect, relation: string, control: string) {
    this.#connection = connection
    this.#dialect = dialect
    this.#relation = relation
    this.#control = control
  }

  async kept(): Promise<readonly KeptTicket[]> {
    const [loadId, beganAt, plan] = ticketSchema.fields.map(({ name }) => quote(name))
    const micros = this.#dialect.epochMicros(beganAt!, timestampNtz)
    const rows = await this.#connection.query(
      `SELECT ${loadId}, ${plan}, ${micros} AS began_micros, published_id FROM ${this.#relation} LEFT JOIN ` +
        `(SELECT DISTINCT ${loadId} AS published_id FROM ${this.#control}) AS published ON published_id = ${loadId} ` +
        `ORDER BY 3 DESC, 1 DESC`,
    )
    return rows.map(([id, planned, began, published]) => ({
      ...(JSON.parse(planned!) as Pick<ExportTicket, 'versions' | 'mode' | 'drift' | 'guard'>),
      loadId: id!,
      beganMs: Number(BigInt(began!.replace(/\.0*$/, '')) / 1000n),
      isPublished: published !== null,
    }))
  }

  async add({ loadId, beganMs, versions, mode, drift, guard }: ExportTicket): Promise<void> {
    const { literal } = this.#dialect
    const values = [
      literal(loadId, string),
      literal(BigInt(Math.round(beganMs)) * 1000n, timestampNtz),
      literal(JSON.stringify({ versions, mode, drift, guard }), string),
    ]
    const names = nameList(ticketSchema.fields.map(({ name }) => name))
    await this.#connection.run(`INSERT INTO ${this.#relation} (${names}) VALUES (${values.join(', ')})`)
  }

  async remove(loadIds: readonly string[]): Promise<void> {
    const ids = loadIds.map((id) => this.#dialect.literal(id, string))
    await this.#connection.run(`DELETE FROM ${this.#relation} WHERE ${quote('load_id')} IN (${ids.join(', ')})`)
  }
}
