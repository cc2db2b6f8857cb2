import { invalidOption, openSession } from '@deltaworks/cli'
import { unloadToDelta } from '@deltaworks/lakehouse'
import { resolveUri } from '@deltaworks/storage'
import type { WarehouseTarget } from '@deltaworks/warehouse'
import type { ExportCommandOptions } from './export-command.js'
import { uniqueId } from './unique-id.js'

/** `--unload QUERY --into TABLE`: rows of the warehouse become a Delta table. */
export async function unload(target: WarehouseTarget, options: ExportCommandOptions): Promise<void> {
  const { unload: query, into, ifExists } = options
  if (query === undefined) throw invalidOption('--into', into ?? '', 'it is where --unload writes: give both')
  if (into === undefined) throw invalidOption('--unload', query, 'give --into, the Delta table that it is written to')
  const session = openSession(options)
  try {
    const result = await unloadToDelta({
      session,
      target,
      query: selectOf(query, target),
      into: resolveUri(into),
      ifExists,
      unloadId: uniqueId('unload', Date.now()),
    })
    if (options.json) process.stdout.write(`${JSON.stringify(result)}\n`)
    else if (!options.quiet)
      process.stdout.write(
        `${result.rowCount} rows of ${target.location} are version ${result.version} of ${into}; ${result.totalsCompared} totals agree\n`,
      )
  } finally {
    await target.close()
    await session.close()
  }
}

/** A name is a table of the warehouse, all of it. */
function selectOf(query: string, { schemaName, dialect }: WarehouseTarget): string {
  const trimmed = query.trim().replace(/;$/, '')
  if (/^(select|with)\b/i.test(trimmed)) return trimmed
  if (!/^\w+$/.test(trimmed)) throw invalidOption('--unload', query, 'it is neither the name of a table nor a SELECT')
  return `SELECT * FROM ${schemaName === null ? '' : `${dialect.quote(schemaName)}.`}${dialect.quote(trimmed)}`
}
