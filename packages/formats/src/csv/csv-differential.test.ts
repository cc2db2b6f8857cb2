import { csvDifferential, fastCsv, type CsvWitness } from '../testing/csv-differential.js'
import { duckCsv } from '../testing/duck-csv.js'

/* A few of the texts of `npm run differential:csv -w packages/formats -- --count 10000`. */

let duck: CsvWitness & { close(): void }

beforeAll(async () => {
  duck = await duckCsv()
})
afterAll(() => duck.close())

it('E-23: texts of random dialects are what they were made of, to DuckDB and fast-csv, too', async () => {
  const equal = new Set<string>()
  for (let seed = 900_000; seed < 900_200; seed++) {
    for (const { label, difference } of await csvDifferential(seed, [duck, fastCsv])) {
      expect([seed, label, difference]).toEqual([seed, label, null])
      if (label.endsWith(': equal')) equal.add(label)
    }
  }
  expect([...equal].sort()).toEqual(['deltaworks: equal', 'duckdb: equal', 'fast-csv: equal'])
})
