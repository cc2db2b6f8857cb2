import { invalidOption, parseTimestampMs } from '@deltaworks/cli'
import { tableOf, versionsAt, versionsOfRun, type LakehouseDefinition, type TableVersions } from '@deltaworks/lakehouse'
import type { Session } from '@deltaworks/engine'
import type { DriftPolicy, LoadMode, WarehouseTarget } from '@deltaworks/warehouse'
import { uniqueId } from './unique-id.js'

/** The options that say what is exported. */
export interface ChoiceOptions {
  readonly tables: string | undefined
  readonly run: string | undefined
  readonly asOf: string | undefined
  readonly tableVersion: readonly string[] | undefined
  readonly resume: boolean
  readonly mode: LoadMode
  readonly drift: DriftPolicy
}

export interface ChosenExport {
  /** Names of tables; empty: all that go to a warehouse. */
  readonly only: readonly string[]
  readonly versions: TableVersions
  readonly mode: LoadMode
  readonly drift: DriftPolicy
  readonly loadId: string
  readonly resumed: boolean
}

export interface Choosing {
  readonly lakehouse: LakehouseDefinition
  readonly session: Session
  /** URI of the lake. */
  readonly root: string
  readonly target: WarehouseTarget
  readonly nowMs: number
}

/**
 * Which tables at which versions; of an export that did not end, those that it had begun with.
 * @throws UsageError DW-CLI-0001; LakehouseError DW-LAKEHOUSE-0042, 0054
 */
export async function chooseExport(options: ChoiceOptions, choosing: Choosing): Promise<ChosenExport> {
  const only = namesOf(options.tables, choosing.lakehouse)
  if (options.resume) return unfinishedExport(options, choosing)
  const { mode, drift } = options
  const versions = await versionsFor(options, choosing)
  return { only, versions, mode, drift, loadId: uniqueId('export', choosing.nowMs), resumed: false }
}

async function unfinishedExport(options: ChoiceOptions, { target }: Choosing): Promise<ChosenExport> {
  const given = Object.entries({
    '--tables': options.tables,
    '--run': options.run,
    '--as-of': options.asOf,
    '--table-version': options.tableVersion?.join(' '),
  }).find(([, value]) => value !== undefined)
  if (given !== undefined) {
    throw invalidOption(given[0], given[1]!, '--resume goes on with the tables and versions that the export began with')
  }
  const loaded = await target.loaded()
  for (const { versions, mode, drift, loadId, beganMs } of await target.unfinished()) {
    // What a later export has loaded since stays as that one left it.
    const only = Object.keys(versions).filter((name) => (loaded.get(name)?.loadedAtMs ?? 0) < beganMs)
    if (only.length > 0) return { only, versions, mode, drift, loadId, resumed: true }
  }
  throw invalidOption(
    '--resume',
    target.location,
    'every export into it has ended or was overtaken; leave the option out',
  )
}

function namesOf(tables: string | undefined, lakehouse: LakehouseDefinition): readonly string[] {
  const only = (tables ?? '').split(',').flatMap((name) => (name.trim() === '' ? [] : [name.trim()]))
  const names = exportedNames(lakehouse)
  const unknown = only.find((name) => !names.includes(name))
  if (unknown !== undefined)
    throw invalidOption('--tables', unknown, `tables that go to a warehouse are ${names.join(', ')}`)
  return only
}

const exportedNames = (lakehouse: LakehouseDefinition): readonly string[] =>
  lakehouse.tables.filter((table) => table.warehouse !== null).map((table) => table.name)

/** A table's own version goes over that of a run or a time. */
async function versionsFor(
  { run, asOf, tableVersion = [] }: ChoiceOptions,
  { lakehouse, session, root }: Choosing,
): Promise<TableVersions> {
  if (run !== undefined && asOf !== undefined) {
    throw invalidOption('--as-of', asOf, 'give it or --run, which both say the versions of all tables')
  }
  const ofAll =
    run !== undefined
      ? await versionsOfRun(lakehouse, root, run)
      : asOf !== undefined
        ? await versionsAt(lakehouse, session, root, timeOf(asOf))
        : {}
  return { ...ofAll, ...Object.fromEntries(tableVersion.map((text) => versionOf(text, lakehouse))) }
}

function versionOf(text: string, lakehouse: LakehouseDefinition): readonly [string, number] {
  const match = /^([^=]+)=(\d{1,15})$/.exec(text)
  if (match === null) throw invalidOption('--table-version', text, 'give a table and a version, like dim_product=12')
  const { name } = tableOf(lakehouse, match[1]!)
  const names = exportedNames(lakehouse)
  if (!names.includes(name))
    throw invalidOption('--table-version', text, `tables that go to a warehouse are ${names.join(', ')}`)
  return [name, Number(match[2])]
}

function timeOf(text: string): number {
  try {
    return parseTimestampMs(text)
  } catch {
    throw invalidOption('--as-of', text, 'give a timestamp such as 2026-01-31T06:00:00Z')
  }
}
