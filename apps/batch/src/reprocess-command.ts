import {
  interrupted,
  invalidOption,
  loadLakehouse,
  openSession,
  usageProblem,
  watched,
  withCommonOptions,
  type CommonOptions,
} from '@deltaworks/cli'
import { rawVersionsAt, runRecorded, type LakehouseDefinition } from '@deltaworks/lakehouse'
import { resolveUri } from '@deltaworks/storage'
import { Command, Option } from 'commander'
import { parseTime } from './batch-options.js'
import { endOfRun, resultOf } from './end-of-run.js'

interface ReprocessOptions extends CommonOptions {
  readonly from: 'raw'
  readonly version: readonly string[] | undefined
  readonly at: bigint | undefined
  readonly report: string | undefined
}

/** `reprocess --from raw`: later layers again, from raw tables as they were. */
export const reprocessCommand = (signal: AbortSignal): Command =>
  withCommonOptions(new Command('reprocess'))
    .description(
      'Build again what is built from raw tables, from their rows at a version or a time; nothing is ingested',
    )
    .addOption(new Option('--from <layer>', 'the layer that is kept as it is').choices(['raw']).default('raw'))
    .addOption(new Option('--version <version...>', 'orders=12; the number alone if there is one raw table'))
    .addOption(new Option('--at <timestamp>', 'all raw tables as they were then').argParser(parseTime('--at')))
    .addOption(new Option('--report <folder>', 'also write the report as HTML, JSON and Markdown into this folder'))
    .addHelpText('after', '\nExample:\n  deltaworks-batch reprocess --from raw --version transactions=3 --root ./lake')
    .action(async (options: ReprocessOptions) => {
      const loaded = await loadLakehouse(options)
      const { lakehouse, configuration } = loaded
      if ((options.version === undefined) === (options.at === undefined)) {
        throw usageProblem('Give either --version or --at: what is to be built from.')
      }
      const session = openSession(options)
      try {
        const root = resolveUri(options.root)
        const pinned =
          options.at === undefined
            ? versionsOf(options.version!, lakehouse)
            : await rawVersionsAt(lakehouse, session, root, options.at)
        const task = () =>
          runRecorded({
            lakehouse,
            configuration,
            session,
            environment: options.env,
            root,
            // Nothing is read from it.
            landing: root,
            candidates: [],
            nowMicros: BigInt(Date.now()) * 1000n,
            pinned,
            signal,
          })
        const watching = { loaded, session, root, environment: options.env }
        const run = await watched(watching, task, resultOf, signal)
        process.exitCode = await endOfRun(run, options)
      } catch (error) {
        throw signal.aborted ? interrupted() : error
      } finally {
        await session.close()
      }
    })

/** @throws UsageError DW-CLI-0001 */
function versionsOf(texts: readonly string[], { tables }: LakehouseDefinition): Readonly<Record<string, number>> {
  const raw = tables.filter((table) => table.source !== null)
  return Object.fromEntries(
    texts.map((text) => {
      const [, name, version] = /^(?:([^=]+)=)?(\d{1,15})$/.exec(text) ?? []
      if (version === undefined || (name === undefined && raw.length !== 1)) {
        throw invalidOption('--version', text, `give table=version, as in ${raw[0]?.name ?? 'orders'}=3`)
      }
      return [name ?? raw[0]!.name, Number(version)]
    }),
  )
}
