import { parseTimestampMs } from '@deltaworks/cli'
import { boolean, field, string } from '@deltaworks/schema'
import { expressionIn } from './change-rows.js'
import type { DeltaStatement } from './delta-statement.js'
import { countsResult, nothingToSay, resultOf, textResult, type StatementResult } from './statement-result.js'
import type { TableCatalog } from './table-catalog.js'

type Of<K extends DeltaStatement['kind']> = Extract<DeltaStatement, { kind: K }>

export async function optimizeTable(catalog: TableCatalog, statement: Of<'optimize'>): Promise<StatementResult> {
  const table = await catalog.open(statement.table)
  const { lastWrite } = await table.optimize({
    ...(statement.where !== null && { where: await expressionIn(statement.where) }),
    ...(statement.zorderBy.length > 0 && { zorderBy: statement.zorderBy }),
    ...(statement.full && { full: true }),
  })
  return textResult(['path', 'metrics'], [[table.uri, JSON.stringify(lastWrite.metrics)]])
}

export async function purgeTable(catalog: TableCatalog, statement: Of<'reorg'>): Promise<StatementResult> {
  const table = await catalog.open(statement.table)
  const where = statement.where === null ? {} : { where: await expressionIn(statement.where) }
  const { lastWrite } = await table.purge(where)
  return textResult(['path', 'metrics'], [[table.uri, JSON.stringify(lastWrite.metrics)]])
}

const hourMs = 3_600_000

export async function vacuumTable(catalog: TableCatalog, statement: Of<'vacuum'>): Promise<StatementResult> {
  const table = await catalog.open(statement.table)
  const { paths } = await table.vacuum({
    dryRun: statement.dryRun,
    ...(statement.mode === 'lite' && { mode: 'lite' }),
    ...(statement.retainHours !== null && { retentionMs: statement.retainHours * hourMs }),
  })
  return textResult(['path'], statement.dryRun ? paths.map((path) => [path]) : [[table.uri]])
}

export async function restoreTable(catalog: TableCatalog, statement: Of<'restore'>): Promise<StatementResult> {
  const table = await catalog.open(statement.table)
  const { at } = statement
  const target = 'version' in at ? { version: at.version } : { timestampMs: parseTimestampMs(at.timestamp) }
  const { metrics } = (await table.restore(target)).lastWrite
  return countsResult({
    table_size_after_restore: metrics['tableSizeAfterRestore'] ?? 0,
    num_of_files_after_restore: metrics['numOfFilesAfterRestore'] ?? 0,
    num_removed_files: metrics['numRemovedFiles'] ?? 0,
    num_restored_files: metrics['numRestoredFiles'] ?? 0,
    removed_files_size: metrics['removedFilesSize'] ?? 0,
    restored_files_size: metrics['restoredFilesSize'] ?? 0,
  })
}

export async function generateManifest(catalog: TableCatalog, statement: Of<'generate'>): Promise<StatementResult> {
  await (await catalog.open(statement.table)).generateManifest()
  return nothingToSay
}

export async function repairTable(catalog: TableCatalog, statement: Of<'fsck'>): Promise<StatementResult> {
  const table = await catalog.open(statement.table)
  const { findings } = await table.check()
  if (!statement.dryRun) await table.repair()
  return resultOf(
    [field('dataFilePath', string), field('fault', string), field('detail', string), field('removed', boolean)],
    findings.map(({ path, fault, detail }) => [path, fault, detail, !statement.dryRun]),
  )
}
