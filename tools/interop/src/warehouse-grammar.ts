import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generatedStatements } from '@deltaworks/warehouse/testing'
import type { Checks } from './checks.js'
import { PythonEnvironment } from './python.js'

const definitionCount = 500

/**
 * Statements of generated definitions, parsed by sqlglot's grammars, and those of Redshift's masking policies by sqlfluff's. What sqlglot takes for a command whose words it does not
 * look at is counted as not parsed, and told.
 */
export async function checkGrammar(environment: string, scripts: string, checks: Checks): Promise<void> {
  const python = new PythonEnvironment(environment)
  const failure = await python.install(['sqlglot==30.*', 'sqlfluff==4.5.0'])
  if (failure !== null) return checks.skip('sqlglot and sqlfluff', failure)
  const folder = mkdtempSync(join(tmpdir(), 'deltaworks-grammar-'))
  try {
    for (const dialect of ['redshift', 'snowflake', 'postgres'] as const) {
      const statements = new Set<string>()
      for (let seed = 1; seed <= definitionCount; seed++)
        for (const sql of generatedStatements(dialect, seed)) statements.add(sql)
      const file = join(folder, `${dialect}.json`)
      writeFileSync(file, JSON.stringify([...statements]))
      const [answer] = await python.script(join(scripts, 'parse_sql.py'), [dialect, file])
      const refused = answer?.['refused'] as readonly string[] | undefined
      const masking = Number(answer?.['sqlfluff'] ?? 0)
      const name = `sqlglot${masking === 0 ? '' : ` (and sqlfluff ${masking} of masking policies)`} parses ${statements.size} statements of ${definitionCount} definitions for ${dialect}`
      const unread = Object.entries((answer?.['commands'] ?? {}) as Readonly<Record<string, number>>)
      const told = unread.map(([word, n]) => `${n} ${word}`).join(', ')
      checks.report(
        `${name}${told === '' ? '' : ` (not looked into: ${told})`}`,
        refused === undefined ? JSON.stringify(answer) : (refused[0] ?? null),
      )
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
