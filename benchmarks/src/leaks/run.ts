import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Session } from '@deltaworks/engine'
import { commandLine } from '../command-line.js'
import { createOrders, leakQueries } from './queries.js'

/*
 * node --expose-gc benchmarks/dist/leaks/run.js [--queries 5000] [--threads 2] [--memory-mib 24]
 *
 * So many queries in one session: joins, groups, sorts and windows on workers and on this thread, some with rows on disk, some
 * ended half-way, some that fail. Ends with 1 if the second half leaves anything behind that the first did not: reserved
 * memory, bytes of WebAssembly memory in use, JavaScript's heap, the process's memory, open files, or files on disk.
 */
const { values: options } = commandLine({
  options: {
    queries: { type: 'string', default: '5000' },
    threads: { type: 'string', default: '2' },
    'memory-mib': { type: 'string', default: '24' },
  },
})

interface Held {
  readonly poolBytes: number
  readonly heapBytes: number
  readonly javascriptMb: number
  readonly processMb: number
  readonly openFiles: number
  readonly spillFiles: number
}

/** What may be more in the end: code that was compiled, and what the system's allocator keeps. */
const allowed = { javascriptMb: 8, processMb: 48, openFiles: 2 } as const

const folder = mkdtempSync(join(tmpdir(), 'deltaworks-leaks-'))

async function held(session: Session): Promise<Held> {
  // What was let go of in this turn is only freed in another.
  for (let i = 0; i < 3; i++) {
    await new Promise((resolve) => setTimeout(resolve, 50))
    globalThis.gc?.()
  }
  const { heapUsed, rss } = process.memoryUsage()
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return {
    poolBytes: session.pool.usedBytes,
    heapBytes: session.context.heap.usedBytes,
    javascriptMb: Math.round(heapUsed / 1e6),
    processMb: Math.round(rss / 1e6),
    openFiles: existsSync('/proc/self/fd') ? readdirSync('/proc/self/fd').length : 0,
    spillFiles: files.length,
  }
}

async function main(): Promise<number> {
  const session = Session.create({
    threads: Number(options.threads),
    memoryBytes: Number(options['memory-mib']) * 1024 * 1024,
    inlineBytes: 400_000,
    morselBytes: 200_000,
    spillFolder: folder,
  })
  try {
    await session.sql(createOrders(20_000))
    const total = Number(options.queries)
    const base = await held(session)
    let half: Held = base
    for (let i = 0; i < total; i++) {
      const { run } = leakQueries[i % leakQueries.length]!
      await run(session)
      if (i === Math.floor(total / 2)) half = await held(session)
    }
    const end = await held(session)
    process.stdout.write(
      `before  ${JSON.stringify(base)}\nhalf    ${JSON.stringify(half)}\nend     ${JSON.stringify(end)}\n`,
    )
    const leaks = [
      end.poolBytes !== base.poolBytes && 'reserved memory',
      end.heapBytes !== base.heapBytes && 'WebAssembly memory',
      end.javascriptMb > half.javascriptMb + allowed.javascriptMb && 'JavaScript heap',
      end.processMb > half.processMb + allowed.processMb && 'memory of the process',
      end.openFiles > half.openFiles + allowed.openFiles && 'open files',
      end.spillFiles !== 0 && 'files on disk',
    ].filter((leak) => leak !== false)
    process.stdout.write(leaks.length === 0 ? `ok ${total} queries\n` : `FAIL left behind: ${leaks.join(', ')}\n`)
    return leaks.length === 0 ? 0 : 1
  } finally {
    await session.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

process.exitCode = await main()
