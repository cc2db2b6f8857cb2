import { readParquetMetadata } from '@deltaworks/formats'
import { resolveFile } from '@deltaworks/delta-log'
import { values } from '@deltaworks/plan'
import { field, int64, string, struct } from '@deltaworks/schema'
import { DeltaTable } from './delta-table.js'
import { newUri, rowsIn, testSession as session } from './testing-table.js'

const schema = {
  fields: [field('id', int64), field('secret', string), field('s', struct([field('a', int64), field('b', string)]))],
}
const rows = (id: bigint) => values(schema, [[id, 'secret', [id, 'hidden']]])

async function leavesOf(table: DeltaTable): Promise<number[]> {
  const counts: number[] = []
  for (const file of table.snapshot.files.values()) {
    const { store, path } = resolveFile(table.location, file.path)
    const { fields } = (await readParquetMetadata(store, path, file.sizeBytes)).schema
    counts.push(fields.reduce((sum, { type }) => sum + (type.kind === 'struct' ? type.fields.length : 1), 0))
  }
  return counts
}

it.each([
  [{}, 2],
  // With what row tracking keeps in files that are written again.
  [{ 'delta.enableRowTracking': 'true' }, 4],
])(
  'D-75: PURGE takes dropped columns and members out of the bytes, and only from files that have them (%j)',
  async (properties, leaves) => {
    let table = await DeltaTable.createWith(session, newUri(), rows(1n), {
      properties: { 'delta.columnMapping.mode': 'name', ...properties },
    })
    expect((await table.purge()).version).toBe(table.version)
    table = await table.dropColumns(['secret', 's.b'])
    table = await table.append(values({ fields: [schema.fields[0]!] }, [[2n]]))
    expect((await leavesOf(table)).sort()).toEqual([2, 4])
    const purged = await table.purge()
    expect(purged.lastWrite.metrics).toMatchObject({ numRemovedFiles: 1, numAddedFiles: 1 })
    expect((await leavesOf(purged)).sort()).toEqual([2, leaves])
    expect(await rowsIn(purged)).toEqual([
      [1n, [1n]],
      [2n, null],
    ])
    expect((await purged.purge()).version).toBe(purged.version)
  },
)
