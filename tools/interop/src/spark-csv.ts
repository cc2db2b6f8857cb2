import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { batchToRows, createContext, unlimited } from '@deltaworks/columnar'
import { fileScan, scanCsv } from '@deltaworks/formats'
import { FileStore } from '@deltaworks/storage'
import { canonicalRow } from './canonical.js'
import { Checks } from './checks.js'
import { csvCases, schemaOf, type CsvCase } from './csv-cases.js'
import { difference } from './difference.js'
import { sparkScript } from './spark-script.js'

/*
 * node tools/interop/dist/spark-csv.js
 *
 * A file an option of Spark's CSV reader: Spark reads it by its options, we by ours, and the rows must be the same.
 */

type Answer = readonly string[] | 'error'

async function ourRows(folder: string, path: string, one: CsvCase): Promise<Answer> {
  const context = createContext()
  const schema = schemaOf(one)
  const scan = fileScan({ store: new FileStore(folder), path, sizeBytes: one.bytes.byteLength, schema })
  const lines: string[] = []
  try {
    for await (const batch of scanCsv(context, unlimited, scan, { ...one.ours, schema })) {
      for (const row of batchToRows(context.heap, batch)) lines.push(canonicalRow(schema, row))
    }
    return lines
  } catch {
    return 'error'
  }
}

function compare(ours: Answer, theirs: Answer): string | null {
  if (ours !== 'error' && theirs !== 'error') return difference([...theirs].sort(), [...ours].sort())
  return ours === theirs ? null : `we ${ours === 'error' ? 'refuse it' : `read ${ours.join(' ')}`}, Spark does not`
}

async function main(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'deltaworks-csv-'))
  const checks = new Checks()
  try {
    const manifest = csvCases.map(({ name, bytes, columns, spark }, i) => {
      const path = join(folder, `${i}.csv`)
      writeFileSync(path, bytes)
      return { name, path, columns: columns.replaceAll(';', ','), spark }
    })
    const file = join(folder, 'manifest.json')
    writeFileSync(file, JSON.stringify(manifest))
    const answers = await sparkScript('spark_csv.py', [file])
    for (const [i, answer] of answers.entries()) {
      if (typeof answer['unavailable'] === 'string') {
        // Where Spark cannot be had at all there is nothing to compare; one that stopped half-way has hidden something.
        if (i === 0) checks.skip('Spark', answer['unavailable'])
        else checks.report(`all of ${csvCases.length} answers`, answer['unavailable'])
        continue
      }
      const one = csvCases[i]!
      const theirs = (answer['rows'] as readonly string[] | undefined) ?? 'error'
      const message = compare(await ourRows(folder, `${i}.csv`, one), theirs)
      if (one.differs === undefined) checks.report(one.name, message)
      else checks.report(`${one.name} (differs: ${one.differs})`, message === null ? 'it differs no more' : null)
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return checks.finish()
}

process.exitCode = await main()
