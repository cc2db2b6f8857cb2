import { parseRegularExpression, type CodePoints, type RegularExpression } from '@deltaworks/expression'

/*
 * Patterns as deterministic automata over the bytes of UTF-8, which `exprTextMatches` runs:
 *
 *   | class of each byte, 256 × u8 | row length u16 | first state u16 | a row a state: the next state by class, u16 |
 *
 * and at the end of each row, whether a text that ends there matches. State 0 never matches any more, state 1 has matched.
 */

const mostNodes = 4000
const mostStates = 2000
const mostBytes = 1 << 17

/** Null: no automaton of a decent size does what the pattern says. */
export function patternProgram(source: string): Uint8Array | null {
  const tree = parseRegularExpression(source)
  if (tree === null) return null
  try {
    const nodes = new Nodes()
    return programOf(nodes, nodes.of(tree, nodes.accept))
  } catch (error) {
    if (error instanceof TooLarge) return null
    throw error
  }
}

class TooLarge extends Error {}

type Node =
  | { readonly kind: 'byte'; readonly from: number; readonly to: number; readonly next: number }
  | { readonly kind: 'split'; next: readonly number[] }
  | { readonly kind: 'start' | 'end'; readonly next: number }
  | { readonly kind: 'accept' }

/** A nondeterministic automaton, made from its end. */
class Nodes {
  readonly all: Node[] = [{ kind: 'accept' }]
  readonly accept = 0

  #add(node: Node): number {
    if (this.all.length >= mostNodes) throw new TooLarge()
    return this.all.push(node) - 1
  }

  /** The node from which a pattern leads to `next`. */
  of(node: RegularExpression, next: number): number {
    switch (node.kind) {
      case 'set':
        return this.#set(node.codePoints, next)
      case 'sequence':
        return node.of.reduceRight((after, part) => this.of(part, after), next)
      case 'choice':
        return this.#add({ kind: 'split', next: node.of.map((part) => this.of(part, next)) })
      case 'repeat':
        return this.#repeat(node, next)
      case 'start':
      case 'end':
        return this.#add({ kind: node.kind, next })
    }
  }

  #repeat({ of, least, most }: Extract<RegularExpression, { kind: 'repeat' }>, next: number): number {
    let first = next
    if (most === Infinity) {
      const loop: Node = { kind: 'split', next: [] }
      first = this.#add(loop)
      loop.next = [this.of(of, first), next]
    } else {
      for (let i = least; i < most; i++) first = this.#add({ kind: 'split', next: [this.of(of, first), next] })
    }
    for (let i = 0; i < least; i++) first = this.of(of, first)
    return first
  }

  #set(codePoints: CodePoints, next: number): number {
    const way = (bytes: readonly ByteRange[]): number =>
      bytes.reduceRight((after, [from, to]) => this.#add({ kind: 'byte', from, to, next: after }), next)
    const ways = codePoints.flatMap(([from, to]) => byteRanges(from, to))
    return this.#add({ kind: 'split', next: ways.map(way) })
  }
}

type ByteRange = readonly [from: number, to: number]

/** UTF-8 of all code points of a range: sequences of ranges of bytes. */
function byteRanges(from: number, to: number): readonly (readonly ByteRange[])[] {
  if (from > to) return []
  for (const border of [0x7f, 0x7ff, 0xd7ff, 0xdfff, 0xffff]) {
    if (from <= border && to > border) return [...byteRanges(from, border), ...byteRanges(border + 1, to)]
  }
  if (from >= 0xd800 && to <= 0xdfff) return []
  if (to <= 0x7f) return [[[from, to]]]
  // Whole blocks of the last bytes, so that each byte's range stands by itself.
  for (const bits of [6, 12, 18]) {
    const mask = (1 << bits) - 1
    if (from >> bits === to >> bits) continue
    if ((from & mask) !== 0) return [...byteRanges(from, from | mask), ...byteRanges((from | mask) + 1, to)]
    if ((to & mask) !== mask) return [...byteRanges(from, (to & ~mask) - 1), ...byteRanges(to & ~mask, to)]
  }
  const [low, high] = [Buffer.from(String.fromCodePoint(from)), Buffer.from(String.fromCodePoint(to))]
  return [Array.from(low, (byte, i): ByteRange => [byte, high[i]!])]
}

/** Where an automaton can be. */
interface Places {
  /** Those that wait for a byte. */
  readonly nodes: readonly number[]
  readonly hasMatched: boolean
  readonly matchesAtEnd: boolean
}

function placesFrom(all: readonly Node[], from: Iterable<number>, atStart: boolean): Places {
  const reach = (starts: Iterable<number>, atEnd: boolean) => {
    const seen = new Set<number>()
    const open = [...starts]
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      if (seen.has(at)) continue
      seen.add(at)
      const node = all[at]!
      if (node.kind === 'split') open.push(...node.next)
      else if ((node.kind === 'start' && atStart) || (node.kind === 'end' && atEnd)) open.push(node.next)
    }
    return seen
  }
  const starts = [...from]
  const seen = reach(starts, false)
  const nodes = [...seen].filter((at) => all[at]!.kind === 'byte').sort((a, b) => a - b)
  const hasMatched = seen.has(0)
  return { nodes, hasMatched, matchesAtEnd: hasMatched || reach(starts, true).has(0) }
}

/** Bytes that no node tells apart are of one class. */
function classesOf(all: readonly Node[]): { readonly classOf: Uint8Array; readonly samples: readonly number[] } {
  const borders = new Set<number>([0])
  for (const node of all) if (node.kind === 'byte') borders.add(node.from).add(node.to + 1)
  borders.delete(256)
  const samples = [...borders].sort((a, b) => a - b)
  const classOf = new Uint8Array(256)
  samples.forEach((from, i) => classOf.fill(i, from))
  return { classOf, samples }
}

function programOf({ all }: Nodes, first: number): Uint8Array {
  const { classOf, samples } = classesOf(all)
  // A match may begin at any byte: those within a character never begin one.
  const restart = placesFrom(all, [first], false)
  const again = restart.nodes.length > 0 || restart.matchesAtEnd ? [first] : []
  const states: (Places | null)[] = [null, null]
  const known = new Map<string, number>()
  const stateOf = (places: Places): number => {
    if (places.hasMatched) return 1
    if (places.nodes.length === 0 && !places.matchesAtEnd) return 0
    const key = `${places.matchesAtEnd} ${places.nodes.join()}`
    let state = known.get(key)
    if (state === undefined) {
      state = states.push(places) - 1
      if (state > mostStates) throw new TooLarge()
      known.set(key, state)
    }
    return state
  }
  // Most bytes lead to places that another byte led to before.
  const reached = new Map<string, number>()
  const stateAfter = (after: readonly number[]): number => {
    const key = after.join()
    const state = reached.get(key) ?? stateOf(placesFrom(all, [...after, ...again], false))
    reached.set(key, state)
    return state
  }
  const start = stateOf(placesFrom(all, [first], true))
  const rows: number[][] = [[...samples.map(() => 0), 0], [...samples.map(() => 1), 1]] // prettier-ignore
  for (let state = 2; state < states.length; state++) {
    const { nodes, matchesAtEnd } = states[state]!
    const next = samples.map((byte) => {
      const after = nodes.flatMap((at) => {
        const node = all[at]!
        return node.kind === 'byte' && node.from <= byte && byte <= node.to ? [node.next] : []
      })
      return stateAfter(after)
    })
    rows.push([...next, Number(matchesAtEnd)])
    if (rows.length * (samples.length + 1) * 2 > mostBytes) throw new TooLarge()
  }
  return encoded(classOf, samples.length + 1, start, rows)
}

function encoded(classOf: Uint8Array, width: number, start: number, rows: readonly number[][]): Uint8Array {
  const program = Buffer.alloc(260 + rows.length * width * 2)
  program.set(classOf)
  program.writeUInt16LE(width, 256)
  program.writeUInt16LE(start, 258)
  rows.flat().forEach((state, i) => program.writeUInt16LE(state, 260 + i * 2))
  return new Uint8Array(program)
}
