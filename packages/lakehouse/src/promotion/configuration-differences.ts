/** A value of a configuration that two environments have different; undefined: one has none. */
export interface ConfigurationDifference {
  /** `segments.high` */
  readonly key: string
  readonly from: unknown
  readonly to: unknown
}

/** Leaves that differ, by their paths. Lists are compared whole. */
export function configurationDifferences(from: unknown, to: unknown): readonly ConfigurationDifference[] {
  const [ours, theirs] = [leavesOf(from), leavesOf(to)]
  return [...new Set([...ours.keys(), ...theirs.keys()])]
    .filter((key) => JSON.stringify(ours.get(key)) !== JSON.stringify(theirs.get(key)))
    .sort()
    .map((key) => ({ key, from: ours.get(key), to: theirs.get(key) }))
}

function leavesOf(value: unknown, path = '', found = new Map<string, unknown>()): ReadonlyMap<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) found.set(path, value)
  else {
    for (const [key, member] of Object.entries(value)) leavesOf(member, path === '' ? key : `${path}.${key}`, found)
  }
  return found
}
