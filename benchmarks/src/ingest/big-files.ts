import { closeSync, openSync, writeSync } from 'node:fs'

const chunkRows = 20_000

/** Writes rows, so many at once, until the file has so many bytes. @returns how many there are */
function writeRows(
  file: string,
  bytes: number,
  [head, tail]: readonly [string, string],
  row: (n: number) => string,
  atOnce = chunkRows,
): number {
  const descriptor = openSync(file, 'w')
  let [size, rows] = [writeSync(descriptor, head), 0]
  while (size < bytes) {
    const chunk = Array.from({ length: atOnce }, () => row(rows++)).join('')
    size += writeSync(descriptor, chunk)
  }
  writeSync(descriptor, tail)
  closeSync(descriptor)
  return rows
}

const day = (n: number): string => new Date(Date.UTC(2020, 0, 1 + (n % 2000))).toISOString().slice(0, 10)
const amount = (n: number): string => `${(n * 7919) % 100_000}.${String((n * 31) % 100).padStart(2, '0')}`

/** One CSV file of orders: numbers, dates, decimals, and texts of which some are quoted. */
export const writeBigCsv = (file: string, bytes: number, atOnce?: number): number =>
  writeRows(
    file,
    bytes,
    ['id,customer,day,amount,note\n', ''],
    (n) => `${n},customer ${n % 100_003},${day(n)},${amount(n)},"note ${n % 17}, with a comma"\n`,
    atOnce,
  )

/** The same as one JSON array. */
export const writeBigJsonArray = (file: string, bytes: number): number =>
  writeRows(
    file,
    bytes,
    ['[\n', ']\n'],
    (n) =>
      `${n === 0 ? '' : ','}{"id":${n},"customer":"customer ${n % 100_003}","day":"${day(n)}","amount":${amount(n)},"note":"note ${n % 17}, with a comma"}\n`,
  )

/** A CSV file whose second row is one line of so many bytes. */
export const writeLongLine = (file: string, bytes: number): void => {
  const descriptor = openSync(file, 'w')
  writeSync(descriptor, 'id,customer,day,amount,note\n1,a,2020-01-01,1.00,x\n2,')
  const block = 'x'.repeat(1024 * 1024)
  for (let size = 0; size < bytes; size += block.length) writeSync(descriptor, block)
  writeSync(descriptor, ',2020-01-01,1.00,x\n3,b,2020-01-01,1.00,x\n')
  closeSync(descriptor)
}

/** A CSV file whose header has so many columns. */
export const writeWideHeader = (file: string, columns: number): void => {
  const descriptor = openSync(file, 'w')
  writeSync(descriptor, 'id,customer,day,amount,note')
  for (let at = 0; at < columns; at += 10_000) {
    writeSync(descriptor, Array.from({ length: 10_000 }, (_, i) => `,column_${at + i}`).join(''))
  }
  writeSync(descriptor, '\n1,a,2020-01-01,1.00,x\n')
  closeSync(descriptor)
}
