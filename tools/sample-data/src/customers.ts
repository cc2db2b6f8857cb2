import { join } from 'node:path'
import { cityName, companyName, countyName, personName, plainLetters, streetAddress, type PersonName } from './names.js'
import { Random } from './random.js'
import { TextFile } from './text-file.js'

/** One landing file of customers; each country's has its own columns. */
interface CustomerFile {
  readonly name: string
  readonly header: readonly string[]
  readonly country: 'UK' | 'Canada' | 'USA' | 'Australia'
}

const files: readonly CustomerFile[] = [
  {
    name: 'de_shop_customers_20230619.csv',
    header: [
      'first_name',
      'last_name',
      'company_name',
      'address',
      'city',
      'county',
      'postal',
      'phone1',
      'phone2',
      'email',
      'web',
    ],
    country: 'UK',
  },
  {
    name: 'de_shop_customers_20230901.csv',
    header: [
      'first_name',
      'last_name',
      'company_name',
      'address',
      'city',
      'province',
      'postal',
      'phone1',
      'phone2',
      'email',
      'web',
    ],
    country: 'Canada',
  },
  {
    name: 'de_shop_customers_20240614.csv',
    header: [
      'first_name',
      'last_name',
      'company_name',
      'address',
      'city',
      'county',
      'state',
      'zip',
      'phone1',
      'phone2',
      'email',
      'web',
    ],
    country: 'USA',
  },
  {
    name: 'de_shop_customers_20240701.csv',
    header: [
      'first_name',
      'last_name',
      'company_name',
      'address',
      'city',
      'state',
      'post',
      'phone1',
      'phone2',
      'email',
      'web',
    ],
    country: 'Australia',
  },
]

const states: Readonly<Record<CustomerFile['country'], readonly string[]>> = {
  UK: [],
  Canada: ['ON', 'BC', 'QC', 'AB', 'MB', 'NS'],
  USA: ['CA', 'NY', 'MA', 'PA', 'TX', 'WA', 'NJ', 'IL'],
  Australia: ['NSW', 'VIC', 'QLD', 'WA', 'SA', 'TAS'],
}

export interface CustomerCounts {
  rows: number
  badEmails: number
  errorPhones: number
  accents: number
}

/** What transactions say of a customer's contact. */
export interface Contact {
  readonly name: PersonName
  readonly company: string
  readonly address: string
  readonly city: string
  readonly country: CustomerFile['country']
  readonly state: string
  readonly postal: string
  readonly phone: string
}

const letters = 'ABCDEFGHJKLMNPRSTUWXY'
const pad = (n: number, width: number): string => String(n).padStart(width, '0')

function postalOf(country: CustomerFile['country'], i: number): string {
  const letter = (k: number): string => letters[(i * 3 + k) % letters.length]!
  switch (country) {
    case 'UK':
      return `${letter(0)}${letter(5)}${1 + (i % 38)} ${i % 10}${letter(2)}${letter(9)}`
    case 'Canada':
      return `${letter(1)}${i % 10}${letter(4)} ${(i * 7) % 10}${letter(8)}${(i * 3) % 10}`
    case 'USA':
      return pad(1000 + ((i * 7919) % 98_999), 5)
    case 'Australia':
      return pad(800 + ((i * 487) % 7_200), 4)
  }
}

function phoneOf(country: CustomerFile['country'], i: number): string {
  const a = 100 + ((i * 331) % 899)
  const b = (i * 7_177) % 10_000
  switch (country) {
    case 'UK':
      return `01${pad(a, 3)}-${pad((i * 7_919) % 1_000_000, 6)}`
    case 'Australia':
      return `0${2 + (i % 7)}-${pad((a * 13) % 10_000, 4)}-${pad(b, 4)}`
    default:
      return `${a}-${pad((i * 17) % 1000, 3)}-${pad(b, 4)}`
  }
}

const countryOf = (i: number): CustomerFile['country'] => files[i % files.length]!.country

/** The i-th customer as an order's contact. */
export function contactOf(i: number): Contact {
  const country = countryOf(i)
  const region = states[country]
  return {
    name: personName(i),
    company: companyName(i),
    address: streetAddress(i),
    city: cityName(i),
    country,
    state: region.length === 0 ? '' : region[(i >> 2) % region.length]!,
    postal: postalOf(country, i),
    phone: phoneOf(country, i),
  }
}

const badEmails = ['not an address', 'someone@@example', 'nobody.example.com', '@example.com', 'user@']

/**
 * Writes the four files of customers: every text quoted, numbers not, lines ended by a bare `\r`.
 * Planted: 3 % of the e-mails are none, 2 % of the phones are a spreadsheet's `#ERROR!`.
 */
export function writeCustomers(folder: string, count: number, seed: number): CustomerCounts {
  const random = new Random(seed ^ 0x51ed)
  const counts: CustomerCounts = { rows: 0, badEmails: 0, errorPhones: 0, accents: 0 }
  for (const [part, file] of files.entries()) {
    const out = new TextFile(join(folder, file.name))
    out.write(`${file.header.map((name) => `"${name}"`).join(',')}\r`)
    for (let i = part; i < count; i += files.length) out.write(customerLine(i, file, random, counts))
    out.close()
  }
  return counts
}

function customerLine(i: number, file: CustomerFile, random: Random, counts: CustomerCounts): string {
  const contact = contactOf(i)
  const { first, last } = contact.name
  const isBad = random.below(100) < 3
  const isError = random.below(100) < 2
  const host = `${plainLetters(contact.company)}.example.com`
  const email = isBad ? random.pick(badEmails) : `${plainLetters(first)}.${plainLetters(last)}@${host}`
  counts.rows++
  counts.badEmails += Number(isBad)
  counts.errorPhones += Number(isError)

  counts.accents += Number(/[^\x00-\x7f]/.test(first + last))
  const phone = isError ? '#ERROR!' : contact.phone
  const head = `"${first}","${last}","${contact.company}","${contact.address}","${contact.city}",`
  const tail = `"${phone}","${phoneOf(contact.country, i + 1_000_003)}","${email}","http://www.${host}"\r`
  return `${head}${regionPart(i, file, contact)}${tail}`
}

/** A postal code that is a number is written as one, as spreadsheets do. */
const postalField = (postal: string): string => (/^[1-9]\d*$/.test(postal) ? postal : `"${postal}"`)

function regionPart(i: number, file: CustomerFile, { state, postal }: Contact): string {
  switch (file.country) {
    case 'UK':
      return `"${countyName(i)}","${postal}",`
    case 'Canada':
      return `"${state}","${postal}",`
    case 'USA':
      return `"${countyName(i)}","${state}",${postalField(postal)},`
    case 'Australia':
      return `"${state}",${postalField(postal)},`
  }
}
