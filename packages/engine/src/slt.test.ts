import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { textOf, utcContext } from '@deltaworks/expression'
import type { Schema, Value } from '@deltaworks/schema'
import { Session } from './session.js'
import { parseSlt, withResults } from './slt-file.js'
import { memoryTables, testTables } from './testing.js'

/*
 * slt/*.slt against the tables of testing.ts, and the same queries on DuckDB. `SLT_COMPLETE=1` fills the results in (from
 * DuckDB where it can run the query, so that they are never only our own).
 */
const folder = new URL('../slt/', import.meta.url)
const fixtures = testTables(60)
const complete = process.env.SLT_COMPLETE === '1'

/** Results may differ in scale (Spark's decimals) and in how doubles are written. */
const normal = (text: string): string =>
  /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text) ? String(Number(Number(text).toPrecision(12))) : text
const cell = (text: string | null): string => (text === null ? 'NULL' : text === '' ? '(empty)' : normal(text))

const lines = (schema: Schema, rows: readonly (readonly Value[])[]): string[] =>
  rows.map((row) =>
    row.map((value, i) => cell(value === null ? null : textOf(schema.fields[i]!.type, value, utcContext))).join(' | '),
  )

describe('SQL golden files', () => {
  const session = Session.create({ threads: 1 })
  const tables = memoryTables(fixtures)
  let duck: (text: string) => Promise<string[]>
  beforeAll(async () => {
    const { DuckDBInstance } = await import('@duckdb/node-api')
    const connection = await (await DuckDBInstance.create(':memory:')).connect()
    await connection.run(`set default_null_order = 'nulls_first_on_asc_last_on_desc'`)
    for (const [name, { schema: of, ddl, rows }] of Object.entries(fixtures)) {
      await connection.run(`create table ${name} (${ddl})`)
      const literals = rows.map((row) => {
        const values = row.map((v, i) => (v === null ? 'null' : `'${textOf(of.fields[i]!.type, v, utcContext)}'`))
        return `(${values.join(', ')})`
      })
      await connection.run(`insert into ${name} values ${literals.join(', ')}`)
    }
    duck = async (text) => {
      const rows = (await connection.runAndReadAll(text)).getRows()
      return rows.map((row) => row.map((value) => cell(value === null ? null : String(value))).join(' | '))
    }
  })
  afterAll(() => session.close())

  for (const file of readdirSync(folder).filter((name) => name.endsWith('.slt'))) {
    const path = new URL(file, folder)
    const text = readFileSync(path, 'utf8')
    const cases = parseSlt(text)
    const results = new Map<number, readonly string[]>()
    it.each(cases.map((one) => [one.line, one.sql, one] as const))(`E-21: ${file}:%i %s`, async (_, sql, one) => {
      const { schema, rows } = await session.sql(sql, tables)
      const sorted = (list: readonly string[]): readonly string[] => (one.rowSort ? [...list].sort() : list)
      const ours = sorted(lines(schema, rows))
      const theirs = one.onlyOurs ? ours : sorted(await duck(sql))
      if (complete) {
        results.set(one.line, theirs)
        writeFileSync(path, withResults(text, results))
      } else expect(ours).toEqual(one.results)
      expect(ours).toEqual(theirs)
    })
  }
})
