import { commonType, type BoundExpression, type BoundWindow } from '@deltaworks/expression'
import { fieldIndex, int32, typeName, type DataType } from '@deltaworks/schema'
import { unionMismatch } from './errors.js'
import type { LogicalPlan } from './logical-plan.js'
import { castTo, isIdentity, joinPairs } from './plan-builder.js'
import { columnOf, columnsNamed, distinctNode, projectionNode, unionNode, windowNode, type Named } from './plan-node.js'

/** UNION ALL by position; columns of different types become their common type. @throws PlanError DW-PLAN-0003 */
export function unionOf(inputs: readonly LogicalPlan[]): LogicalPlan {
  const first = inputs[0]!
  for (const other of inputs) {
    if (other.schema.fields.length !== first.schema.fields.length) {
      throw unionMismatch(
        `one has ${first.schema.fields.length} column(s), another ${other.schema.fields.length} (${other.schema.fields.map((f) => f.name).join(', ')})`,
      )
    }
  }
  const types = first.schema.fields.map((f, i) =>
    inputs.reduce<DataType>((type, { schema }) => {
      const other = schema.fields[i]!.type
      const common = commonType(type, other)
      if (common === null) {
        throw unionMismatch(`column "${f.name}" is ${typeName(type)} in one and ${typeName(other)} in another`)
      }
      return common
    }, f.type),
  )
  return unionNode(flattened(inputs.map((input) => castTo(input, types))))
}

/** INTERSECT (`left_semi`) and EXCEPT (`left_anti`), ALL too: by position, columns as their common type. */
export function setDifferenceOf(
  left: LogicalPlan,
  right: LogicalPlan,
  joinType: 'left_semi' | 'left_anti',
  all: boolean,
): LogicalPlan {
  const [a, b] = sameTypes(left, right)
  const pairs = (plan: LogicalPlan) => plan.schema.fields.map((_, i) => ({ left: i, right: i }))
  if (!all) return joinPairs(distinctNode(a), b, joinType, pairs(a), true)
  const [numberedA, numberedB] = [numbered(a), numbered(b)]
  const join = joinPairs(numberedA, numberedB, joinType, pairs(numberedA), true)
  return projectionNode(join, columnsNamed(join).slice(0, a.schema.fields.length))
}

function sameTypes(left: LogicalPlan, right: LogicalPlan): [LogicalPlan, LogicalPlan] {
  const [a, b] = [left.schema.fields, right.schema.fields]
  if (a.length !== b.length) throw unionMismatch(`one has ${a.length} column(s), another ${b.length}`)
  const types = a.map((f, i) => {
    const type = commonType(f.type, b[i]!.type)
    if (type === null) throw unionMismatch(`column "${f.name}" is ${typeName(f.type)} and ${typeName(b[i]!.type)}`)
    return type
  })
  return [castTo(left, types), castTo(right, types)]
}

/** With one more column: the how-manieth of its equals a row is. So INTERSECT ALL and EXCEPT ALL count duplicates. */
function numbered(plan: LogicalPlan): LogicalPlan {
  const partitionBy = columnsNamed(plan).map((c) => c.of)
  const of: BoundWindow = {
    name: 'row_number',
    args: [],
    partitionBy,
    orderBy: [],
    frame: null,
    filter: null,
    type: int32,
    nullable: false,
  }
  return windowNode(plan, [{ name: 'row_number', of }])
}

const flattened = (inputs: readonly LogicalPlan[]): readonly LogicalPlan[] =>
  inputs.flatMap((input) => (input.kind === 'union' ? input.inputs : [input]))

/** UNION ALL by name, in the order of the first; with `allowMissing` a column that an input lacks is null in its rows. */
export function unionByNameOf(inputs: readonly LogicalPlan[], allowMissing = false): LogicalPlan {
  const names: string[] = []
  for (const { schema } of inputs) {
    for (const f of schema.fields) {
      if (names.some((n) => n.toLowerCase() === f.name.toLowerCase())) continue
      if (names.length > 0 && schema !== inputs[0]!.schema && !allowMissing) {
        throw unionMismatch(`the first has no column "${f.name}"`)
      }
      names.push(f.name)
    }
  }
  const types = new Map<string, DataType>()
  const aligned = inputs.map((input) => {
    const columns = names.map((name): Named<BoundExpression> => {
      const index = fieldIndex(input.schema, name)
      if (index >= 0) return { name, of: columnOf(input.schema, index) }
      if (!allowMissing) throw unionMismatch(`an input has no column "${name}"`)
      return { name, of: { kind: 'literal', value: null, type: { kind: 'null' }, nullable: true } }
    })
    for (const { name, of } of columns) if (of.type.kind !== 'null' && !types.has(name)) types.set(name, of.type)
    return columns
  })
  const inOrder = inputs.map((input, i) => {
    const columns = aligned[i]!.map(({ name, of }) =>
      of.type.kind === 'null' && types.has(name) && of.kind === 'literal'
        ? { name, of: { ...of, type: types.get(name)! } }
        : { name, of },
    )
    return isIdentity(columns, input.schema) ? input : projectionNode(input, columns)
  })
  return unionOf(inOrder)
}
