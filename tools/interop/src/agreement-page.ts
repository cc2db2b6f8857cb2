import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { format, resolveConfig } from 'prettier'
import { readAgreement, type Party, type RecordedTable } from './agreement.js'

/*
 * node tools/interop/dist/agreement-page.js
 *
 * Makes docs/delta-agreement.md of what `features.js --record` and `spark-tables.js --record` have seen.
 */

const page = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', 'docs', 'delta-agreement.md')

const cell = ({ parties }: RecordedTable, party: Party): string => {
  const tally = parties[party]
  if (tally === undefined) return '–'
  return tally.failed === 0 ? `yes (${tally.passed})` : `no (${tally.failed} of ${tally.passed + tally.failed})`
}

const rows = (tables: Readonly<Record<string, RecordedTable>>, parties: readonly Party[]): string =>
  Object.entries(tables)
    .map(([name, table]) => `| ${[name, ...parties.map((party) => cell(table, party)), table.date].join(' | ')} |`)
    .join('\n')

const text = `# Delta tables: who agrees

Made by \`node tools/interop/dist/agreement-page.js\` of what the programs of \`tools/interop\` have recorded. The first records were taken from the logs of these programs. Numbers
in brackets are checks. Readers: Spark 4.1 with Delta 4.4, delta-rs (\`deltalake\` 1.6).

## Tables that we write

Every version is read by Spark and delta-rs and compared row by row; Spark also compares its own history, version checksum, row ids and
change data feed with ours, and opens exactly the files that our statistics leave. Then Spark writes on (and must be refused where
the table's rules refuse it), we read what it left, write once more, and Spark reads that.

| Table | We write | Spark agrees | delta-rs agrees | We read on | Date |
| ----- | -------- | ------------ | --------------- | ---------- | ---- |
${rows(readAgreement('ours'), ['written', 'spark', 'delta-rs', 'read'])}

"–": not asked; under delta-rs of another table than a twin: it says itself that it does not know the feature. Twins are the same SQL in Spark and in our
console, each on a table of its own.

## Tables that Spark writes

Every version is read by us, cold and as an update of an older snapshot, and compared row by row with what Spark reads; so is the change
data feed where the table has one.

| Table | We read | Date |
| ----- | ------- | ---- |
${rows(readAgreement('theirs'), ['read'])}

Known difference: Spark pads \`CHAR(n)\` with spaces when it reads; we return what the files hold.
`

writeFileSync(page, await format(text, { ...(await resolveConfig(page)), filepath: page }))
