import { DeltaworksError, nearest } from '@deltaworks/schema'

export class LakehouseError extends DeltaworksError {
  override readonly name = 'LakehouseError'
}

export const invalidDefinition = (table: string, problem: string): LakehouseError =>
  new LakehouseError('DW-LAKEHOUSE-0001', 'usage', `The definition of table "${table}" is wrong: ${problem}`, { table })

export const unknownTable = (name: string, known: readonly string[]): LakehouseError =>
  new LakehouseError(
    'DW-LAKEHOUSE-0002',
    'usage',
    `There is no table "${name}" in this lakehouse${nearest(name, known)}. Tables: ${known.join(', ')}.`,
    { table: name, tables: known },
  )

export const cyclicDefinition = (path: readonly string[]): LakehouseError =>
  new LakehouseError(
    'DW-LAKEHOUSE-0003',
    'usage',
    `Tables are built from each other in a circle: ${path.join(' → ')}. One of them must not read the other.`,
    { tables: path },
  )

export const invalidConfiguration = (file: string, problems: readonly string[]): LakehouseError =>
  new LakehouseError('DW-LAKEHOUSE-0004', 'usage', `The configuration ${file} is not valid: ${problems.join('; ')}.`, {
    file,
    problems,
  })

export const configurationNotFound = (environment: string, known: readonly string[]): LakehouseError =>
  new LakehouseError(
    'DW-LAKEHOUSE-0005',
    'usage',
    `There is no environment "${environment}"${nearest(environment, known)}. Environments: ${known.join(', ')}.`,
    { environment, environments: known },
  )

export const noLandingFiles = (source: string, pattern: string, landing: string): LakehouseError =>
  new LakehouseError(
    'DW-LAKEHOUSE-0006',
    'usage',
    `No file in ${landing} matches "${pattern}", which table "${source}" is ingested from. Check --landing.`,
    { source, pattern, landing },
  )

export const tableNotBuilt = (table: string, root: string): LakehouseError =>
  new LakehouseError(
    'DW-LAKEHOUSE-0007',
    'usage',
    `Table "${table}" does not exist under ${root} yet. Run \`deltaworks-batch run\` first, or check --root.`,
    { table, root },
  )

export const schemaMismatch = (table: string, differences: readonly string[]): LakehouseError =>
  new LakehouseError(
    'DW-LAKEHOUSE-0008',
    'usage',
    `Table "${table}" does not come out as it is defined: ${differences.join('; ')}. Change its columns or its build.`,
    { table, differences },
  )

export const lakehouseNotFound = (name: string, reason: string): LakehouseError =>
  new LakehouseError(
    'DW-LAKEHOUSE-0009',
    'usage',
    `Cannot load the lakehouse "${name}": ${reason}. Give the name of a shipped lakehouse (retail) or the path of a module whose default export is made by defineLakehouse.`,
    { lakehouse: name },
  )

export const tooManyMalformed = (table: string, malformed: number, total: number, limit: number): LakehouseError =>
  new LakehouseError(
    'DW-LAKEHOUSE-0010',
    'data',
    `${malformed} of ${total} rows for "${table}" are malformed, more than the ${limit * 100} % that its source allows. Nothing of it was ingested; look at the landing files, or raise maxMalformed.`,
    { table, malformed, total, limit },
  )

export const landingColumnsDiffer = (
  path: string,
  table: string,
  missing: readonly string[],
  extra: readonly string[],
  found: readonly string[],
): LakehouseError =>
  new LakehouseError(
    'DW-LAKEHOUSE-0011',
    'data',
    `${path} does not have the columns of table "${table}":${missing.length === 0 ? '' : ` ${missing.join(', ')} missing;`}${extra.length === 0 ? '' : ` ${extra.join(', ')} not declared;`} it has ${found.join(', ')}. Deliver the file as declared, or declare the columns (from, optional) or extraColumns (ignore, rescue, add).`,
    { path, table, missing, extra },
  )

export const landingChanged = (landing: string, paths: readonly string[]): LakehouseError =>
  new LakehouseError(
    'DW-LAKEHOUSE-0012',
    'conflict',
    `${paths.join(', ')} in ${landing} changed while it was read. Nothing of it was ingested; the next run takes what is there then. Deliver files under another name first, and rename them when they are whole.`,
    { landing, paths },
  )

export const overtaken = (table: string, input: string): LakehouseError =>
  new LakehouseError(
    'DW-LAKEHOUSE-0013',
    'conflict',
    `Another run has built table "${table}" from a newer version of ${input} than this run has seen. Run again.`,
    { table, input },
  )

export const malformedRow = (
  table: string,
  file: string,
  line: number,
  reason: string,
  count: number,
): LakehouseError =>
  new LakehouseError(
    'DW-LAKEHOUSE-0014',
    'data',
    `${file}, line ${line}, is malformed (${reason})${count > 1 ? `, and ${count - 1} more rows for "${table}" are` : ''}. Its source is declared to fail then; nothing of it was ingested.`,
    { table, file, line, reason, count },
  )

export const unreadableArchive = (path: string, reason: string, cause: unknown): LakehouseError =>
  new LakehouseError(
    'DW-LAKEHOUSE-0015',
    'data',
    `${path} cannot be unpacked: ${reason.replace(/\.$/, '')}. Nothing of it was ingested; deliver it again.`,
    { path, reason },
    cause,
  )

export const unknownQuarantined = (ids: readonly string[]): LakehouseError =>
  new LakehouseError(
    'DW-LAKEHOUSE-0016',
    'usage',
    `There is no quarantined row ${ids.join(', ')} in this lake. \`deltaworks-batch quarantine export\` tells the ids.`,
    { ids },
  )

export const correctionsRefused = (problems: readonly string[]): LakehouseError =>
  new LakehouseError(
    'DW-LAKEHOUSE-0017',
    'data',
    `The corrected rows cannot be released: ${problems.join('; ').replace(/\.$/, '')}. Nothing was written; correct them and release them again.`,
    { problems },
  )

export const breakingChangeCode = 'DW-LAKEHOUSE-0030'

export const breakingChange = (table: string, version: number, changes: string): LakehouseError =>
  new LakehouseError(
    breakingChangeCode,
    'usage',
    `The definition of raw table "${table}" has changed in a way that its rows (version ${version}) do not allow: ${changes}. Nothing of it was ingested; take the change back, or give the new form another name.`,
    { table, version, changes },
  )

export const landingOutside = (landing: string, paths: readonly string[]): LakehouseError =>
  new LakehouseError(
    'DW-LAKEHOUSE-0031',
    'usage',
    `${paths.join(', ')} in ${landing} lead${paths.length === 1 ? 's' : ''} out of the landing zone by a symbolic link. Nothing was ingested; put the file itself there, or take the link away.`,
    { landing, paths },
  )

export const tooManyMalformedRows = (table: string, malformed: number, limit: number): LakehouseError =>
  new LakehouseError(
    'DW-LAKEHOUSE-0010',
    'data',
    `${malformed} rows for "${table}" are malformed, more than the ${limit} that its source allows. Nothing of it was ingested; look at the landing files, or raise maxMalformedRows.`,
    { table, malformed, limit },
  )

export const notRaw = (table: string): LakehouseError =>
  new LakehouseError(
    'DW-LAKEHOUSE-0032',
    'usage',
    `Table "${table}" is built from others, so it has no version to build from. Name a raw table.`,
    { table },
  )

export const invalidOverride = (assignment: string): LakehouseError =>
  new LakehouseError(
    'DW-LAKEHOUSE-0048',
    'usage',
    `--set ${assignment} sets nothing: give path=value, as in segments.high=12000.`,
    { assignment },
  )

export const invalidWindow = (text: string, remedy: string): LakehouseError =>
  new LakehouseError('DW-LAKEHOUSE-0049', 'usage', `"${text}" is no time for maintenance: ${remedy}.`, { text })

export const invalidAlertRules = (lakehouse: string, problem: string): LakehouseError =>
  new LakehouseError('DW-LAKEHOUSE-0050', 'usage', `The alerts of lakehouse "${lakehouse}" are wrong: ${problem}.`, {
    lakehouse,
  })

export const notExportable = (problem: string): LakehouseError =>
  new LakehouseError('DW-LAKEHOUSE-0054', 'usage', `Nothing was exported: ${problem}.`, { problem })

export const exportIsRunning = (
  loadId: string,
  { host, pid, startedMs }: { readonly host: string; readonly pid: number; readonly startedMs: number },
): LakehouseError =>
  new LakehouseError(
    'DW-LAKEHOUSE-0058',
    'conflict',
    `The export ${loadId} is still going on: process ${pid} of ${host}, since ${new Date(startedMs).toISOString()}. Nothing was done; wait for its end, or end that process and resume again.`,
    { loadId, host, pid },
  )

export const invalidMetric = (name: string, problem: string): LakehouseError =>
  new LakehouseError('DW-LAKEHOUSE-0055', 'usage', `The metric "${name}" is wrong: ${problem}.`, { metric: name })
