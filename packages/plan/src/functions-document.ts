import {
  aggregateRegistry,
  derivedRegistry,
  functionRegistry,
  textOf,
  utcContext,
  windowRegistry,
  type RegisteredFunction,
} from '@deltaworks/expression'
import { field, int32, schema, string, type DataType, type Value } from '@deltaworks/schema'
import { functionExamples } from './function-examples.js'
import { interpretPlan } from './interpret-plan.js'
import { memoryTable } from './memory-table.js'
import { parseQuery } from './sql/sql.js'

/*
 * docs/functions.md: every function with its types, meaning and an example, made from the registries; a test keeps the page
 * as it is made here, and runs the examples that stand in it.
 */

const table = memoryTable(
  schema([field('n', int32, false), field('k', string), field('x', int32), field('y', int32)]),
  [
    [1, 'a', 1, 10],
    [2, 'a', 2, 20],
    [3, 'b', 3, 25],
    [4, 'b', null, 40],
  ],
  { name: 't' },
)

export const documentedFunctions = (): readonly RegisteredFunction[] => [
  ...functionRegistry,
  ...[...aggregateRegistry, ...derivedRegistry].sort((a, b) => (a.name < b.name ? -1 : 1)),
  ...windowRegistry,
]

/** What an example gives: of a window function the values of all rows of `t`. */
export async function exampleResult(example: string): Promise<string> {
  const over = / over \(/.test(example)
  const text = over
    ? `select e from (select n, ${example} as e from t) w order by n`
    : `select ${example} as e from t limit 1`
  const plan = await parseQuery(text, { table: () => table })
  return interpretPlan(plan)
    .map(([value]) => shown(plan.schema.fields[0]!.type, value!))
    .join(', ')
}

const shown = (type: DataType, value: Value): string => {
  if (value === null) return 'null'
  if (type.kind === 'list') return `[${(value as readonly Value[]).map((v) => shown(type.element, v)).join(', ')}]`
  return textOf(type, value, utcContext)
}

const cell = (text: string): string => text.replaceAll('|', '\\|')
const code = (text: string): string => `\`${cell(text)}\``

export async function functionsDocument(): Promise<string> {
  const lines = [
    '# Functions',
    '',
    '<!-- Made from the registries of packages/expression: DELTAWORKS_UPDATE_DOCS=1 npx jest functions-document (in packages/plan). -->',
    '',
    'Every function of SQL and of the DataFrame API (`fn.<name>`, `agg.<name in camel case>`, `win.<name in camel case>`);',
    '`SHOW FUNCTIONS` lists them too. Types and errors are those of Spark 4 in ANSI mode. The examples are over the table `t`:',
    '',
    '| n | k | x | y |',
    '| - | - | - | - |',
    '| 1 | a | 1 | 10 |',
    '| 2 | a | 2 | 20 |',
    '| 3 | b | 3 | 25 |',
    '| 4 | b | null | 40 |',
  ]
  let family = ''
  for (const { name, family: of, aliases, signature, doc } of documentedFunctions()) {
    if (of !== family) {
      family = of
      lines.push('', `## ${of[0]!.toUpperCase()}${of.slice(1)}`, '')
      lines.push('| Function | Types | Meaning | Example | Gives |', '| --- | --- | --- | --- | --- |')
    }
    const example = functionExamples[name] ?? ''
    const names = [name, ...aliases].map(code).join(', ')
    lines.push(
      `| ${names} | ${cell(signature)} | ${cell(doc)} | ${code(example)} | ${code(await exampleResult(example))} |`,
    )
  }
  return `${lines.join('\n')}\n`
}
