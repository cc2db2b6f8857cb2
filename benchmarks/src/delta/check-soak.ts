/** A line of a writer's log: what it was about to do, or was told. */
export interface SoakLine {
  readonly word: 'begin' | 'done' | 'refused' | 'error'
  readonly i: number
  readonly op: string
}

/** The last line may be torn, if its writer was killed in it: then it was not written before the operation began, or nobody was told. */
export function parseSoakLog(text: string): readonly SoakLine[] {
  return text.split('\n').flatMap((line): SoakLine[] => {
    const space = line.indexOf(' ')
    try {
      const { i, op } = JSON.parse(line.slice(space + 1)) as { i: number; op?: string }
      return [{ word: line.slice(0, space) as SoakLine['word'], i, op: op ?? '' }]
    } catch {
      return []
    }
  })
}

export interface SoakCheck {
  readonly problems: readonly string[]
  readonly acknowledged: number
  readonly unknown: number
  readonly refused: number
}

type Fate = 'there' | 'gone' | 'either'

/**
 * Compares the rows (writer, i, state) with what the writers' logs say: what was acknowledged is there (or gone, if its deletion
 * was), once; what was refused, or never begun, is not; what was cut off may be either, but whole.
 */
export function checkSoak(rows: readonly (readonly number[])[], logs: readonly (readonly SoakLine[])[]): SoakCheck {
  const problems: string[] = []
  const states = new Map<string, number[]>()
  for (const [writer, i, state] of rows) {
    const key = `${writer} ${i}`
    states.set(key, [...(states.get(key) ?? []), state!])
  }
  let [acknowledged, unknown, refused] = [0, 0, 0]
  const known = new Set<string>()
  logs.forEach((lines, writer) => {
    for (const [i, fate] of fatesOf(lines)) {
      const key = `${writer} ${i}`
      known.add(key)
      const found = states.get(key) ?? []
      const isWhole = found.length === 2 && found.toSorted().join() === '0,1'
      if (found.length > 0 && !isWhole) problems.push(`${key} has rows ${found.join(', ')}`)
      if (fate === 'there' && found.length === 0) problems.push(`${key} was acknowledged and is lost`)
      if (fate === 'gone' && found.length > 0) problems.push(`${key} was deleted or refused, and is there`)
    }
    acknowledged += lines.filter(({ word }) => word === 'done').length
    refused += lines.filter(({ word }) => word === 'refused').length
    unknown += lines.filter(({ word }) => word === 'begin').length
  })
  for (const key of states.keys()) if (!known.has(key)) problems.push(`${key} was never begun and is there`)
  return { problems, acknowledged, unknown: unknown - acknowledged - refused, refused }
}

function fatesOf(lines: readonly SoakLine[]): ReadonlyMap<number, Fate> {
  const fates = new Map<number, Fate>()
  let begun: SoakLine | null = null
  for (const line of lines) {
    if (line.word === 'begin') {
      begun = line
      if (line.op === 'put' || line.op === 'delete') fates.set(line.i, 'either')
    } else if (line.word === 'done' && line.op === 'put') fates.set(line.i, 'there')
    else if (line.word === 'done' && line.op === 'delete') fates.set(line.i, 'gone')
    // A refused put is not there; a refused delete has left what it was to delete.
    else if (line.word === 'refused' && begun !== null) fates.set(line.i, begun.op === 'delete' ? 'there' : 'gone')
  }
  return fates
}
