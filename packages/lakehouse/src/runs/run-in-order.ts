/**
 * Does a task for each node once those it depends on are done, at most `limit` at once. `nodes` stand behind their inputs;
 * inputs that are not among them count as done. The first error ends it: nothing is begun after it.
 */
export async function runInOrder<Node>(
  nodes: readonly Node[],
  inputsOf: (node: Node) => readonly Node[],
  limit: number,
  task: (node: Node) => Promise<void>,
): Promise<void> {
  const ended = new Map<Node, Promise<void>>()
  const waiting: (() => void)[] = []
  let free = limit
  let stopped = false
  const take = async (): Promise<void> => {
    if (free > 0) free--
    else await new Promise<void>((resolve) => waiting.push(resolve))
  }
  const give = (): void => {
    const next = waiting.shift()
    if (next === undefined) free++
    else next()
  }
  const run = async (node: Node): Promise<void> => {
    await Promise.all(inputsOf(node).map((input) => ended.get(input) ?? Promise.resolve()))
    await take()
    try {
      if (!stopped) await task(node)
    } catch (error) {
      stopped = true
      throw error
    } finally {
      give()
    }
  }
  for (const node of nodes) ended.set(node, run(node))
  const outcomes = await Promise.allSettled(ended.values())
  const failed = outcomes.find((outcome) => outcome.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}
