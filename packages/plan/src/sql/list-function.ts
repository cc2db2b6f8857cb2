import type { Expression } from '@deltaworks/expression'
import { int32, string } from '@deltaworks/schema'
import type { FuncCall, RangeFunction, SelectStmt } from 'libpg-query'
import { namesOf, type Node } from './syntax-tree.js'

/** A call that makes rows of lists, in FROM (where the lists may come from the items before it) or in a select list. */
export interface ListFunction {
  readonly call: FuncCall
  readonly name: string
  readonly outer: boolean
  /** Whether the first column is the position. */
  readonly position: boolean
  /** Whether the elements are structs, whose members are the columns. */
  readonly structs: boolean
}

type Lists = (args: readonly Expression[]) => readonly Expression[]

const call = (name: string, ...args: readonly Expression[]): Expression => ({ kind: 'call', name, args })
const as =
  (name: string): Lists =>
  (args) => [call(name, ...args)]
const text = (value: string): Expression => ({ kind: 'literal', value, type: string })

/** stack(rows, a, b, …): the values dealt into so many rows. */
const stacked: Lists = ([count, ...values]) => {
  const rows = count?.kind === 'literal' ? Number(count.value) : 1
  const width = Math.ceil(values.length / rows)
  const structs = Array.from({ length: rows }, (_, row) =>
    call(
      'named_struct',
      ...Array.from({ length: width }, (_c, column): readonly Expression[] => [
        text(`col${column}`),
        values[row * width + column] ?? { kind: 'literal', value: null, type: { kind: 'null' } },
      ]).flat(),
    ),
  )
  return [call('array', ...structs)]
}

/** The lists that each function walks. */
const functions: Readonly<Record<string, Lists>> = {
  unnest: (args) => args,
  explode: (args) => args,
  posexplode: (args) => args,
  inline: (args) => args,
  stack: stacked,
  generate_series: as('sequence'),
  range: as('range'),
  json_array_elements: as('json_elements'),
  jsonb_array_elements: as('json_elements'),
  json_array_elements_text: as('json_elements_text'),
  jsonb_array_elements_text: as('json_elements_text'),
  json_each: as('json_entries'),
  jsonb_each: as('json_entries'),
  json_object_keys: as('json_object_keys'),
  jsonb_object_keys: as('json_object_keys'),
  string_to_table: as('string_to_array'),
  regexp_split_to_table: as('split'),
  generate_subscripts: ([list]) => [call('sequence', { kind: 'literal', value: 1, type: int32 }, call('size', list!))],
}

export const listsOf = (name: string, args: readonly Expression[]): readonly Expression[] => functions[name]!(args)

export function listFunctionOf(node: Node): ListFunction | null {
  if (!('FuncCall' in node)) return null
  const of = node.FuncCall
  const name = (namesOf(of.funcname).at(-1) ?? '').toLowerCase()
  const outer = name.endsWith('_outer')
  const plain = outer ? name.slice(0, -'_outer'.length) : name
  if (functions[plain] === undefined) return null
  return {
    call: of,
    name: plain,
    outer,
    position: plain === 'posexplode',
    structs: plain === 'inline' || plain === 'stack',
  }
}

/** The one call that FROM f(…) holds. */
export function functionCallOf(node: RangeFunction): Node | null {
  const [list, ...more] = node.functions ?? []
  if (list === undefined || more.length > 0 || !('List' in list)) return null
  const only = list.List.items?.[0]
  return only !== undefined && 'FuncCall' in only ? only : null
}

const generators: ReadonlySet<string> = new Set(['posexplode', 'inline', 'stack', 'json_each', 'jsonb_each'])

/** explode of a map that is written out has two columns, too. */
function isOverMap({ name, call: { args = [] } }: ListFunction): boolean {
  const [arg] = args
  return (
    name === 'explode' &&
    arg !== undefined &&
    'FuncCall' in arg &&
    /map/i.test(namesOf(arg.FuncCall.funcname).at(-1) ?? '')
  )
}

/**
 * SELECT posexplode(a) FROM t: functions of a select list that give several columns stand in FROM instead, and all of their columns
 * in the list. The statement itself where there is none.
 */
export function withGeneratorsInFrom(select: SelectStmt): SelectStmt {
  const targets = select.targetList ?? []
  const from = [...(select.fromClause ?? [])]
  const rewritten = targets.map((node, i) => {
    if (!('ResTarget' in node) || node.ResTarget.val === undefined) return node
    const found = listFunctionOf(node.ResTarget.val)
    if (found === null || !(generators.has(found.name) || isOverMap(found))) return node
    const alias = `generated ${i}`
    from.push({
      RangeFunction: {
        lateral: true,
        functions: [{ List: { items: [node.ResTarget.val, {} as Node] } }],
        alias: { aliasname: alias },
      },
    })
    const fields = [{ String: { sval: alias } }, { A_Star: {} }] as Node[]
    const location = found.call.location
    return {
      ResTarget: { ...node.ResTarget, val: { ColumnRef: { fields, ...(location === undefined ? {} : { location }) } } },
    }
  })
  return from.length === (select.fromClause ?? []).length
    ? select
    : { ...select, targetList: rewritten, fromClause: from }
}
