import { readFileSync } from 'node:fs'
import { invalidOption } from '@deltaworks/cli'
import type { Layouts } from '@deltaworks/lakehouse'
import type { TableLayout } from '@deltaworks/warehouse'

const known: readonly (keyof TableLayout)[] = [
  'distribution',
  'sort',
  'encodings',
  'clusterBy',
  'transient',
  'retentionDays',
  'grants',
  'unmaskedRoles',
  'vacuum',
  'upsert',
  'lateBinding',
  'preActions',
  'postActions',
]

/**
 * Reads what an environment says of its warehouse beyond the definitions: `{ "fact_transactions": { "distribution": { "style":
 * "even" } } }`. @throws UsageError DW-CLI-0001
 */
export function readLayouts(file: string | undefined): Layouts {
  if (file === undefined) return {}
  let value: unknown
  try {
    value = JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    throw invalidOption('--layout', file, `give a JSON file that can be read (${(error as Error).message})`)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalidOption('--layout', file, 'it must hold an object with a layout a table')
  for (const [table, layout] of Object.entries(value)) {
    const wrong = Object.keys(layout as object).find((key) => !(known as readonly string[]).includes(key))
    if (wrong !== undefined)
      throw invalidOption('--layout', file, `the layout of ${table} says "${wrong}"; it may say ${known.join(', ')}`)
  }
  return value as Layouts
}
