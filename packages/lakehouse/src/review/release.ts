import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { col, lit } from '@deltaworks/expression'
import { scan, type DataFrame } from '@deltaworks/plan'
import { isDeltaworksError } from '@deltaworks/schema'
import { splitUri } from '@deltaworks/storage'
import { correctionsRefused } from '../errors.js'
import { landedRows } from '../ingest.js'
import { landedFields, landingColumns } from '../landing-columns.js'
import { contentTransaction } from '../landing.js'
import { LandingTable } from '../landing-table.js'
import { tableOf } from '../lakehouse-definition.js'
import type { RunContext } from '../run-context.js'
import type { TableDefinition } from '../table-definition.js'
import { memberMark } from '../unpack/unpack-landing.js'
import { writeSettings } from '../write-settings.js'
import { recordDecisions } from './decisions.js'
import { recordsById, type QuarantinedRow } from './review.js'

/*
 * Corrected rows are JSON lines: the table's columns by their own names, and `_id`, which says of which quarantined row. What
 * begins with an underscore besides is there for the person who corrects it, and is not read.
 */

/** A quarantined row as a line to be corrected: its columns where they are known, else nulls beside the text as landed. */
export function correctionLine(row: QuarantinedRow, table: TableDefinition): string {
  const { id, sourceFile, sourceLine, sourceOffset, rules, reason, record, stage } = row
  const about = JSON.stringify({
    _id: id,
    _table: table.name,
    _place: `${sourceFile}:${sourceLine}`,
    _offset: sourceOffset === null ? null : Number(sourceOffset),
    _rules: rules,
    _reason: reason,
  })
  const body =
    stage === 'rule'
      ? record
      : JSON.stringify({
          _record: record,
          ...Object.fromEntries(landedFields(table).fields.map((field) => [field.name, null])),
        })
  return body === '{}' ? about : `${about.slice(0, -1)},${body.slice(1)}`
}

interface Correction {
  readonly line: number
  /** The object's text, so that long numbers keep their digits. */
  readonly text: string
  readonly id: string
}

export interface ReleaseResult {
  /** Rows that went into their tables now. */
  readonly released: number
  /** Rows that had been released before. */
  readonly alreadyReleased: number
}

/**
 * Puts corrected rows where the quarantined ones belong: in the place of the row of the same file and line, or as a new row if
 * the table has none. Rules look at them with the next run. Each is released once, whatever is cut off or repeated: the
 * raw table's own log says which are in it, in the commit that brings them.
 * @param text JSON lines, see `correctionLine`
 * @throws LakehouseError DW-LAKEHOUSE-0016 (no such row), DW-LAKEHOUSE-0017 (a line that is not a correct row); then nothing is written
 */
export async function releaseQuarantined(text: string, context: RunContext): Promise<ReleaseResult> {
  const corrections = parseCorrections(text)
  const records = new Map(
    (
      await recordsById(
        corrections.map(({ id }) => id),
        context,
      )
    ).map((row) => [row.id, row]),
  )
  let released = 0
  for (const name of new Set([...records.values()].map((row) => row.table))) {
    const ofTable = corrections.filter(({ id }) => records.get(id)!.table === name)
    released += await releaseInto(tableOf(context.lakehouse, name), ofTable, records, context)
  }
  await recordDecisions([...records.values()], 'released', 'corrected', context)
  return { released, alreadyReleased: corrections.length - released }
}

function parseCorrections(text: string): readonly Correction[] {
  const problems: string[] = []
  const corrections: Correction[] = []
  const seen = new Set<string>()
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim()
    if (line === '') continue
    let parsed: unknown
    try {
      parsed = JSON.parse(line)
    } catch {
      parsed = null
    }
    const id = typeof parsed === 'object' && parsed !== null ? (parsed as { readonly _id?: unknown })._id : undefined
    if (typeof id !== 'string') problems.push(`line ${index + 1} is no JSON object with an "_id"`)
    else if (seen.has(id)) problems.push(`line ${index + 1} corrects ${id} a second time`)
    else if ('source_file' in (parsed as object) || 'source_line' in (parsed as object)) {
      problems.push(`line ${index + 1} says where its row was landed, which is known`)
    } else if (!isCorrected(parsed as object)) problems.push(`line ${index + 1} has no values yet`)
    else corrections.push({ line: index + 1, text: line, id })
    if (typeof id === 'string') seen.add(id)
  }
  if (problems.length > 0) throw correctionsRefused(problems)
  return corrections
}

const isCorrected = (row: object): boolean =>
  Object.entries(row).some(([name, value]) => !name.startsWith('_') && value !== null)

/** @returns how many rows were committed */
async function releaseInto(
  table: TableDefinition,
  corrections: readonly Correction[],
  records: ReadonlyMap<string, QuarantinedRow>,
  context: RunContext,
): Promise<number> {
  const { lake } = context
  const ledger = await lake.ledger(table.path)
  const transaction = (row: QuarantinedRow) => ({
    appId: `deltaworks:release:${row.id}`,
    // Once a content of the landing file: what is delivered again may be corrected again.
    version: ledger.get(contentTransaction(row.sourceFile.split(memberMark)[0]!)) ?? 0,
  })
  const pending = corrections.filter(({ id }) => {
    const { appId, version } = transaction(records.get(id)!)
    return ledger.get(appId) !== version
  })
  if (pending.length === 0) return 0
  const folder = mkdtempSync(join(tmpdir(), 'deltaworks-release-'))
  try {
    const file = join(folder, `corrected-${table.name}.jsonl`)
    writeFileSync(file, pending.map((correction) => `${placed(correction, records)}\n`).join(''))
    const { store, path } = splitUri(pathToFileURL(file).href)
    const part = { store, path, sizeBytes: statSync(file).size, sourceFile: path, checksum: '' }
    const landed = scan(
      await lake.session.materialise(scan(new LandingTable(context.ranges, table, [part], 'corrected'))),
    )
    await refuseMalformed(landed, pending, records, context)
    const rows = pending.map(({ id }) => records.get(id)!)
    const existing = await lake.existing(table.path)
    const written = await existing.overwrite(landedRows(landed, table, context), {
      ...writeSettings(table, context),
      replaceWhere: rows
        .map((row) =>
          col('source_file')
            .eq(lit(row.sourceFile))
            .and(col('source_line').eq(lit(row.sourceLine))),
        )
        .reduce((a, b) => a.or(b)),
      appTransactions: rows.map(transaction),
      userMetadata: JSON.stringify({ released: rows.map((row) => row.id) }),
    })
    lake.wrote(table.path, written)
    return pending.length
  } catch (error) {
    if (isDeltaworksError(error) && error.code === 'DW-TABLE-0004') throw correctionsRefused([error.message])
    throw error
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The line with the place that its row was landed at. */
function placed({ text, id }: Correction, records: ReadonlyMap<string, QuarantinedRow>): string {
  const { sourceFile, sourceLine } = records.get(id)!
  const place = `"source_file":${JSON.stringify(sourceFile)},"source_line":${sourceLine}`
  return `${text.slice(0, -1)},${place}}`
}

async function refuseMalformed(
  landed: DataFrame,
  corrections: readonly Correction[],
  records: ReadonlyMap<string, QuarantinedRow>,
  context: RunContext,
): Promise<void> {
  const { sourceFile, sourceLine, corruptReason } = landingColumns
  const bad = landed.filter(col(corruptReason).isNotNull()).select(sourceFile, sourceLine, corruptReason)
  const { rows } = await context.lake.session.collect(bad, { signal: context.signal })
  if (rows.length === 0) return
  const lineOf = (file: unknown, line: unknown): number =>
    corrections.find(({ id }) => {
      const record = records.get(id)!
      return record.sourceFile === file && record.sourceLine === line
    })?.line ?? 0
  throw correctionsRefused(rows.map(([file, line, reason]) => `line ${lineOf(file, line)}: ${String(reason)}`))
}
