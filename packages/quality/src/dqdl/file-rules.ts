import { exactly, type Bounds } from '../bounds.js'
import { dqdlSyntax } from '../errors.js'
import { makeRule, type RuleBuilder } from '../rule-builder.js'
import type { Files, FileTest, HashAlgorithm } from '../rule.js'
import { timeOfDayMicros } from './column-values.js'
import { measuredBounds, numberBounds } from './operand-bounds.js'
import type { ConditionNode, Operand, SimpleRuleNode } from './syntax.js'
import type { RuleType } from './rule-types.js'

/*
 * Rules about files, evaluated before they are read. Tags of all: `recentFiles = n` (the newest only), `uriRegex = "…"`.
 */

const fileType = (parts: Partial<RuleType>, test: (node: SimpleRuleNode) => FileTest): RuleType => ({
  parameters: ['a path'],
  optional: 1,
  condition: 'required',
  tags: 'any',
  rule: true,
  compile: (node) => fileRule(node, test(node)),
  ...parts,
})

export const fileRuleTypes: Readonly<Record<string, RuleType>> = {
  FileSize: fileType({}, (node) => ({
    kind: 'size',
    bytes: measuredBounds(node.condition!, bytesOf),
    share: shareOf(node),
  })),
  FileFreshness: fileType({}, (node) => ({ kind: 'freshness', fresh: freshness(node), share: shareOf(node) })),
  FileUniqueness: fileType({}, (node) => ({
    kind: 'uniqueness',
    algorithm: algorithmOf(node),
    bounds: numberBounds(node.condition!),
  })),
  FileMatch: fileType(
    { parameters: ['a path', 'a path to compare with'], optional: 2, condition: 'optional' },
    fileMatch,
  ),
}

function fileRule(node: SimpleRuleNode, test: FileTest): RuleBuilder {
  const constraint: Files = {
    kind: 'files',
    path: node.parameters[0]?.text ?? null,
    test,
    recentFiles: countTag(node, 'recentFiles'),
    uriPattern: textTag(node, 'uriRegex'),
  }
  return makeRule({ id: `${node.type}:${constraint.path ?? 'own'}`, description: node.text, constraint })
}

function tagOf(
  node: SimpleRuleNode,
  name: string,
): { readonly text: string; readonly position: ConditionNode['position'] } | null {
  const tag = node.tags.find((candidate) => candidate.name === name)
  if (tag === undefined) return null
  const [operand] = tag.condition.operands
  if (tag.condition.operator === '=' && operand?.kind === 'text')
    return { text: operand.text, position: operand.position }
  if (tag.condition.operator === '=' && operand?.kind === 'number' && operand.number.kind === 'literal')
    return { text: operand.number.text, position: operand.position }
  throw dqdlSyntax(tag.condition.position, `${name} needs = and a text in quotes`)
}
const textTag = (node: SimpleRuleNode, name: string): string | null => tagOf(node, name)?.text ?? null

function countTag(node: SimpleRuleNode, name: string): number | null {
  const tag = tagOf(node, name)
  if (tag === null) return null
  if (!/^[1-9]\d*$/.test(tag.text)) throw dqdlSyntax(tag.position, `${name} must be a number of files`)
  return Number(tag.text)
}

const algorithms: Readonly<Record<string, HashAlgorithm>> = { MD5: 'MD5', 'SHA-1': 'SHA-1', 'SHA-256': 'SHA-256' }

function algorithmOf(node: SimpleRuleNode): HashAlgorithm {
  const tag = tagOf(node, 'hashAlgorithm')
  if (tag === null) return 'SHA-256'
  const name = tag.text.toUpperCase()
  if (!Object.hasOwn(algorithms, name))
    throw dqdlSyntax(tag.position, `"${tag.text}" is not a hash algorithm; known are MD5, SHA-1 and SHA-256`)
  return algorithms[name]!
}

function shareOf(node: SimpleRuleNode): Bounds {
  const threshold = node.tags.find(({ name }) => name === 'threshold')
  return threshold === undefined ? exactly(1) : numberBounds(threshold.condition)
}

function bytesOf(operand: Operand): number {
  if (operand.kind !== 'size') throw dqdlSyntax(operand.position, 'expected a size: a number and B, KB, MB, GB or TB')
  return operand.bytes
}

function fileMatch(node: SimpleRuleNode): FileTest {
  const { condition, parameters } = node
  const comparePath = parameters[1]?.text ?? null
  if (condition === null) {
    if (comparePath === null) throw dqdlSyntax(node.position, 'FileMatch needs two paths, or a list of checksums')
    return { kind: 'match', algorithm: algorithmOf(node), hashes: null, comparePath }
  }
  if ((condition.operator !== 'in' && condition.operator !== '=') || condition.negated)
    throw dqdlSyntax(condition.position, 'checksums are compared by in or =')
  const hashes = condition.operands.map((operand) => {
    if (operand.kind !== 'text') throw dqdlSyntax(operand.position, 'expected a checksum in quotes')
    return operand.text
  })
  return { kind: 'match', algorithm: algorithmOf(node), hashes, comparePath }
}

type Moment = (nowMicros: bigint) => bigint

/** Compares a file's time of change with moments: a date, a time of the clock's day, or `(now() - 3 hours)`. */
function freshness(node: SimpleRuleNode): (changedMicros: bigint, nowMicros: bigint) => boolean {
  const { operator, negated, operands, position } = node.condition!
  const zone = tagOf(node, 'timeZone')
  const moments = operands.map((operand) => momentOf(operand, zone?.text ?? 'UTC'))
  if (operator === 'matches' || operator === 'in') throw dqdlSyntax(position, `a time is not compared by ${operator}`)
  const [first, second] = moments as [Moment, Moment]
  return (changed, now) => {
    switch (operator) {
      case '=':
        return changed === first(now)
      case '!=':
        return changed !== first(now)
      case '>':
        return changed > first(now)
      case '>=':
        return changed >= first(now)
      case '<':
        return changed < first(now)
      case '<=':
        return changed <= first(now)
      case 'between':
        return (changed > first(now) && changed < second(now)) !== negated
    }
  }
}

const microsPerDay = 86_400_000_000n

function momentOf(operand: Operand, zone: string): Moment {
  if (operand.kind === 'now') return (now) => now + operand.offsetMicros
  if (operand.kind === 'text') {
    const time = timeOfDayMicros(operand.text)
    if (time !== null) {
      return (now) => {
        const local = now + offsetMicros(zone, now)
        return local - (local % microsPerDay) + time - offsetMicros(zone, now)
      }
    }
    const day = /^\d{4}-\d{2}-\d{2}$/.test(operand.text) ? Date.parse(`${operand.text}T00:00:00Z`) : NaN
    if (!Number.isNaN(day)) return () => BigInt(day) * 1000n - offsetMicros(zone, BigInt(day) * 1000n)
  }
  throw dqdlSyntax(operand.position, 'expected a date, a time or now()')
}

/** What local time is ahead of UTC, then. */
function offsetMicros(zone: string, micros: bigint): bigint {
  if (zone === 'UTC') return 0n
  const ms = Number(micros / 1000n)
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  }).formatToParts(ms)
  const part = (type: string) => Number(parts.find((of) => of.type === type)!.value)
  const local = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'))
  return BigInt(local - Math.floor(ms / 1000) * 1000) * 1000n
}
