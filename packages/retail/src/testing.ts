import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DeltaTable } from '@deltaworks/delta-table'
import { Session } from '@deltaworks/engine'
import { canonicalLine } from '@deltaworks/formats'
import { loadConfiguration, runLakehouse, type RunResult } from '@deltaworks/lakehouse'
import type { RetailConfiguration } from './configuration.js'
import { retail } from './retail.js'

/** 2026-01-01T00:00:00Z */
export const testClock = 1_767_225_600_000_000n

/** The shop over a landing zone of its own in a temporary folder: for tests. */
export class TestShop {
  readonly folder = mkdtempSync(join(tmpdir(), 'deltaworks-retail-'))
  readonly session: Session
  readonly root = join(this.folder, 'lake')
  readonly landing = join(this.folder, 'landing')
  readonly configuration: RetailConfiguration = loadConfiguration(retail.environments, 'dev', retail.configuration)

  constructor(options: Parameters<typeof Session.create>[0] = {}) {
    this.session = Session.create(options)
    mkdirSync(this.landing)
  }

  land(name: string, content: string): void {
    writeFileSync(join(this.landing, name), content)
  }

  run(
    configuration: RetailConfiguration = this.configuration,
    nowMicros = testClock,
    inMemoryBytes?: number,
  ): Promise<RunResult> {
    const root = `file://${this.root}`
    const landing = `file://${this.landing}`
    return runLakehouse({
      lakehouse: retail,
      configuration,
      session: this.session,
      root,
      landing,
      nowMicros,
      ...(inMemoryBytes === undefined ? {} : { inMemoryBytes }),
    })
  }

  /** Rows of a query over the lake's tables, as objects in canonical JSON. */
  async sql(text: string): Promise<Record<string, unknown>[]> {
    const resolve = async (name: readonly string[]) => {
      const last = name.at(-1)!
      const path = retail.tables.find((t) => t.name === last || t.aliases.includes(last))?.path ?? `quality/${last}`
      return (await DeltaTable.open(this.session, `file://${join(this.root, path)}`)).provider()
    }
    const [result] = await this.session.sqlAll(text, resolve)
    return result!.rows.map((row) => JSON.parse(canonicalLine(result!.schema, row)) as Record<string, unknown>)
  }

  /** The only value of a query's only row. */
  async value(text: string): Promise<unknown> {
    return Object.values((await this.sql(text))[0]!)[0]
  }

  async close(): Promise<void> {
    await this.session.close()
    rmSync(this.folder, { recursive: true, force: true })
  }
}

export const transactionHeader =
  'ORDERNUMBER,QUANTITYORDERED,ORDERLINENUMBER,TOTAL_AMOUNT,ORDERDATE,QTR_ID,MONTH_ID,YEAR_ID,PRODUCTCODE,CUSTOMERNAME,PHONE,ADDRESSLINE1,ADDRESSLINE2,CITY,STATE,POSTALCODE,COUNTRY,TERRITORY,CONTACTLASTNAME,CONTACTFIRSTNAME,DEALSIZE'

export interface OrderLine {
  readonly amount: string
  readonly contact: string
  readonly product?: string
  readonly date?: string
  readonly quantity?: number
  readonly territory?: string
}

/** A landing file of transactions, an order a line. */
export const transactionFile = (lines: readonly OrderLine[]): string =>
  [
    transactionHeader,
    ...lines.map(({ amount, contact, product = 'S10_1000', date = '1/2/2024', quantity = 10, territory = 'NA' }, i) => {
      const [first, last] = contact.split(' ')
      return `${1000 + i},${quantity},1,${amount},${date} 0:00,1,1,2024,${product},Company,123,1 Street,,City,,1,USA,${territory},${last},${first},Small`
    }),
  ].join('\n')

/** A landing file of customers: `first last` and city. */
export const customerFile = (customers: readonly (readonly [name: string, city: string])[]): string =>
  [
    'first_name,last_name,company_name,address,city,county,postal,phone1,phone2,email,web',
    ...customers.map(([name, city]) => {
      const [first, last] = name.split(' ')
      return `${first},${last},Company,1 Street,${city},County,1,1,2,${first}@example.com,http://example.com`
    }),
  ].join('\r')

const calendarNames =
  'CALENDAR_DATE,WEEKDAY_NUMBER,WEEKDAY_NAME,FISCAL_WEEK_OF_MONTH,FISCAL_WEEK_OF_YEAR,FISCAL_MONTH_NUMBER,FISCAL_MONTH_NAME,FISCAL_FIRST_DAY_OF_WEEK,FISCAL_LAST_DAY_OF_WEEK,FISCAL_FIRST_DAY_OF_MONTH,FISCAL_LAST_DAY_OF_MONTH,FISCAL_DAY_OF_MONTH,FISCAL_QUARTER,FISCAL_YEAR,FISCAL_YEAR_WEEK,FISCAL_YEAR_MONTH,FISCAL_YEAR_QUARTER,CALENDAR_WEEK_OF_MONTH,CALENDAR_WEEK_OF_YEAR,CALENDAR_FIRST_DAY_OF_MONTH,CALENDAR_LAST_DAY_OF_MONTH,CALENDAR_FIRST_DAY_OF_YEAR,CALENDAR_LAST_DAY_OF_YEAR,WEEKEND'

/** A landing calendar of one day, 2024-01-02. */
export const calendarFile = `${calendarNames}
2024-01-02,3,Tuesday,1,49,12,January,2023-12-31,2024-01-06,2023-12-31,2024-01-27,3,4,2023,202349,202312,20234,1,1,2024-01-01,2024-01-31,2024-01-01,2024-12-31,FALSE
`
