/** A row of the feature matrix. */
export interface FeatureRow {
  readonly id: string
  readonly status: 'done' | 'partial' | 'planned'
  /** `file:line`. */
  readonly place: string
}

export interface FeatureProblem {
  /** `file:line`, or a file. */
  readonly place: string
  readonly message: string
}

const idPattern = /\b([MDQEWON]-\d{2,3}|S-\d{1,2})\b/g
const statuses: ReadonlySet<string> = new Set(['done', 'partial', 'planned'])

/** The rows `| ID | status | … |` of a matrix in several Markdown files, by name, and what is wrong with their text. */
export function parseFeatureMatrix(documents: ReadonlyMap<string, string>): {
  readonly rows: readonly FeatureRow[]
  readonly problems: readonly FeatureProblem[]
} {
  const rows: FeatureRow[] = []
  const problems: FeatureProblem[] = []
  const seen = new Set<string>()
  for (const [file, markdown] of documents) {
    markdown.split('\n').forEach((text, index) => {
      const match = /^\|\s*([MDQEWONS]-\d{1,3})\s*\|\s*([a-z]+)\s*\|/.exec(text)
      if (match === null) return
      const [, id, status] = match as unknown as [string, string, string]
      const place = `${file}:${index + 1}`
      if (seen.has(id)) problems.push({ place, message: `${id} occurs twice` })
      seen.add(id)
      if (statuses.has(status)) rows.push({ id, status: status as FeatureRow['status'], place })
      else problems.push({ place, message: `${id} has the status "${status}"; it must be done, partial or planned` })
    })
  }
  return { rows, problems }
}

const testTitle = /\b(?:it|test|describe)(?:\.each\([^)]*\))?\s*\(\s*(['"`])((?:(?!\1).)*)\1/g

/** IDs that titles of tests in a source file name. */
export function idsOfTests(source: string): ReadonlySet<string> {
  const ids = new Set<string>()
  for (const [, , title] of source.matchAll(testTitle)) {
    for (const [, id] of title!.matchAll(idPattern)) ids.add(id!)
  }
  return ids
}

/** Every row called done needs a test that names it; every ID that a test names needs a row. */
export function checkFeatures(
  documents: ReadonlyMap<string, string>,
  tests: ReadonlyMap<string, string>,
): { readonly rows: readonly FeatureRow[]; readonly problems: readonly FeatureProblem[] } {
  const { rows, problems } = parseFeatureMatrix(documents)
  const testsOf = new Map<string, string>()
  for (const [file, source] of tests) {
    for (const id of idsOfTests(source)) if (!testsOf.has(id)) testsOf.set(id, file)
  }
  const untested = rows
    .filter((row) => row.status === 'done' && !testsOf.has(row.id))
    .map(({ id, place }) => ({ place, message: `${id} is called done, but no test names it` }))
  const known = new Set(rows.map((row) => row.id))
  const unknown = [...testsOf]
    .filter(([id]) => !known.has(id))
    .map(([id, place]) => ({ place, message: `names ${id}, which is not in the matrix` }))
  return { rows, problems: [...problems, ...untested, ...unknown] }
}
