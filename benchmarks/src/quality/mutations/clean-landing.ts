import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const transactionsFile = 'de_shop_transactions_20230821.csv'

/** The shop's landing files without the defects that its generator plants: by name, lines of fields. */
export interface Landing {
  readonly files: ReadonlyMap<string, { readonly lineEnd: string; readonly lines: readonly (readonly string[])[] }>
  readonly calendar: string
}

const generator = fileURLToPath(new URL('../../../../tools/sample-data/dist/main.js', import.meta.url))

/** @param folder an empty one, for what the generator writes */
export function cleanLanding(folder: string, seed: number, scale: number): Landing {
  const args = [generator, '--out', folder, '--scale', String(scale), '--seed', String(seed)]
  const made = spawnSync(process.execPath, args, { encoding: 'utf8' })
  if (made.status !== 0) throw new Error(made.stderr)
  const files = new Map<string, { lineEnd: string; lines: string[][] }>()
  const people = new Set<string>()
  for (const name of readdirSync(folder).filter((file) => file.includes('customers'))) {
    const lines = linesOf(join(folder, name), '\r').map((fields, i) => (i === 0 ? fields : withGoodEmail(fields)))
    for (const [first, last] of lines.slice(1)) people.add(`${first} ${last}`)
    files.set(name, { lineEnd: '\r', lines })
  }
  const [header, ...sold] = linesOf(join(folder, transactionsFile), '\n')
  const lines = sold
    .filter((fields, i) => {
      const isWhole = fields.length === header!.length && isUsual(Number(fields[3]))
      return isWhole && fields.join() !== sold[i - 1]?.join() && people.has(`${fields[19]} ${fields[18]}`)
    })
    .map((fields) => (fields[10] === '#ERROR!' ? fields.with(10, '555-0100') : fields))
  files.set(transactionsFile, { lineEnd: '\n', lines: [header!, ...lines] })
  return { files, calendar: readFileSync(join(folder, 'de_dates.csv'), 'utf8') }
}

/** Neither missing, nor zero, nor one of the few that are many times as large as all others. */
const isUsual = (amount: number): boolean => amount !== 0 && Math.abs(amount) < 4000

export function land({ files, calendar }: Landing, folder: string): void {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'de_dates.csv'), calendar)
  for (const [name, { lineEnd, lines }] of files) {
    writeFileSync(join(folder, name), lines.map((fields) => fields.map(quoted).join(',')).join(lineEnd))
  }
}

const quoted = (field: string): string => (/[",]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field)

function linesOf(file: string, lineEnd: string): string[][] {
  return readFileSync(file, 'utf8')
    .split(lineEnd)
    .filter((line) => line !== '')
    .map((line) =>
      Array.from(line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g), ([, inQuotes, plain]) =>
        inQuotes === undefined ? plain! : inQuotes.replaceAll('""', '"'),
      ),
    )
}

/** The last field but one is the address. */
function withGoodEmail(fields: readonly string[]): string[] {
  const place = fields.length - 2
  return /^[^@\s]+@[a-z.]+\.com$/.test(fields[place]!) ? [...fields] : fields.with(place, 'someone@shop.example.com')
}
