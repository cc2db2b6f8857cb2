import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Session } from '@deltaworks/engine'
import { canonicalLine } from '@deltaworks/formats'
import { scan } from '@deltaworks/plan'
import { schemaToJson } from '@deltaworks/delta-log'
import type { Json } from '@deltaworks/schema'
import { DeltaTable } from './delta-table.js'

/*
 * Tables that other writers wrote, with the answers of independent readers: see conformance/README.md. Every folder is a test;
 * what we cannot read yet is in `skipped`, with the reason, and is expected to fail with a typed error.
 */

const root = fileURLToPath(new URL('../../../../shared/delta-conformance/', import.meta.url))
const goldenRoot = fileURLToPath(new URL('../../../../shared/golden/delta/', import.meta.url))

/** Name → why we cannot read it yet. Such a table must be refused with an error of fault `unsupported`. */
const skipped: Readonly<Record<string, string>> = {}

/** Tables whose checkpoint says something else than the commits that it stands for: there is no one answer to an update. */
const inconsistent: Readonly<Record<string, string>> = {
  'kernel-rs-data--parquet_row_group_skipping': 'the checkpoint of version 1 has a column that no commit adds',
}

/** The table again, as an update of the oldest snapshot that can be read; null if there is no older one. */
async function fromOlder(table: DeltaTable): Promise<DeltaTable | null> {
  for (let version = 0; version < table.version; version++) {
    const older = await table.at({ version }).catch(() => null)
    if (older !== null) return older.refresh()
  }
  return null
}

interface Answer {
  readonly numRows?: number
  readonly schema?: Json
  readonly checksum?: string
  readonly error?: string
  readonly errorKind?: string
}
interface Expected extends Answer {
  readonly version?: number
  readonly versions?: Readonly<Record<string, Answer>>
  readonly timestamps?: readonly { readonly timestamp: string; readonly version: number }[]
}

const session = Session.create()

/** Lines as the checksum wants them: floats as Python's repr, sorted by code point. */
async function linesOf(table: DeltaTable): Promise<string[]> {
  try {
    const { schema, rows } = await session.collect(scan(table.provider()))
    return rows.map((row) => canonicalLine(schema, row))
  } catch (error) {
    throw table.explainReadError(error)
  }
}

const normal = (line: string): string =>
  line.replace(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g, (token) =>
    token.startsWith('"') ? JSON.stringify(JSON.parse(token)) : /[.eE]/.test(token) ? String(Number(token)) : token,
  )

async function check(table: DeltaTable, answer: Answer, linesFile: string): Promise<void> {
  const lines = await linesOf(table)
  expect(lines).toHaveLength(answer.numRows!)
  if (answer.schema !== undefined) expect(plain(schemaToJson(table.schema))).toEqual(plain(answer.schema))
  if (existsSync(linesFile)) {
    const expected = readFileSync(linesFile, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
    expect(lines.map(normal).sort()).toEqual(expected.map(normal).sort())
  } else if (answer.checksum !== undefined && !/[.eE]\d/.test(lines[0]?.replace(/"(?:[^"\\]|\\.)*"/g, '') ?? '')) {
    // Without floating point our lines are the checksum's own.
    expect(createHash('sha256').update(sortedByCodePoint(lines).join('\n')).digest('hex')).toBe(answer.checksum)
  }
}

/** JavaScript's own order, that of code units, is quick, and the same where no text has a surrogate or what lies behind them. */
function sortedByCodePoint(lines: readonly string[]): string[] {
  if (!lines.some((line) => /[\ud800-\uffff]/.test(line))) return [...lines].sort()
  const encoded = lines.map((line) => Buffer.from(line)).sort((a, b) => Buffer.compare(a, b))
  return encoded.map((bytes) => bytes.toString())
}

/** Schemas are compared without field metadata, which answers keep in part only. */
const plain = (json: Json): Json =>
  JSON.parse(JSON.stringify(json, (key, value: unknown) => (key === 'metadata' ? undefined : value))) as Json

const describeIf = existsSync(root) ? describe : describe.skip
if (!existsSync(root)) console.warn('skipped: the conformance tables (../shared/delta-conformance) are not there')

describeIf('D-01, D-20: conformance', () => {
  const names = existsSync(root) ? readdirSync(root).filter((name) => existsSync(`${root}${name}/expected.json`)) : []
  const cases = names.filter((name) => skipped[name] === undefined)

  it.each(cases)('D-24, D-25, D-26: %s', async (name) => {
    const expected = JSON.parse(readFileSync(`${root}${name}/expected.json`, 'utf8')) as Expected
    const open = (options = {}): Promise<DeltaTable> => DeltaTable.open(session, `${root}${name}/table`, options)
    if (expected.errorKind !== undefined) {
      await expect(open().then(linesOf)).rejects.toMatchObject({ details: { errorKind: expected.errorKind } })
      return
    }
    const table = await open()
    expect(table.version).toBe(expected.version)
    await check(table, expected, `${root}${name}/expected.jsonl`)
    const updated = await fromOlder(table)
    if (updated !== null && inconsistent[name] === undefined) {
      expect(updated.version).toBe(expected.version)
      expect([...updated.snapshot.files.keys()].sort()).toEqual([...table.snapshot.files.keys()].sort())
      // Of the same files and schema the rows of a large table are the same.
      if (expected.numRows! < 100_000) await check(updated, expected, `${root}${name}/expected.jsonl`)
    }
    for (const [version, answer] of Object.entries(expected.versions ?? {})) {
      const earlier = open({ version: Number(version) })
      if (answer.errorKind !== undefined) {
        await expect(earlier.then(linesOf)).rejects.toMatchObject({ details: { errorKind: answer.errorKind } })
      } else await check(await earlier, answer, `${root}${name}/expected.v${version}.jsonl`)
    }
    for (const { timestamp, version } of expected.timestamps ?? []) {
      expect((await open({ timestampMs: Date.parse(timestamp) })).version).toBe(version)
    }
  })

  for (const [name, why] of Object.entries(skipped))
    it(`${name} is refused: ${why}`, async () => {
      const table = await DeltaTable.open(session, `${root}${name}/table`)
      await expect(linesOf(table)).rejects.toMatchObject({ fault: 'unsupported' })
    })
})

interface Changes extends Answer {
  readonly from: number
  readonly to: number
}

describeIf('D-47: changes of the conformance tables', () => {
  const answers = (existsSync(root) ? readdirSync(root) : []).flatMap((name): [string, Changes][] => {
    if (!existsSync(`${root}${name}/expected.json`)) return []
    const { changes } = JSON.parse(readFileSync(`${root}${name}/expected.json`, 'utf8')) as { changes?: Changes }
    return changes === undefined ? [] : [[name, changes]]
  })

  it.each(answers)('%s', async (name, { from, to, numRows }) => {
    const table = await DeltaTable.open(session, `${root}${name}/table`)
    const plan = await table.changes({ from: { version: from }, to: { version: to } })
    const { schema, rows } = await session.collect(plan)
    const last = schema.fields.length - 1
    const untimed = { fields: schema.fields.slice(0, last) }
    const lines = rows.map((row) => canonicalLine(untimed, row.slice(0, last)))
    expect(lines).toHaveLength(numRows!)
    const expected = readFileSync(`${root}${name}/changes.jsonl`, 'utf8').split('\n')
    expect(lines.map(normal).sort()).toEqual(
      expected
        .filter((line) => line !== '')
        .map(normal)
        .sort(),
    )
  })
})

const describeGolden = existsSync(goldenRoot) ? describe : describe.skip
if (!existsSync(goldenRoot)) console.warn('skipped: the golden tables (../shared/golden/delta) are not there')

describeGolden('D-45: tables that another pipeline wrote, deletion vectors enabled', () => {
  it.each([
    ['calendar', 6944],
    ['customers', 2000],
    ['transactions', 2823],
    ['dim_customer', null],
    ['dim_product', null],
  ] as const)('%s', async (name, rows) => {
    const table = await DeltaTable.open(session, `${goldenRoot}${name}`)
    const lines = await linesOf(table)
    expect(lines).toHaveLength(rows ?? table.detail().numRows!)
  })
})
