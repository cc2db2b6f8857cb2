import { DeltaTable } from '@deltaworks/delta-table'
import { fileTable, Session } from '@deltaworks/engine'
import { col } from '@deltaworks/expression'
import { scan } from '@deltaworks/plan'

/** One operation of ours on a table, in a process of its own: `operation.js NAME TABLE [ARGUMENT…]`; prints one JSON line. */
const [, , name, uri, ...extra] = process.argv as [string, string, string, string, ...string[]]

const session = Session.create({ threads: 2 })
const start = performance.now()
const startCpu = process.cpuUsage()
const table = await DeltaTable.open(session, uri)

async function run(): Promise<unknown> {
  switch (name) {
    case 'optimize':
      return (await table.optimize({ targetFileBytes: 104_857_600 })).lastWrite
    case 'zorder':
      return (await table.optimize({ zorderBy: extra, targetFileBytes: 104_857_600 })).lastWrite
    case 'delete': {
      const [modulo, rest] = extra.map(BigInt) as [bigint, bigint]
      return (await table.delete(col('transaction_key').mod(modulo).eq(rest))).lastWrite
    }
    case 'merge': {
      const source = scan(await fileTable(extra[0]!, 'parquet'))
      return (await table.merge({ source, on: ['transaction_key'], whenMatchedUpdate: {}, whenNotMatchedInsert: {} }))
        .lastWrite
    }
    case 'vacuum':
      return {
        files: (await table.vacuum({ retentionMs: 0, allowShortRetention: true, dryRun: true })).paths.length,
      }
    case 'enable-vectors':
      return (await table.setProperties({ 'delta.enableDeletionVectors': 'true' })).version
    case 'replay':
      return { files: table.snapshot.files.size, heldBytes: table.snapshot.files.heldBytes }
    default:
      throw new TypeError(`no operation ${name}`)
  }
}

const metrics = await run()
const ms = performance.now() - start
const { user, system } = process.cpuUsage(startCpu)
await session.close()
process.stdout.write(
  `${JSON.stringify({ ms, cpuMs: (user + system) / 1000, peakMb: process.resourceUsage().maxRSS / 1024, metrics }, (_, v: unknown) => (typeof v === 'bigint' ? Number(v) : v))}\n`,
)
