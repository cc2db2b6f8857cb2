import { conjuncts, type BoundExpression, type BoundLiteral } from '@deltaworks/expression'
import type { Snapshot } from '@deltaworks/delta-log'
import { boolean, fieldIndex, type DataType, type Field, type Schema, type Value } from '@deltaworks/schema'
import { columnAt, literalOf } from './plan-nodes.js'
import { generationExpression } from './write/column-rules.js'

/*
 * Filters over partition columns that follow from filters over the columns which they are generated from: of `day` generated as
 * CAST(at AS DATE), `at >= '2024-02-29 12:00'` says that day >= 2024-02-29. The functions never fall where their argument rises, so bounds
 * go through them. Which day an instant is on depends on the writer's time zone: a day more on either side allows for that.
 */

type Comparison = 'eq' | 'lt' | 'le' | 'gt' | 'ge'

/** A partition column's function of another column. */
interface Derivation {
  readonly source: number
  readonly target: number
  readonly apply: (days: number) => Value
}

const dayMicros = 86_400_000_000n

const patterns: readonly {
  readonly text: RegExp
  readonly apply: (days: number) => Value
  readonly of: DataType['kind']
}[] = [
  { text: /^CAST\(\s*(`[^`]+`|\w+)\s+AS\s+DATE\s*\)$/i, apply: (days) => days, of: 'date' },
  { text: /^(?:TO_)?DATE\(\s*(`[^`]+`|\w+)\s*\)$/i, apply: (days) => days, of: 'date' },
  {
    text: /^YEAR\(\s*(`[^`]+`|\w+)\s*\)$/i,
    apply: (days) => new Date(days * 86_400_000).getUTCFullYear(),
    of: 'int32',
  },
]

/** @param filters over the table's columns, all of which must be true */
export function derivedFilters(snapshot: Snapshot, filters: readonly BoundExpression[]): readonly BoundExpression[] {
  const derivations = derivationsOf(snapshot)
  if (derivations.length === 0) return []
  return filters.flatMap((filter) => conjuncts(filter)).flatMap((part) => derive(snapshot.schema, derivations, part))
}

function derivationsOf({ schema, partitionColumns }: Snapshot): readonly Derivation[] {
  return schema.fields.flatMap((field, target): Derivation[] => {
    const text = partitionColumns.includes(field.name) ? generationExpression(field) : null
    if (text === null) return []
    for (const pattern of patterns) {
      const match = pattern.text.exec(text.trim())
      const source = match === null ? -1 : fieldIndex(schema, match[1]!.replace(/^`|`$/g, ''))
      if (source >= 0 && field.type.kind === pattern.of && isTime(schema.fields[source]!)) {
        return [{ source, target, apply: pattern.apply }]
      }
    }
    return []
  })
}

const isTime = ({ type }: Field): boolean => ['date', 'timestamp', 'timestamp_ntz'].includes(type.kind)

const mirrored: Readonly<Record<Comparison, Comparison>> = { eq: 'eq', lt: 'gt', le: 'ge', gt: 'lt', ge: 'le' }
const isComparison = (name: string): name is Comparison => name in mirrored

function derive(schema: Schema, derivations: readonly Derivation[], part: BoundExpression): readonly BoundExpression[] {
  if (part.kind !== 'call' || !isComparison(part.name)) return []
  const [left, right] = part.args as readonly [BoundExpression, BoundExpression]
  if (left.kind === 'literal' && right.kind === 'column') return bounds(right.index, mirrored[part.name], left)
  return left.kind === 'column' && right.kind === 'literal' ? bounds(left.index, part.name, right) : []

  function bounds(column: number, comparison: Comparison, { value, type }: BoundLiteral): readonly BoundExpression[] {
    if (value === null || type.kind !== schema.fields[column]!.type.kind) return []
    const day = type.kind === 'date' ? (value as number) : Number(floorDay(value as bigint))
    const slack = type.kind === 'timestamp' ? 1 : 0
    const compare = (target: number, name: 'le' | 'ge', bound: Value): BoundExpression => ({
      kind: 'call',
      name,
      args: [columnAt(schema, target), literalOf(bound, schema.fields[target]!.type)],
      type: boolean,
      nullable: true,
    })
    return derivations
      .filter(({ source }) => source === column)
      .flatMap(({ target, apply }) => [
        ...(comparison === 'lt' || comparison === 'le' ? [] : [compare(target, 'ge', apply(day - slack))]),
        ...(comparison === 'gt' || comparison === 'ge' ? [] : [compare(target, 'le', apply(day + slack))]),
      ])
  }
}

const floorDay = (micros: bigint): bigint => (micros >= 0n ? micros / dayMicros : (micros - dayMicros + 1n) / dayMicros)
