import { appendFileSync } from 'node:fs'
import { DeltaTable } from '@deltaworks/delta-table'
import { Session } from '@deltaworks/engine'
import { col, lit } from '@deltaworks/expression'
import { values } from '@deltaworks/plan'
import { soakSchema } from './soak-schema.js'

/*
 * One writer of the soak: `soak-writer.js TABLE LOG WRITER FIRST KIND`. It goes on until it is killed. Before each operation it
 * writes what it is going to do to its log, and behind it that it was told of the commit: so whoever kills it knows what must
 * be in the table, what must not, and what may be.
 */
const [, , uri, log, writerText, firstText, kind] = process.argv as string[] as [
  string,
  string,
  string,
  string,
  string,
  string,
  string,
]
const writer = Number(writerText)
const session = Session.create({ threads: 1 })

const note = (word: string, what: object): void => appendFileSync(log, `${word} ${JSON.stringify(what)}\n`)
const retry = { maxRetries: 1000 } as const

let table = await DeltaTable.open(session, uri)
const version = (): number => table.version
for (let i = Number(firstText); ; i++) {
  try {
    await step(i)
  } catch (error) {
    // A refusal is an answer: nothing of it is in the table.
    const { code } = error as { readonly code?: string }
    if (code !== 'DW-DELTA-0016') {
      note('error', { i, message: error instanceof Error ? error.message : String(error) })
      process.exit(70)
    }
    note('refused', { i })
    table = await table.refresh()
  }
}

async function step(i: number): Promise<void> {
  const rows = (state: number) =>
    values(soakSchema, [
      [BigInt(writer), BigInt(i), BigInt(state)],
      [BigInt(writer), BigInt(i), BigInt(state + 1)],
    ])
  const own = col('writer').eq(lit(BigInt(writer)))
  switch (kind) {
    case 'append':
      note('begin', { i, op: 'put' })
      table = await (
        await table.refresh()
      ).append(rows(0), {
        appTransactions: [{ appId: `soak-${writer}`, version: i }],
        skipIfCommitted: true,
      })
      return note('done', { i, op: 'put', version: version() })
    case 'merge':
      note('begin', { i, op: 'put' })
      table = await (
        await table.refresh()
      ).merge({
        source: rows(0),
        on: ['writer', 'i', 'state'],
        whenMatchedUpdate: {},
        whenNotMatchedInsert: {},
        ...retry,
      })
      return note('done', { i, op: 'put', version: version() })
    case 'delete': {
      note('begin', { i, op: 'put' })
      table = await (await table.refresh()).append(rows(0))
      note('done', { i, op: 'put', version: version() })
      if (i % 2 === 0) return
      note('begin', { i, op: 'delete' })
      table = await (await table.refresh()).delete(own.and(col('i').eq(lit(BigInt(i)))), retry)
      return note('done', { i, op: 'delete', version: version() })
    }
    default:
      note('begin', { i, op: 'optimize' })
      table = await (await table.refresh()).optimize({ maxRetries: 5 })
      if (i % 10 === 0) table = await table.purge({ maxRetries: 5 })
      note('done', { i, op: 'optimize', version: version() })
      await new Promise((resolve) => setTimeout(resolve, 500))
  }
}
