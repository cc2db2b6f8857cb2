import { mkdirSync, readFileSync, existsSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Who says something of a table: our writer, our reader, the readers of others. */
export type Party = 'written' | 'read' | 'spark' | 'delta-rs'

/** Checks that passed and failed. */
interface Tally {
  readonly passed: number
  readonly failed: number
}

export interface RecordedTable {
  readonly parties: Readonly<Partial<Record<Party, Tally>>>
  readonly date: string
}

/** `ours`: tables that we write; `theirs`: tables that Spark writes. */
export type AgreementKind = 'ours' | 'theirs'

const file = (kind: AgreementKind): string =>
  join(dirname(fileURLToPath(import.meta.url)), '..', 'results', `agreement-${kind}.json`)

export const readAgreement = (kind: AgreementKind): Readonly<Record<string, RecordedTable>> =>
  existsSync(file(kind)) ? (JSON.parse(readFileSync(file(kind), 'utf8')) as Record<string, RecordedTable>) : {}

/** What the parties say of each table. */
export class Agreement {
  readonly #tables = new Map<string, Map<Party, Tally | null>>()

  add(table: string, party: Party, isRight: boolean): void {
    const { passed, failed } = this.#partiesOf(table).get(party) ?? { passed: 0, failed: 0 }
    this.#partiesOf(table).set(party, isRight ? { passed: passed + 1, failed } : { passed, failed: failed + 1 })
  }

  /** The party says that it does not know what the table needs. */
  addUnable(table: string, party: Party): void {
    this.#partiesOf(table).set(party, null)
  }

  #partiesOf(table: string): Map<Party, Tally | null> {
    const known = this.#tables.get(table)
    if (known !== undefined) return known
    const parties = new Map<Party, Tally | null>()
    this.#tables.set(table, parties)
    return parties
  }

  /** Keeps it beside what is known of other tables and parties. */
  save(kind: AgreementKind, now: Date = new Date()): void {
    const date = now.toISOString().slice(0, 10)
    const tables: Record<string, RecordedTable> = { ...readAgreement(kind) }
    for (const [name, parties] of this.#tables) {
      const all = { ...tables[name]?.parties, ...Object.fromEntries(parties) }
      tables[name] = { parties: Object.fromEntries(Object.entries(all).filter(([, tally]) => tally !== null)), date }
    }
    const sorted = Object.fromEntries(Object.entries(tables).sort(([a], [b]) => (a < b ? -1 : 1)))
    mkdirSync(dirname(file(kind)), { recursive: true })
    writeFileSync(file(kind), `${JSON.stringify(sorted, null, 2)}\n`)
  }
}
