import type { Field } from '@deltaworks/schema'
import { hasChecksum } from './checksum.js'
import type { Differences } from './errors.js'
import type { TableProbe, TextRows } from './table-probe.js'
import type { WarehouseTable } from './warehouse-table.js'

/** Parts of the keys that are compared one after the other: what is read of a table at a time is a 1024th of it. */
const buckets = 1024
const shownPartitions = 10
const shownKeys = 10

/**
 * Finds where two sides differ: first by the partition column, then by the key. Each question is answered by each side's own
 * engine; only the rows of few buckets of keys come here.
 */
export async function locateDifferences(
  table: WarehouseTable,
  lake: TableProbe,
  warehouse: TableProbe,
): Promise<Differences> {
  const fields = new Map(table.schema.fields.map((field) => [field.name, field]))
  const compared = table.schema.fields.filter(({ type }) => hasChecksum(type))
  const keys = table.primaryKey.map((name) => fields.get(name)!).filter(({ type }) => hasChecksum(type))
  const partitionColumn = fields.get(table.partitionBy?.[0] ?? '')
  return {
    partitions:
      partitionColumn === undefined ? [] : await differingPartitions(partitionColumn, compared, lake, warehouse),
    ...(keys.length === 0 ? { keys: [], columns: [] } : await differingKeys(keys, compared, lake, warehouse)),
  }
}

async function differingPartitions(
  column: Field,
  compared: readonly Field[],
  lake: TableProbe,
  warehouse: TableProbe,
): Promise<readonly string[]> {
  const grouping = { by: 'column' as const, column }
  const differing = differences(await lake.groups(grouping, compared), await warehouse.groups(grouping, compared))
  return differing.map((value) => `${column.name}=${value ?? 'null'}`).slice(0, shownPartitions)
}

async function differingKeys(
  keys: readonly Field[],
  compared: readonly Field[],
  lake: TableProbe,
  warehouse: TableProbe,
): Promise<Pick<Differences, 'keys' | 'columns'>> {
  const grouping = { by: 'keyBucket' as const, keys, buckets }
  const differing = differences(await lake.groups(grouping, compared), await warehouse.groups(grouping, compared))
  const found: string[] = []
  const columns = new Set<string>()
  for (const bucket of differing) {
    if (found.length >= shownKeys) break
    const byKey = async (probe: TableProbe): Promise<ReadonlyMap<string, TextRows[number]>> => {
      const rows = await probe.bucketRows(Number(bucket), buckets, keys, compared)
      return new Map(rows.map((row) => [row.slice(0, keys.length).join(', '), row]))
    }
    const [ours, theirs] = [await byKey(lake), await byKey(warehouse)]
    for (const key of new Set([...ours.keys(), ...theirs.keys()])) {
      const [our, their] = [ours.get(key), theirs.get(key)]
      if (our === undefined) found.push(`${key} (only in the warehouse)`)
      else if (their === undefined) found.push(`${key} (missing in the warehouse)`)
      else {
        const differing = compared.filter((_, i) => our[keys.length + i] !== their[keys.length + i])
        if (differing.length > 0) found.push(`${key} (other values)`)
        for (const { name } of differing) columns.add(name)
      }
    }
  }
  return { keys: found.slice(0, shownKeys), columns: [...columns] }
}

const differences = <K>(a: ReadonlyMap<K, string>, b: ReadonlyMap<K, string>): readonly K[] =>
  [...new Set([...a.keys(), ...b.keys()])].filter((key) => a.get(key) !== b.get(key))
