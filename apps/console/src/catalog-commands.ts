import {
  loadLakehouse,
  openSession,
  parseCount,
  textTable,
  withCommonOptions,
  type CommonOptions,
} from '@deltaworks/cli'
import { DeltaTable } from '@deltaworks/delta-table'
import type { Session } from '@deltaworks/engine'
import { publishedLake } from '@deltaworks/lakehouse'
import { typeName } from '@deltaworks/schema'
import { resolveUri } from '@deltaworks/storage'
import { Command, Option } from 'commander'

/** A table of the lakehouse by name, or any Delta table by path. */
async function openNamed(session: Session, name: string, options: CommonOptions): Promise<DeltaTable> {
  const { lakehouse } = await loadLakehouse(options)
  const definition = lakehouse.tables.find((t) => t.name === name || t.path === name || t.aliases.includes(name))
  if (definition === undefined) return DeltaTable.open(session, resolveUri(name))
  return (await publishedLake(session, resolveUri(options.root))).existing(definition.path)
}

const withSession = async (options: CommonOptions, task: (session: Session) => Promise<void>): Promise<void> => {
  const session = openSession(options)
  try {
    await task(session)
  } finally {
    await session.close()
  }
}

export const tablesCommand = (): Command =>
  withCommonOptions(new Command('tables'))
    .description('List the lake’s tables, as its last whole run left them, with their versions and sizes')
    .action((options: CommonOptions) =>
      withSession(options, async (session) => {
        const { lakehouse } = await loadLakehouse(options)
        const tables = []
        const lake = await publishedLake(session, resolveUri(options.root))
        for (const definition of lakehouse.tables) {
          const table = await lake.table(definition.path)
          const detail = table?.detail()
          tables.push({
            table: definition.name,
            layer: definition.layer,
            version: detail?.version ?? null,
            rows: detail?.numRows ?? null,
            files: detail?.numFiles ?? null,
            bytes: detail?.sizeInBytes ?? null,
            description: definition.description ?? '',
          })
        }
        if (options.quiet) return
        if (options.json) {
          process.stdout.write(`${JSON.stringify({ tables })}\n`)
          return
        }
        const text = (n: number | null): string => (n === null ? '–' : String(n))
        const rows = tables.map((t) => [
          t.layer,
          t.table,
          text(t.version),
          text(t.rows),
          text(t.files),
          text(t.bytes),
          t.description,
        ])
        const header = ['layer', 'table', 'version', 'rows', 'files', 'bytes', 'description']
        process.stdout.write(`${textTable(header, rows, [false, false, true, true, true, true])}\n`)
      }),
    )

export const describeCommand = (): Command =>
  withCommonOptions(new Command('describe'))
    .description('A table’s columns, partitions, properties and protocol')
    .argument('<table>', 'name, path or URI')
    .action((name: string, options: CommonOptions) =>
      withSession(options, async (session) => {
        const table = await openNamed(session, name, options)
        const columns = table.schema.fields.map((f) => ({
          column: f.name,
          type: typeName(f.type),
          nullable: f.nullable,
          partition: table.partitionColumns.includes(f.name),
          comment: typeof f.metadata?.['comment'] === 'string' ? f.metadata['comment'] : '',
        }))
        const detail = table.detail()
        if (options.quiet) return
        if (options.json) {
          process.stdout.write(`${JSON.stringify({ ...detail, columns })}\n`)
          return
        }
        const rows = columns.map((c) => [
          c.column,
          c.type,
          c.nullable ? '' : 'not null',
          c.partition ? 'partition' : '',
          c.comment,
        ])
        process.stdout.write(`${textTable(['column', 'type', 'null', 'partition', 'comment'], rows)}\n\n`)
        const facts = Object.entries(detail).map(([key, value]) => [
          key,
          typeof value === 'object' ? JSON.stringify(value) : String(value),
        ])
        process.stdout.write(`${textTable(['detail', 'value'], facts)}\n`)
      }),
    )

interface HistoryOptions extends CommonOptions {
  readonly limit: number | undefined
}

export const historyCommand = (): Command =>
  withCommonOptions(new Command('history'))
    .description('A table’s versions, the newest first')
    .argument('<table>', 'name, path or URI')
    .addOption(new Option('--limit <n>', 'at most so many').argParser(parseCount('--limit')))
    .action((name: string, options: HistoryOptions) =>
      withSession(options, async (session) => {
        const table = await openNamed(session, name, options)
        const entries = await table.history(options.limit)
        if (options.quiet) return
        if (options.json) {
          process.stdout.write(`${JSON.stringify({ history: entries })}\n`)
          return
        }
        const rows = entries.map((e) => [
          String(e.version),
          new Date(e.timestampMs).toISOString(),
          e.info?.operation ?? '',
          JSON.stringify(e.info?.operationMetrics ?? {}),
        ])
        process.stdout.write(`${textTable(['version', 'timestamp', 'operation', 'metrics'], rows, [true])}\n`)
      }),
    )
