import { join } from 'node:path'
import { DeltaTable } from '@deltaworks/delta-table'
import type { Session } from '@deltaworks/engine'
import { col } from '@deltaworks/expression'
import { loadConfiguration, runLakehouse } from '@deltaworks/lakehouse'
import { scan } from '@deltaworks/plan'
import { retail } from '@deltaworks/retail'
import { land, type Landing } from './clean-landing.js'

/** A line that the shop refused or flagged, by file and line. */
export interface Accused {
  readonly place: string
  readonly rules: string
  readonly disposition: string
}

/** What the shop's own rules said of a landing zone. */
export interface Verdict {
  readonly accused: readonly Accused[]
  /** Sales to nobody that is known. */
  readonly orphans: readonly string[]
  /** Rules that did not pass. */
  readonly failed: readonly string[]
}

/** Names a booked sale: no two strangers have one name. */
export const saleTo = (order: string, name: string): string => `${order} ${name.toLowerCase()}`

const clock = 1_767_225_600_000_000n

export async function runShop(session: Session, landing: Landing, folder: string): Promise<Verdict> {
  const [landed, lake] = [join(folder, 'landing'), join(folder, 'lake')]
  land(landing, landed)
  const { quality } = await runLakehouse({
    lakehouse: retail,
    configuration: loadConfiguration(retail.environments, 'dev', retail.configuration),
    session,
    root: `file://${lake}`,
    landing: `file://${landed}`,
    nowMicros: clock,
  })
  const rowsOf = async (path: string, ...names: readonly string[]) => {
    const table = await DeltaTable.open(session, `file://${join(lake, path)}`)
    return (await session.collect(scan(table.provider()).select(...names.map((name) => col(name))).plan)).rows
  }
  const pathOf = (name: string): string => retail.tables.find((table) => table.name === name)!.path
  const names = ['source_file', 'source_line', 'rules', 'disposition'] as const
  const found = await rowsOf('quality/quarantine', ...names).catch(() => [])
  const booked = await rowsOf(pathOf('fact_transactions'), 'customer_match', 'order_number', 'customer_name')
  return {
    accused: found.map(([file, line, rules, disposition]) => ({
      place: `${String(file).split('/').at(-1)}:${Number(line)}`,
      rules: rules as string,
      disposition: disposition as string,
    })),
    orphans: booked
      .filter(([match]) => match === 'inferred')
      .map(([, order, name]) => saleTo(String(order), String(name))),
    failed: quality.filter(({ status }) => status !== 'passed').map(({ table, rule }) => `${table} ${rule}`),
  }
}
