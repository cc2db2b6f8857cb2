import { within } from '../bounds.js'
import { formatBounds } from '../bounds.js'
import type { FileEntry } from '../file-source.js'
import type { Files } from '../rule.js'
import { toText } from '../plain-text.js'
import type { Analyzer, Outcome, QueryContext, QueryRequirement } from './analyzer.js'
import { ofRows } from './counting.js'

export const files: Analyzer<Files> = {
  requires: (constraint) => [lookAtFiles(constraint)],
  outcome: (constraint, _, answers) => answers.query(lookAtFiles(constraint)) as Outcome,
  verdict: () => null,
  expressions: () => [],
}

const lookAtFiles = (constraint: Files): QueryRequirement => ({
  kind: 'query',
  key: `files ${toText(constraint)} ${constraint.test.kind === 'freshness' ? constraint.test.fresh.toString() : ''}`,
  async run(context): Promise<Outcome> {
    const found = chosen(await context.files.list(constraint.path), constraint)
    if (found.length === 0) return { passed: false, metric: null, rowsFailed: null, found: 'there are no files' }
    return judge(found, constraint, context)
  },
})

function chosen(all: readonly FileEntry[], { recentFiles, uriPattern }: Files): readonly FileEntry[] {
  const form = uriPattern === null ? null : new RegExp(uriPattern, 'u')
  const matching = all.filter(({ path }) => form === null || form.test(path))
  if (recentFiles === null) return matching
  return [...matching].sort((a, b) => Number(b.changedMicros - a.changedMicros)).slice(0, recentFiles)
}

async function judge(found: readonly FileEntry[], { test }: Files, context: QueryContext): Promise<Outcome> {
  switch (test.kind) {
    case 'size':
      return shareOf(
        found,
        (file) => within(test.bytes, file.sizeBytes),
        test.share,
        `have a size ${formatBounds(test.bytes)}`,
      )
    case 'freshness':
      return shareOf(
        found,
        (file) => test.fresh(file.changedMicros, context.nowMicros),
        test.share,
        'are as fresh as wanted',
      )
    case 'uniqueness': {
      const hashes = await hashesOf(found, test.algorithm, context)
      const unique = hashes.filter((hash) => hashes.indexOf(hash) === hashes.lastIndexOf(hash)).length
      const metric = unique / hashes.length
      return {
        passed: within(test.bounds, metric),
        metric,
        rowsFailed: null,
        found: `${ofRows(unique, hashes.length, 'files')} are like no other`,
      }
    }
    case 'match': {
      const other = test.comparePath === null ? [] : await context.files.list(test.comparePath)
      const known = new Set([
        ...(test.hashes ?? []).map((hash) => hash.toLowerCase()),
        ...(await hashesOf(other, test.algorithm, context)),
      ])
      const hashes = await hashesOf(found, test.algorithm, context)
      const all = { kind: 'range', min: 1, max: 1, minInclusive: true, maxInclusive: true, negated: false } as const
      return shareOf(hashes, (hash) => known.has(hash), all, 'match')
    }
  }
}

function shareOf<T>(
  of: readonly T[],
  holds: (item: T) => boolean,
  bounds: Parameters<typeof within>[0],
  says: string,
): Outcome {
  const good = of.filter(holds).length
  const metric = good / of.length
  return {
    passed: within(bounds, metric),
    metric,
    rowsFailed: null,
    found: `${ofRows(good, of.length, 'files')} ${says}`,
  }
}

async function hashesOf(
  of: readonly FileEntry[],
  algorithm: 'MD5' | 'SHA-1' | 'SHA-256',
  { files }: QueryContext,
): Promise<readonly string[]> {
  const hashes: string[] = []
  for (const { path } of of) hashes.push((await files.hash(path, algorithm)).toLowerCase())
  return hashes
}
