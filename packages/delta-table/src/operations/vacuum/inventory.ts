import { fieldIndex, type Schema, type Value } from '@deltaworks/schema'
import { joinPath } from '@deltaworks/storage'
import { badInventory } from '../../errors.js'
import type { OperationContext } from '../../operation-context.js'
import { planOf, type Rows, type RunOptions } from '../../table-session.js'
import type { VacuumObject } from './vacuum-object.js'

const columns = ['path', 'length', 'isDir', 'modificationTime'] as const

/**
 * Objects as an inventory lists them: path absolute or in the table's folder, length in bytes, modificationTime in milliseconds.
 * @throws DeltaTableError DW-TABLE-0031
 */
export async function inventoryObjects(
  { session, location }: OperationContext,
  inventory: Rows,
  options: RunOptions,
): Promise<readonly VacuumObject[]> {
  const plan = planOf(inventory)
  const at = positions(location.uri, plan.schema)
  const { rows } = await session.collect(plan, options.signal === undefined ? {} : { signal: options.signal })
  const objects: VacuumObject[] = []
  const root = `${location.uri.replace(/\/$/, '')}/`
  for (const row of rows) {
    const value = (name: (typeof columns)[number]): Value => row[at[name]]!
    if (value('isDir') === true) continue
    const path = value('path')
    if (typeof path !== 'string') throw badInventory(location.uri, 'a path is null')
    const isOurs = path.startsWith(root)
    if (!isOurs && /^([a-z0-9+.-]+:|\/)/i.test(path)) throw badInventory(location.uri, `"${path}" is not in the table`)
    objects.push({
      path: joinPath(location.path, isOurs ? path.slice(root.length) : path),
      sizeBytes: Number(value('length') ?? 0),
      modifiedMs: Number(value('modificationTime') ?? Infinity),
    })
  }
  return objects.sort((a, b) => (a.path < b.path ? -1 : 1))
}

const kinds: Readonly<Record<(typeof columns)[number], readonly string[]>> = {
  path: ['string'],
  length: ['int64', 'int32'],
  isDir: ['boolean'],
  modificationTime: ['int64'],
}

function positions(table: string, schema: Schema): Readonly<Record<(typeof columns)[number], number>> {
  const at = { path: 0, length: 0, isDir: 0, modificationTime: 0 }
  for (const name of columns) {
    at[name] = fieldIndex(schema, name)
    const kind = schema.fields[at[name]]?.type.kind
    if (kind === undefined || !kinds[name].includes(kind)) {
      throw badInventory(table, `its column ${name} must be ${kinds[name].join(' or ')}, not ${kind ?? 'missing'}`)
    }
  }
  return at
}
