import { readFileSync, writeFileSync } from 'node:fs'
import {
  loadLakehouse,
  openSession,
  parseCount,
  textTable,
  usageProblem,
  withCommonOptions,
  type CommonOptions,
} from '@deltaworks/cli'
import {
  correctionLine,
  discardQuarantined,
  quarantineGroups,
  quarantineRecords,
  recordsById,
  releaseQuarantined,
  runContext,
  tableOf,
  type QuarantinedRow,
  type RunContext,
} from '@deltaworks/lakehouse'
import { resolveUri } from '@deltaworks/storage'
import { Command, Option } from 'commander'

interface TableOptions extends CommonOptions {
  readonly table: string | undefined
  readonly all: boolean
}

/** `quarantine list | show | export | release | discard`: people review what runs could not use. */
export function quarantineCommand(signal: AbortSignal): Command {
  const command = new Command('quarantine').description('Review rows that could not be used: correct or discard them')
  const add = (child: Command): Command => {
    command.addCommand(withCommonOptions(child))
    return child
  }
  add(withTable(new Command('list')))
    .description('Count what waits, by table, rule and file')
    .action(async (options: TableOptions) => {
      const groups = await review(options, signal, (context) =>
        quarantineGroups(context, { table: options.table, decided: options.all }),
      )
      const header = ['rows', 'table', 'rules', 'what became of them', 'file']
      const lines = groups.map((g) => [String(g.rows), g.table, g.rules, g.disposition, g.sourceFile])
      print(options, { groups }, groups.length === 0 ? 'Nothing waits.' : textTable(header, lines, [true]))
    })
  add(new Command('show').argument('<id...>', 'ids of rows, as export tells them'))
    .description('Show rows with the text that was landed, and what is wrong with it')
    .action(async (ids: readonly string[], options: CommonOptions) => {
      const rows = await review(options, signal, (context) => recordsById(ids, context))
      print(options, { rows: rows.map(plain) }, rows.map(inWords).join('\n\n'))
    })
  add(withTable(new Command('export')))
    .description('Write rows as JSON lines, to be corrected and given to release')
    .addOption(new Option('--out <file>', 'default: standard output'))
    .addOption(new Option('--limit <n>', 'at most so many').argParser(parseCount('--limit')))
    .action(async (options: TableOptions & { readonly out?: string; readonly limit?: number }) => {
      const { table, all: decided, limit } = options
      const lines = await review(options, signal, async (context) => {
        const rows = await quarantineRecords(context, { table, decided, ...(limit === undefined ? {} : { limit }) })
        return rows.map((row) => `${correctionLine(row, tableOf(context.lakehouse, row.table))}\n`)
      })
      if (options.out === undefined) process.stdout.write(lines.join(''))
      else {
        writeFileSync(options.out, lines.join(''))
        print(options, { exported: lines.length, file: options.out }, `${count(lines.length)} in ${options.out}.`)
      }
    })
  add(new Command('release'))
    .description('Put corrected rows into their tables, each once; rules look at them with the next run')
    .requiredOption('--from <file>', 'JSON lines, as export writes them, with the values corrected')
    .action(async (options: CommonOptions & { readonly from: string }) => {
      const text = readText(options.from)
      const result = await review(options, signal, (context) => releaseQuarantined(text, context))
      const before = result.alreadyReleased === 0 ? '' : `; ${count(result.alreadyReleased)} had been released before`
      print(options, { ...result }, `${count(result.released)} released${before}.`)
    })
  add(new Command('discard').argument('<id...>', 'ids of rows, as export tells them'))
    .description('Say of rows that they are not wanted; the record of them stays')
    .requiredOption('--reason <text>', 'why')
    .action(async (ids: readonly string[], options: CommonOptions & { readonly reason: string }) => {
      const discarded = await review(options, signal, (context) => discardQuarantined(ids, options.reason, context))
      print(options, { discarded }, `${count(discarded)} discarded.`)
    })
  return command
}

const withTable = (command: Command): Command =>
  command
    .addOption(new Option('--table <name>', 'rows of this table only'))
    .addOption(new Option('--all', 'also rows that were released or discarded').default(false))

async function review<T>(
  options: CommonOptions,
  signal: AbortSignal,
  task: (context: RunContext) => Promise<T>,
): Promise<T> {
  const { lakehouse, configuration } = await loadLakehouse(options)
  const session = openSession(options)
  try {
    const root = resolveUri(options.root)
    const nowMicros = BigInt(Date.now()) * 1000n
    // A review reads no landing files.
    return await task(runContext({ lakehouse, configuration, session, root, landing: root, nowMicros, signal }, []))
  } finally {
    await session.close()
  }
}

function print(options: CommonOptions, result: object, text: string): void {
  if (options.json) process.stdout.write(`${JSON.stringify(result, null, 2)}\n`)
  else if (!options.quiet) process.stdout.write(`${text}\n`)
}

const count = (rows: number): string => `${rows} row${rows === 1 ? '' : 's'}`

const plain = (row: QuarantinedRow): object => ({
  ...row,
  sourceLine: Number(row.sourceLine),
  sourceOffset: row.sourceOffset === null ? null : Number(row.sourceOffset),
})

const inWords = ({
  id,
  table,
  sourceFile,
  sourceLine,
  sourceOffset,
  rules,
  reason,
  disposition,
  record,
  runId,
}: QuarantinedRow): string =>
  [
    `${id}  ${table}, ${sourceFile}, line ${sourceLine}${sourceOffset === null ? '' : `, byte ${sourceOffset}`} (${disposition} by run ${runId})`,
    `  rules   ${rules}`,
    `  reason  ${reason}`,
    `  landed  ${record}`,
  ].join('\n')

/** @throws UsageError DW-CLI-0002 and its kin: the file cannot be read */
function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw usageProblem(`Cannot read ${file}: ${error instanceof Error ? error.message : String(error)}.`)
  }
}
