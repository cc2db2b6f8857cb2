import type { BoundAggregate, BoundExpression, BoundSortKey, BoundWindow } from '@deltaworks/expression'
import { int64, typesEqual, type Field, type Schema, type Value } from '@deltaworks/schema'
import { invalidCount, invalidPlan, invalidRow, notBoolean, unionMismatch } from './errors.js'
import type {
  Aggregate,
  Filter,
  Join,
  JoinKey,
  JoinType,
  Limit,
  LogicalPlan,
  Projection,
  Recursive,
  Sort,
  TableScan,
  Union,
  Unnest,
  Values,
  Window,
} from './logical-plan.js'
import type { TableProvider } from './table-provider.js'

/*
 * Constructors of plan nodes from bound expressions. They compute the schema and check what must hold of every node;
 * the optimizer makes its nodes here too.
 */

/** A bound expression, aggregate or window function under the name of its column. */
export interface Named<T> {
  readonly name: string
  readonly of: T
}

interface Typed {
  readonly type: Field['type']
  readonly nullable: boolean
}

const fieldFor = ({ name, of }: Named<Typed>): Field => ({ name, type: of.type, nullable: of.nullable })

/** All columns and rows of a table, or what `options` leaves of them. */
export function scanNode(
  table: TableProvider,
  options: { projection?: readonly number[]; filters?: readonly BoundExpression[]; fetch?: number | null } = {},
): TableScan {
  const projection = options.projection ?? table.schema.fields.map((_, i) => i)
  return {
    kind: 'scan',
    table,
    projection,
    filters: options.filters ?? [],
    fetch: options.fetch ?? null,
    schema:
      options.projection === undefined ? table.schema : { fields: projection.map((i) => table.schema.fields[i]!) },
  }
}

/** @throws PlanError DW-PLAN-0010 if a row has not one value a column */
export function valuesNode(schema: Schema, rows: readonly (readonly Value[])[]): Values {
  rows.forEach((row, i) => {
    if (row.length !== schema.fields.length) throw invalidRow(i, row.length, schema.fields.length)
  })
  return { kind: 'values', rows, schema }
}

export const projectionNode = (input: LogicalPlan, columns: readonly Named<BoundExpression>[]): Projection => ({
  kind: 'projection',
  input,
  expressions: columns.map((c) => c.of),
  schema: { fields: columns.map(fieldFor) },
})

/** @throws PlanError DW-PLAN-0004 */
export function filterNode(input: LogicalPlan, predicate: BoundExpression): Filter {
  const { kind } = predicate.type
  if (kind !== 'boolean' && kind !== 'null') throw notBoolean('A filter', predicate.type)
  return { kind: 'filter', input, predicate, schema: input.schema }
}

export const aggregateNode = (
  input: LogicalPlan,
  groupBy: readonly Named<BoundExpression>[],
  aggregates: readonly Named<BoundAggregate>[],
): Aggregate => ({
  kind: 'aggregate',
  input,
  groupBy: groupBy.map((g) => g.of),
  aggregates: aggregates.map((a) => a.of),
  schema: { fields: [...groupBy.map(fieldFor), ...aggregates.map(fieldFor)] },
})

/** Each different row once: groups of all columns, without aggregates. */
export const distinctNode = (input: LogicalPlan): Aggregate => aggregateNode(input, columnsNamed(input), [])

/** The input's columns as references, under their names. */
export const columnsNamed = (input: LogicalPlan): Named<BoundExpression>[] =>
  input.schema.fields.map((f, index) => ({ name: f.name, of: columnOf(input.schema, index) }))

export function columnOf(schema: Schema, index: number): BoundExpression {
  const f = schema.fields[index]
  if (f === undefined) throw invalidPlan(`there is no column ${index} of ${schema.fields.length}`)
  return { kind: 'column', index, name: f.name, type: f.type, nullable: f.nullable }
}

export const joinSchema = (left: Schema, right: Schema, joinType: JoinType): Schema => {
  const nullableOf = (fields: readonly Field[], nulls: boolean) =>
    nulls ? fields.map((f) => (f.nullable ? f : { ...f, nullable: true })) : fields
  switch (joinType) {
    case 'left_semi':
    case 'left_anti':
      return left
    case 'inner':
    case 'cross':
    case 'left':
    case 'right':
    case 'full':
      return {
        fields: [
          ...nullableOf(left.fields, joinType === 'right' || joinType === 'full'),
          ...nullableOf(right.fields, joinType === 'left' || joinType === 'full'),
        ],
      }
  }
}

/** @throws PlanError DW-PLAN-0004, DW-PLAN-0012 */
export function joinNode(
  left: LogicalPlan,
  right: LogicalPlan,
  joinType: JoinType,
  keys: readonly JoinKey[],
  residual: BoundExpression | null = null,
): Join {
  for (const key of keys) {
    if (!typesEqual(key.left.type, key.right.type)) throw invalidPlan('the keys of a join differ in type')
  }
  if (residual !== null && residual.type.kind !== 'boolean' && residual.type.kind !== 'null') {
    throw notBoolean('A join condition', residual.type)
  }
  return {
    kind: 'join',
    left,
    right,
    joinType,
    keys,
    residual,
    schema: joinSchema(left.schema, right.schema, joinType),
  }
}

export const sortNode = (input: LogicalPlan, keys: readonly BoundSortKey[], fetch: number | null = null): Sort => ({
  kind: 'sort',
  input,
  keys,
  fetch,
  schema: input.schema,
})

/** @throws PlanError DW-PLAN-0007 */
export function limitNode(input: LogicalPlan, fetch: number | null, skip = 0): Limit {
  if (!Number.isSafeInteger(skip) || skip < 0) throw invalidCount('The number of rows to skip', skip)
  if (fetch !== null && (!Number.isSafeInteger(fetch) || fetch < 0)) throw invalidCount('A limit', fetch)
  return { kind: 'limit', input, skip, fetch, schema: input.schema }
}

/** Names are those of the first input. @throws PlanError DW-PLAN-0003 if the types differ */
export function unionNode(inputs: readonly LogicalPlan[]): Union {
  const [first, ...rest] = inputs
  if (first === undefined) throw unionMismatch('there are no inputs')
  for (const other of rest) {
    if (other.schema.fields.length !== first.schema.fields.length) {
      throw unionMismatch(`one has ${first.schema.fields.length} columns, another ${other.schema.fields.length}`)
    }
  }
  const fields = first.schema.fields.map((f, i) => {
    const twins = rest.map((p) => p.schema.fields[i]!)
    for (const twin of twins) {
      if (!typesEqual(f.type, twin.type)) throw unionMismatch(`column ${i + 1} ("${f.name}") differs in type`)
    }
    return !f.nullable && twins.some((twin) => twin.nullable) ? { ...f, nullable: true } : f
  })
  return { kind: 'union', inputs, schema: { fields } }
}

export const windowNode = (input: LogicalPlan, windows: readonly Named<BoundWindow>[]): Window => ({
  kind: 'window',
  input,
  windows: windows.map((w) => w.of),
  schema: { fields: [...input.schema.fields, ...windows.map(fieldFor)] },
})

/** @param options.names of the added columns @throws PlanError DW-PLAN-0012 if something is no list and no map */
export function unnestNode(
  input: LogicalPlan,
  lists: readonly BoundExpression[],
  options: { readonly outer: boolean; readonly ordinality: boolean; readonly names?: readonly string[] },
): Unnest {
  const padded = options.outer || lists.length > 1
  const added = lists.flatMap(({ type }): Field[] => {
    if (type.kind === 'list') {
      return [{ name: 'col', type: type.element, nullable: padded || type.elementNullable }]
    }
    if (type.kind !== 'map') throw invalidPlan('only arrays and maps have elements to unnest')
    return [
      { name: 'key', type: type.key, nullable: padded },
      { name: 'value', type: type.value, nullable: padded || type.valueNullable },
    ]
  })
  if (options.ordinality) added.push({ name: 'ordinality', type: int64, nullable: options.outer })
  const fields = added.map((f, i) => ({ ...f, name: options.names?.[i] ?? f.name }))
  const { outer, ordinality } = options
  return { kind: 'unnest', input, lists, outer, ordinality, schema: { fields: [...input.schema.fields, ...fields] } }
}

/** @throws PlanError DW-PLAN-0003 if the rows of the step differ in type */
export function recursiveNode(
  initial: LogicalPlan,
  step: LogicalPlan,
  workingTable: TableProvider,
  distinct: boolean,
): Recursive {
  const { fields } = workingTable.schema
  for (const plan of [initial, step]) {
    if (
      plan.schema.fields.length !== fields.length ||
      !fields.every((f, i) => typesEqual(f.type, plan.schema.fields[i]!.type))
    ) {
      throw unionMismatch('the parts of a recursive query differ in their columns')
    }
  }
  return { kind: 'recursive', initial, step, workingTable, distinct, schema: workingTable.schema }
}

/** The step of a recursive query over the given rows. */
export const stepOver = (plan: Recursive, rows: TableProvider): LogicalPlan =>
  transformUp(plan.step, (node) =>
    node.kind === 'scan' && node.table === plan.workingTable ? { ...node, table: rows } : node,
  )

export function inputsOf(plan: LogicalPlan): readonly LogicalPlan[] {
  switch (plan.kind) {
    case 'scan':
    case 'values':
      return []
    case 'join':
      return [plan.left, plan.right]
    case 'union':
      return plan.inputs
    case 'recursive':
      return [plan.initial, plan.step]
    case 'unnest':
    case 'projection':
    case 'filter':
    case 'aggregate':
    case 'sort':
    case 'limit':
    case 'window':
      return [plan.input]
  }
}

/** The same node over other inputs, whose columns have the same types. The node itself if the inputs are the same. */
export function withInputs(plan: LogicalPlan, inputs: readonly LogicalPlan[]): LogicalPlan {
  if (inputsOf(plan).every((input, i) => input === inputs[i])) return plan
  const input = inputs[0]!
  switch (plan.kind) {
    case 'scan':
    case 'values':
      return plan
    case 'join':
      return joinNode(input, inputs[1]!, plan.joinType, plan.keys, plan.residual)
    case 'union':
      return unionNode(inputs)
    case 'recursive':
      return { ...plan, initial: input, step: inputs[1]! }
    case 'filter':
    case 'sort':
    case 'limit':
      return { ...plan, input, schema: input.schema }
    case 'projection':
    case 'aggregate':
      return { ...plan, input }
    case 'unnest':
    case 'window':
      return {
        ...plan,
        input,
        schema: { fields: [...input.schema.fields, ...plan.schema.fields.slice(input.schema.fields.length)] },
      }
  }
}

/** The tree rebuilt from the leaves up. `change` sees each node with its inputs changed already. */
export const transformUp = (plan: LogicalPlan, change: (node: LogicalPlan) => LogicalPlan): LogicalPlan =>
  change(
    withInputs(
      plan,
      inputsOf(plan).map((input) => transformUp(input, change)),
    ),
  )
