import { transactionsFile, type Landing } from './clean-landing.js'
import { defects, type Defect } from './defects.js'
import { saleTo } from './shop-run.js'

/** A defect in its line. */
export interface Planted {
  readonly defect: Defect
  readonly file: string
  /** From 1, the header's. */
  readonly line: number
  /** What the booked sale is found by. */
  readonly sale: string
}

/** The landing zone with so many defects, each in a line of its own. @param first the number of the first of all defects */
export function plant(landing: Landing, first: number, count: number): { landing: Landing; planted: Planted[] } {
  const files = new Map([...landing.files].map(([name, file]) => [name, { ...file, lines: [...file.lines] }]))
  const customers = [...files.keys()].filter((name) => name !== transactionsFile)
  const planted: Planted[] = []
  const repeated: (readonly string[])[] = []
  const last = files.get(transactionsFile)!.lines.length
  for (let i = 0; i < count; i++) {
    const number = first + i
    const defect = defects[number % defects.length]!
    const file = defect.table === 'transactions' ? transactionsFile : customers[number % customers.length]!
    const { lines } = files.get(file)!
    // Apart from each other, and from the header.
    const place = 2 + Math.floor(((lines.length - 3) * i) / count)
    const fields = landing.files.get(file)!.lines[place]!
    const changed = defect.apply(fields, number)
    const sale = changed === 'repeated' ? '' : saleTo(changed[0]!, `${changed[19]} ${changed[18]}`)
    if (changed === 'repeated') {
      planted.push({ defect, file, line: last + repeated.push(fields), sale })
    } else {
      lines[place] = changed
      planted.push({ defect, file, line: place + 1, sale })
    }
  }
  files.get(transactionsFile)!.lines.push(...repeated)
  return { landing: { ...landing, files }, planted }
}
