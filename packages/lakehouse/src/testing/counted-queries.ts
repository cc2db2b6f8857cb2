import { subscribe, unsubscribe } from 'node:diagnostics_channel'

const rowsThemselves = new Set(['rows', 'splits', 'segment'])

/** How many queries a piece of work executes whose plans, as JSON without the rows that they hold, match a pattern. */
export async function countedQueries(pattern: RegExp, work: () => Promise<unknown>): Promise<number> {
  let count = 0
  const counted = (message: unknown): void => {
    const plan = JSON.stringify((message as { readonly plan: unknown }).plan, (key, value: unknown) =>
      rowsThemselves.has(key) || typeof value === 'bigint' ? null : value,
    )
    if (pattern.test(plan)) count++
  }
  subscribe('deltaworks:query:start', counted)
  try {
    await work()
  } finally {
    unsubscribe('deltaworks:query:start', counted)
  }
  return count
}
