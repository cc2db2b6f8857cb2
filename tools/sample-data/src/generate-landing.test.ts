import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from '@jest/globals'
import { calendarHeader, calendarLines } from './calendar.js'
import { generateLanding } from './generate-landing.js'
import { maxPeople, personName } from './names.js'

const folder = mkdtempSync(join(tmpdir(), 'deltaworks-sample-'))
afterAll(() => rmSync(folder, { recursive: true }))
const landing = new URL('../../../../shared/landing/', import.meta.url)

/** Fields of a record in which quotes surround whole fields. */
const fieldsOf = (line: string): string[] =>
  [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^",]*))/g)].map(
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '',
  )
const contents = (out: string, name: string, end: string): string[][] =>
  readFileSync(join(out, name), 'utf8')
    .split(end)
    .filter((line) => line !== '')
    .map(fieldsOf)
const digest = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex')

describe('the calendar', () => {
  it("is the shop's, day by day", () => {
    const path = fileURLToPath(new URL('de_dates.csv', landing))
    if (!existsSync(path)) {
      console.log(`skipped: there is no ${path}`)
      return
    }
    const [header, ...days] = readFileSync(path, 'utf8').trimEnd().split('\n')
    expect(calendarHeader.join(',')).toBe(header)
    expect([...calendarLines(2010, 2028)]).toEqual(days.sort())
  })

  it('has a week more in the years that need one', () => {
    const lengths = [2011, 2012, 2017, 2023].map((year) => [...calendarLines(year, year)].length / 7)
    expect(lengths).toEqual([52, 53, 53, 53])
  })
})

describe('the landing zone', () => {
  const out = join(folder, 'one')
  const manifest = generateLanding({ out })
  const customers = manifest.files
    .filter((name) => name.includes('customers'))
    .flatMap((name) => {
      const [header, ...rows] = contents(out, name, '\r')
      return rows.map((row) => Object.fromEntries(header!.map((column, i) => [column, row[i]!])))
    })
  const [header, ...transactions] = contents(out, 'de_shop_transactions_20230821.csv', '\n')
  const column = (name: string): number => header!.indexOf(name)
  const isMalformed = (row: string[]): boolean => row.length !== 21 || Number.isNaN(Number(row[column('TOTAL_AMOUNT')]))
  const good = transactions.filter((row) => !isMalformed(row))
  const key = (row: string[]): string => `${row[column('CONTACTFIRSTNAME')]} ${row[column('CONTACTLASTNAME')]}`

  it('has the size of the real one', () => {
    expect(manifest.transactions.rows).toBe(2823)
    expect(manifest.customers.rows).toBe(2000)
    expect(manifest.calendar.rows).toBe(6944)
    expect(transactions).toHaveLength(2823)
    expect(customers).toHaveLength(2000)
  })

  it('has four schemas of customers with bare carriage returns', () => {
    const headers = manifest.files
      .filter((name) => name.includes('customers'))
      .map((name) => contents(out, name, '\r')[0]!.join())
    expect(new Set(headers).size).toBe(4)
    for (const name of manifest.files.filter((file) => file.includes('customers'))) {
      expect(readFileSync(join(out, name), 'utf8')).not.toContain('\n')
    }
  })

  it('names each customer once', () => {
    expect(new Set(customers.map((row) => `${row['first_name']} ${row['last_name']}`.toLowerCase())).size).toBe(2000)
    const names = new Set<string>()
    for (let i = 0; i < maxPeople / 8; i++) names.add(Object.values(personName(i)).join(' '))
    expect(names.size).toBe(maxPeople / 8)
  })

  it('plants what the manifest says', () => {
    const { transactions: planted, customers: plantedCustomers } = manifest
    const known = new Set(customers.map((row) => `${row['first_name']} ${row['last_name']}`))
    const count = (rows: string[][], test: (row: string[]) => boolean): number => rows.filter(test).length
    const amount = (row: string[]): number => Number(row[column('TOTAL_AMOUNT')])
    expect({
      rows: transactions.length,
      unparsableNumbers: count(transactions, (row) => row.length === 21 && Number.isNaN(amount(row))),
      tooFewFields: count(transactions, (row) => row.length < 21),
      tooManyFields: count(transactions, (row) => row.length > 21),
      duplicates: transactions.filter((row, i) => i > 0 && row.join() === transactions[i - 1]!.join()).length,
      orphans: count(good, (row) => !known.has(key(row))),
      zeroAmounts: count(good, (row) => amount(row) === 0),
      refunds: count(good, (row) => amount(row) < 0),
      errorPhones: count(good, (row) => row[column('PHONE')] === '#ERROR!'),
      naTerritory: count(good, (row) => row[column('TERRITORY')] === 'NA'),
      emptyStates: count(good, (row) => row[column('STATE')] === ''),

      accents: count(good, (row) => /[^\x00-\x7f]/.test(row.join())),
    }).toEqual(planted)
    expect({
      rows: customers.length,
      badEmails: customers.filter((row) => !/^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(row['email']!)).length,
      errorPhones: customers.filter((row) => row['phone1'] === '#ERROR!').length,

      accents: customers.filter((row) => /[^\x00-\x7f]/.test(row['first_name']! + row['last_name']!)).length,
    }).toEqual(plantedCustomers)
  })

  it('stays within the thresholds of the shop', () => {
    const { transactions: planted, customers: plantedCustomers } = manifest
    expect(planted.orphans / planted.rows).toBeLessThan(0.05)
    expect(plantedCustomers.badEmails / plantedCustomers.rows).toBeLessThan(0.1)
    for (const count of Object.values(planted)) expect(count).toBeGreaterThan(0)
  })

  it('is the same for the same seed, another for another', () => {
    const again = generateLanding({ out: join(folder, 'again') })
    const other = generateLanding({ out: join(folder, 'other'), seed: 2 })
    expect(again).toEqual(manifest)
    expect(other).not.toEqual(manifest)
    for (const name of manifest.files) expect(digest(join(folder, 'again', name))).toBe(digest(join(out, name)))
  })

  it('grows with the scale', () => {
    const { transactions: large, customers: more } = generateLanding({ out: join(folder, 'large'), scale: 10 })
    expect(large.rows).toBe(28_230)
    expect(more.rows).toBe(6_325)
    const { transactions: small } = generateLanding({ out: join(folder, 'small'), scale: 0.01 })
    expect(small.rows).toBe(28)
    expect(() => generateLanding({ out: join(folder, 'none'), scale: 0 })).toThrow(RangeError)
  })
})
