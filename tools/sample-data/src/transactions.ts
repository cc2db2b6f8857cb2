import { join } from 'node:path'
import { contactOf, type Contact } from './customers.js'
import { strangerName } from './names.js'
import { Random } from './random.js'
import { TextFile } from './text-file.js'

const header =
  'ORDERNUMBER,QUANTITYORDERED,ORDERLINENUMBER,TOTAL_AMOUNT,ORDERDATE,QTR_ID,MONTH_ID,YEAR_ID,PRODUCTCODE,CUSTOMERNAME,PHONE,ADDRESSLINE1,ADDRESSLINE2,CITY,STATE,POSTALCODE,COUNTRY,TERRITORY,CONTACTLASTNAME,CONTACTFIRSTNAME,DEALSIZE'

/** What was planted; a row has at most one of `malformed…`, `duplicates`, `zeroAmounts`, `orphans`. */
export interface TransactionCounts {
  /** All rows of the file, malformed ones and duplicates among them. */
  rows: number
  /** TOTAL_AMOUNT is no number. */
  unparsableNumbers: number
  tooFewFields: number
  tooManyFields: number
  /** Rows that repeat the one before them, byte by byte. */
  duplicates: number
  /** The contact is no customer. */
  orphans: number
  zeroAmounts: number
  /** Rows with a negative amount, duplicates and orphans among them, malformed rows not. */
  refunds: number
  /** Likewise counted over all rows that are not malformed: */
  errorPhones: number
  naTerritory: number
  emptyStates: number
  accents: number
}

const families = ['S10', 'S12', 'S18', 'S24', 'S32', 'S50', 'S72', 'S700']
const products = [
  ...Array.from({ length: 108 }, (_, i) => `${families[(i * i + i) % families.length]!}_${1000 + ((i * 677) % 8_900)}`),
  // The one without a family.
  'GIFTCARD',
]

const europe = ['UK', 'France', 'Spain', 'Germany', 'Italy', 'Norway', 'Finland']
const pacific = ['Australia', 'Australia', 'New Zealand', 'Japan']

/** Every so many rows, at offsets of the seed: exact counts at any scale. */
const periods = { unparsable: 941, few: 1193, many: 1409, duplicate: 211, orphan: 67, zero: 563 } as const
type Defect = keyof typeof periods
const defects = Object.keys(periods) as Defect[]

const accented = /[^\x00-\x7f]/
const quoteIfNeeded = (text: string): string => (/[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)

/** The columns of a row that its contact alone decides, and what they count as. */
interface ContactPart {
  /** CUSTOMERNAME … TERRITORY, with a comma behind. */
  readonly text: string
  readonly name: string
  readonly isError: boolean
  readonly isNa: boolean
  readonly hasState: boolean
  readonly hasAccent: boolean
}

function contactPart(i: number): ContactPart {
  const contact: Contact = contactOf(i)
  const country =
    contact.country === 'UK'
      ? europe[i % europe.length]!
      : contact.country === 'Australia'
        ? pacific[(i >> 2) % pacific.length]!
        : contact.country
  const territory =
    contact.country === 'UK' ? 'EMEA' : country === 'Japan' ? 'Japan' : contact.country === 'Australia' ? 'APAC' : 'NA'
  const isError = i % 8 === 3
  const second = i % 9 === 4 ? `Level ${1 + (i % 20)}` : ''
  const fields = [
    contact.company,
    isError ? '#ERROR!' : contact.phone,
    contact.address,
    second,
    contact.city,
    contact.state,
    contact.postal,
    country,
    territory,
  ]
  const name = `${contact.name.last},${contact.name.first}`
  const text = `${fields.map(quoteIfNeeded).join(',')},`
  return {
    text,
    name,
    isError,
    isNa: territory === 'NA',
    hasState: contact.state !== '',
    hasAccent: accented.test(text + name),
  }
}

/**
 * Writes the file of transactions: lines ended by `\n` but for the last, quotes only where needed, dates as `M/d/yyyy H:mm`.
 * Orders have one to eighteen lines; a tenth of the customers place most of them.
 */
export function writeTransactions(folder: string, rows: number, customers: number, seed: number): TransactionCounts {
  const out = new TextFile(join(folder, 'de_shop_transactions_20230821.csv'))
  out.write(header)
  const maker = new RowMaker(customers, seed)
  for (let i = 0; i < rows; i++) out.write(maker.row(i))
  out.close()
  return maker.counts
}

class RowMaker {
  readonly counts: TransactionCounts = {
    rows: 0,
    unparsableNumbers: 0,
    tooFewFields: 0,
    tooManyFields: 0,
    duplicates: 0,
    orphans: 0,
    zeroAmounts: 0,
    refunds: 0,
    errorPhones: 0,
    naTerritory: 0,
    emptyStates: 0,
    accents: 0,
  }
  readonly #random: Random
  readonly #customers: number
  readonly #seed: number
  readonly #offsets: Readonly<Record<Defect, number>>
  readonly #parts = new Map<number, ContactPart>()
  #order = 10_099
  #line = 0
  #lines = 0
  #date = ''
  #part: ContactPart
  #former: (() => void) | null = null
  #formerRow = ''

  constructor(customers: number, seed: number) {
    this.#random = new Random(seed)
    this.#customers = customers
    this.#seed = seed
    const random = new Random(seed ^ 0x7a11)
    this.#offsets = Object.fromEntries(defects.map((name) => [name, random.below(periods[name])])) as Record<
      Defect,
      number
    >
    this.#part = this.#contact(0)
  }

  /** The i-th row, with a line end before it. */
  row(i: number): string {
    const { counts } = this
    counts.rows++
    let defect: Defect | undefined
    for (let d = 0; d < defects.length && defect === undefined; d++) {
      const name = defects[d]!
      if (i % periods[name] === this.#offsets[name]) defect = name
    }
    if (defect === 'duplicate') {
      if (this.#former !== null) {
        counts.duplicates++
        this.#former()
        this.#former = null
        return this.#formerRow
      }
      defect = undefined
    }
    if (this.#line === this.#lines) this.#nextOrder()
    this.#line++
    return this.#orderLine(i, defect)
  }

  #orderLine(i: number, defect: Defect | undefined): string {
    const random = this.#random
    const { counts } = this
    const part = this.#part
    const quantity = 10 + random.below(60)
    const large = random.below(250) === 0
    const isRefund = defect !== 'zero' && random.below(10) === 0
    const cents = large ? 500_000 + random.below(200_000) : 2_000 + random.below(198_000)
    const amount =
      defect === 'zero'
        ? '0'
        : `${isRefund ? '-' : ''}${i % 3 === 0 ? (cents / 100).toFixed(2) : Math.floor(cents / 100)}`
    const size = cents >= 150_000 ? 'Large' : cents >= 60_000 ? 'Medium' : 'Small'
    const product = products[random.below(products.length)]!
    const name = defect === 'orphan' ? this.#stranger(i) : part.name
    const before = `\n${this.#order},${quantity},${this.#line},`
    const middle = `,${this.#date}${product},${part.text}`
    switch (defect) {
      case 'unparsable':
        counts.unparsableNumbers++
        this.#former = null
        return `${before}${i % 2 === 0 ? '12.5.7' : 'n/a'}${middle}${name},${size}`
      case 'few':
        counts.tooFewFields++
        this.#former = null
        return `${before}${amount}${middle}${name}`
      case 'many':
        counts.tooManyFields++
        this.#former = null
        return `${before}${amount}${middle}${name},${size},surplus`
      default:
    }
    const count = (): void => {
      counts.refunds += Number(isRefund)
      counts.errorPhones += Number(part.isError)
      counts.naTerritory += Number(part.isNa)
      counts.emptyStates += Number(!part.hasState)
      counts.accents += Number(defect === 'orphan' ? accented.test(part.text + name) : part.hasAccent)
    }
    count()
    if (defect === 'orphan') counts.orphans++
    if (defect === 'zero') counts.zeroAmounts++
    const row = `${before}${amount}${middle}${name},${size}`
    this.#former = defect === undefined ? count : null
    this.#formerRow = row
    return row
  }

  #stranger(i: number): string {
    const { first, last } = strangerName(i + this.#seed)
    return `${last},${first}`
  }

  #nextOrder(): void {
    const random = this.#random
    this.#order++
    this.#line = 0
    this.#lines = 1 + random.below(18)
    const year = 2022 + random.below(3)
    const month = 1 + random.below(12)
    const day = 1 + random.below(28)
    this.#date = `${month}/${day}/${year} 0:00,${Math.ceil(month / 3)},${month},${year},`
    // A tenth of the customers places four of five orders.
    const few = Math.max(1, Math.floor(this.#customers / 10))
    this.#part = this.#contact(random.below(random.below(5) === 0 ? this.#customers : few))
  }

  #contact(i: number): ContactPart {
    let part = this.#parts.get(i)
    if (part === undefined) {
      part = contactPart(i)
      if (this.#parts.size < 200_000) this.#parts.set(i, part)
    }
    return part
  }
}
