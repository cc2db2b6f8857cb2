import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Session } from '@deltaworks/engine'
import { Checks } from './checks.js'
import { sparkScript } from './spark-script.js'
import { castInput, casts, hashes, justified, type Question } from './spark-questions.js'

/*
 * node tools/interop/dist/spark-answers.js [--only TEXT]
 *
 * The same SELECTs in Spark and here: casts from every type to every type over a corpus of texts and extremes, and hashes of all of it.
 * An answer that is not Spark's must be one that `justified` gives the reason of.
 */

type Answer = readonly (string | null)[] | 'error'

async function ourAnswer(session: Session, { sql }: Question): Promise<Answer> {
  try {
    return (await session.sql(sql)).rows.map(([value]) => (value === null ? null : String(value)))
  } catch {
    return 'error'
  }
}

/** What differs without a reason, and how much differs with one. */
function compare(
  name: string,
  ours: Answer,
  theirs: Answer,
): { readonly message: string | null; readonly known: number } {
  if (ours === 'error' || theirs === 'error') {
    const isEqual = ours === theirs || reasonOf(name, '') !== null
    const message = isEqual ? null : `we ${ours === 'error' ? 'refuse' : 'answer'}, Spark does not`
    return { message, known: ours === theirs ? 0 : 1 }
  }
  const differing = theirs.map((_, row) => row).filter((row) => ours[row] !== theirs[row])
  const inputOf = (row: number): string => (name.startsWith('cast ') ? castInput(name, row) : '')
  const unknown = differing.filter((row) => reasonOf(name, inputOf(row)) === null)
  const told = unknown
    .slice(0, 5)
    .map((row) => `${JSON.stringify(inputOf(row))} (row ${row}): ${ours[row]}, Spark ${theirs[row]}`)
  return { message: unknown.length === 0 ? null : told.join('; '), known: differing.length - unknown.length }
}

const reasonOf = (name: string, input: string): string | null =>
  justified.find(({ applies }) => applies(name, input))?.why ?? null

async function main(args: readonly string[]): Promise<number> {
  const only = args.includes('--only') ? (args[args.indexOf('--only') + 1] ?? '') : ''
  const questions = [...casts(), ...hashes()].filter(({ name }) => name.includes(only))
  const folder = mkdtempSync(join(tmpdir(), 'deltaworks-answers-'))
  const checks = new Checks()
  const session = Session.create()
  let known = 0
  try {
    const file = join(folder, 'questions.json')
    writeFileSync(file, JSON.stringify(questions))
    const answers = await sparkScript('spark_answers.py', [file])
    for (const [i, answer] of answers.entries()) {
      if (typeof answer['unavailable'] === 'string') {
        // Where Spark cannot be had at all there is nothing to compare; one that stopped half-way has hidden something.
        if (i === 0) checks.skip('Spark', answer['unavailable'])
        else checks.report(`all of ${questions.length} answers`, answer['unavailable'])
        continue
      }
      const { name } = questions[i]!
      const theirs = (answer['rows'] as readonly (string | null)[] | undefined) ?? 'error'
      const result = compare(name, await ourAnswer(session, questions[i]!), theirs)
      known += result.known
      checks.report(name, result.message)
    }
  } finally {
    await session.close()
    rmSync(folder, { recursive: true, force: true })
  }
  for (const { why } of known > 0 ? justified : []) process.stdout.write(`differs, and why: ${why}\n`)
  process.stdout.write(`${known} answers differ for these reasons\n`)
  return checks.finish()
}

process.exitCode = await main(process.argv.slice(2))
