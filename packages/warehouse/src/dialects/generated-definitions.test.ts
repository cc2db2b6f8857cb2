import { beforeAll, describe, expect, it } from '@jest/globals'
import { generatedStatements, type GeneratedDialect } from '../testing/generated-definitions.js'

interface Parser {
  /** Parses, and makes no tree of it. */
  validate(sql: string, dialect: string): { readonly valid: boolean; readonly errors: readonly { message: string }[] }
}
let parser: Parser
beforeAll(async () => {
  parser = (await import('@polyglot-sql/sdk')) as unknown as Parser
})

const definitionCount = 500

/**
 * The parser knows no ATTACH MASKING POLICY (Redshift) at all, and no second COPY-from-stream form; all other statements must
 * parse. What is left out is counted, so that it cannot grow unseen.
 */
const unknownToParser = /^ATTACH MASKING POLICY /

const refusals = (dialect: GeneratedDialect): { refused: string[]; parsed: number; unknown: number } => {
  const refused: string[] = []
  let [parsed, unknown] = [0, 0]
  const seen = new Set<string>()
  for (let seed = 1; seed <= definitionCount; seed++) {
    for (const sql of generatedStatements(dialect, seed)) {
      if (unknownToParser.test(sql)) {
        unknown++
        continue
      }
      if (seen.has(sql)) continue
      seen.add(sql)
      const { valid, errors } = parser.validate(sql, dialect === 'postgres' ? 'postgresql' : dialect)
      if (valid) parsed++
      else refused.push(`${errors[0]?.message}: ${sql}`)
    }
  }
  return { refused, parsed, unknown }
}

describe('SQL of 500 generated definitions', () => {
  it.each<[GeneratedDialect]>([['redshift'], ['snowflake'], ['postgres']])(
    'W-01 W-13 W-25: every statement for %s parses',
    (dialect) => {
      const { refused, parsed, unknown } = refusals(dialect)
      expect(refused.slice(0, 5)).toEqual([])
      expect(parsed).toBeGreaterThan(definitionCount * 8)
      expect(unknown).toBeLessThan(parsed / 20)
    },
  )

  it('M-077 W-14 W-17 S-7: loads of Snowflake put files on a stage, copy them into tables beside, and take rows over by key', () => {
    const statements = Array.from({ length: 60 }, (_, seed) => generatedStatements('snowflake', seed + 1)).flat()
    const kinds = [
      /^PUT 'file:/,
      /^PUT 'file:.* '@%"/,
      /^COPY INTO .* FROM '@("mart"\.)?%".* PURGE = TRUE/s,
      /^MERGE INTO .* WHEN MATCHED THEN UPDATE SET .* WHEN NOT MATCHED THEN INSERT /s,
      /^COPY INTO .* MATCH_BY_COLUMN_NAME/s,
      /^DELETE FROM .* WHERE /s,
      /^INSERT INTO .* SELECT /s,
    ]
    expect(kinds.filter((kind) => !statements.some((sql) => kind.test(sql)))).toEqual([])
    // What is put is copied first.
    expect(statements.findIndex((sql) => sql.startsWith('PUT'))).toBeLessThan(
      statements.findIndex((sql) => sql.startsWith('COPY INTO')),
    )
  })

  it('W-12 W-06: late-binding views and MERGE are among those of Redshift', () => {
    const statements = Array.from({ length: 60 }, (_, seed) => generatedStatements('redshift', seed + 1)).flat()
    const kinds = [
      /^CREATE VIEW .* WITH NO SCHEMA BINDING$/s,
      /^CREATE VIEW .*"$/s,
      /^MERGE INTO .* WHEN NOT MATCHED /s,
    ]
    expect(kinds.filter((kind) => !statements.some((sql) => kind.test(sql)))).toEqual([])
  })

  it('the parser refuses what is no SQL of the dialect', () => {
    const wrong = [
      'CREATE TABLE "t" ("a" INTEGER',
      'DELETE "t" WHERE FROM',
      'INSERT "a" INTO',
      'CREATE TABLE "t" ("a" INTEGER) DISTSTYLE EVERYWHERE SOMEHOW ()',
    ]
    expect(wrong.map((sql) => parser.validate(sql, 'redshift').valid)).toEqual(wrong.map(() => false))
  })
})
