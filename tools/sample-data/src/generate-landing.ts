import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { calendarHeader, calendarLines } from './calendar.js'
import { writeCustomers, type CustomerCounts } from './customers.js'
import { maxPeople } from './names.js'
import { TextFile } from './text-file.js'
import { writeTransactions, type TransactionCounts } from './transactions.js'

export interface LandingOptions {
  /** Folder that gets the files; it is made if it is missing. */
  readonly out: string
  /** 1: about what the shop has. Transactions grow with it, customers with its square root above 1. Default 1. */
  readonly scale?: number
  /** Equal seeds give equal files, byte by byte. Default 1. */
  readonly seed?: number
  /** Instead of what the scale says. */
  readonly transactions?: number
  readonly customers?: number
}

/** What was written and which defects were planted, to be held against what a pipeline finds. */
export interface LandingManifest {
  readonly scale: number
  readonly seed: number
  readonly files: readonly string[]
  readonly calendar: { readonly rows: number }
  readonly customers: Readonly<CustomerCounts>
  readonly transactions: Readonly<TransactionCounts>
}

const transactionsOfShop = 2_823
const customersOfShop = 2_000
/** The fiscal years that the shop's calendar covers. */
const calendarYears = { first: 2010, last: 2028 } as const

/** Writes a landing zone like the shop's: four files of customers, one of transactions, the calendar. */
export function generateLanding(options: LandingOptions): LandingManifest {
  const { out, scale = 1, seed = 1 } = options
  if (!(scale > 0) || !Number.isFinite(scale)) throw new RangeError(`scale must be a positive number, not ${scale}`)
  const transactions = options.transactions ?? Math.max(1, Math.round(transactionsOfShop * scale))
  const customers =
    options.customers ?? Math.max(4, Math.round(customersOfShop * (scale > 1 ? Math.sqrt(scale) : scale)))
  if (customers > maxPeople / 2)
    throw new RangeError(`there are names for ${maxPeople / 2} customers, not for ${customers}`)
  mkdirSync(out, { recursive: true })
  const customerCounts = writeCustomers(out, customers, seed)
  const transactionCounts = writeTransactions(out, transactions, customers, seed)
  const rows = writeCalendar(out)
  return {
    scale,
    seed,
    files: [
      'de_dates.csv',
      'de_shop_customers_20230619.csv',
      'de_shop_customers_20230901.csv',
      'de_shop_customers_20240614.csv',
      'de_shop_customers_20240701.csv',
      'de_shop_transactions_20230821.csv',
    ],
    calendar: { rows },
    customers: customerCounts,
    transactions: transactionCounts,
  }
}

function writeCalendar(folder: string): number {
  const file = new TextFile(join(folder, 'de_dates.csv'))
  file.write(`${calendarHeader.join(',')}\n`)
  let rows = 0
  for (const line of calendarLines(calendarYears.first, calendarYears.last)) {
    file.write(`${line}\n`)
    rows++
  }
  file.close()
  return rows
}
