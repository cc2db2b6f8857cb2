/** One query of a golden file and what it gives. */
export interface SltCase {
  /** 1-based line of its `query`. */
  readonly line: number
  readonly sql: string
  /** The query has no order of its own: results are compared sorted. */
  readonly rowSort: boolean
  /** Not run on DuckDB, whose semantics differ; the reason stands in a comment. */
  readonly onlyOurs: boolean
  readonly results: readonly string[]
}

/**
 * A file of such blocks, with blank lines between them; `#` starts a comment line:
 *
 *   query [rowsort] [ours]
 *   select …
 *   ----
 *   1 | text | NULL
 */
export function parseSlt(text: string): readonly SltCase[] {
  const cases: SltCase[] = []
  const lines = text.split('\n')
  for (let i = 0; i < lines.length; i++) {
    const [keyword, ...flags] = lines[i]!.split(' ')
    if (keyword !== 'query') continue
    const line = i + 1
    const sql: string[] = []
    while (++i < lines.length && lines[i] !== '----') sql.push(lines[i]!)
    const results: string[] = []
    while (++i < lines.length && lines[i] !== '') results.push(lines[i]!)
    cases.push({
      line,
      sql: sql.join('\n'),
      rowSort: flags.includes('rowsort'),
      onlyOurs: flags.includes('ours'),
      results,
    })
  }
  return cases
}

/** The file with the results of queries (by the line of their `query`) replaced. */
export function withResults(text: string, results: ReadonlyMap<number, readonly string[]>): string {
  const lines = text.split('\n')
  const output: string[] = []
  for (let i = 0; i < lines.length; i++) {
    const found = results.get(i + 1)
    output.push(lines[i]!)
    if (found === undefined) continue
    while (lines[++i] !== '----') output.push(lines[i]!)
    output.push('----', ...found)
    while (i + 1 < lines.length && lines[i + 1] !== '') i++
  }
  return output.join('\n')
}
