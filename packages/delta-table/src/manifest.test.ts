import { col } from '@deltaworks/expression'
import { DeltaTable } from './delta-table.js'
import { newUri, peopleOf, testSession as session } from './testing-table.js'

const manifests = async (table: DeltaTable): Promise<Record<string, string[]>> => {
  const { store, path } = table.location
  const found = await store.list(`${path}/_symlink_format_manifest`)
  const entries = await Promise.all(
    found.map(async (object) => [
      object.path.slice(`${path}/_symlink_format_manifest/`.length),
      Buffer.from(await store.get(object.path))
        .toString()
        .trim()
        .split('\n'),
    ]),
  )
  return Object.fromEntries(entries) as Record<string, string[]>
}

describe('GENERATE symlink_format_manifest', () => {
  it('D-84: a file a partition with the URIs of its data files; gone partitions lose theirs', async () => {
    const table = await DeltaTable.createWith(session, newUri(), peopleOf([1, 'a'], [2, 'b:c']), {
      partitionBy: ['name'],
    })
    await table.generateManifest()
    const made = await manifests(table)
    expect(Object.keys(made).sort()).toEqual(['name=a/manifest', 'name=b%3Ac/manifest'])
    expect(made['name=a/manifest']![0]).toMatch(/^memory:\/\/.*\/t\/name=a\/part-.*\.parquet$/)
    await (await table.delete(col('name').eq('a'))).generateManifest()
    expect(Object.keys(await manifests(table))).toEqual(['name=b%3Ac/manifest'])
  })

  it('D-84: with the property every commit brings them up to date', async () => {
    const properties = { 'delta.compatibility.symlinkFormatManifest.enabled': 'true' }
    const table = await DeltaTable.create(session, newUri(), { schema: peopleOf().schema, properties })
    await table.append(peopleOf([1, 'a']))
    await (await table.refresh()).append(peopleOf([2, 'b']))
    expect((await manifests(table))['manifest']).toHaveLength(2)
  })

  it('D-84: a table whose rows are not those of its files is refused', async () => {
    const properties = { 'delta.enableDeletionVectors': 'true' }
    const table = await DeltaTable.createWith(session, newUri(), peopleOf([1, 'a'], [2, 'b'], [3, 'c']), { properties })
    await expect((await table.delete(col('id').eq(1))).generateManifest()).rejects.toMatchObject({
      code: 'DW-TABLE-0020',
    })
  })
})
