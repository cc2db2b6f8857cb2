import { listLog, writerFeaturesOf } from '@deltaworks/delta-log'
import { col } from '@deltaworks/expression'
import { readParquetSchema } from '@deltaworks/formats'
import { values } from '@deltaworks/plan'
import {
  date,
  field,
  float32,
  float64,
  int32,
  int64,
  list,
  map,
  nullType,
  string,
  struct,
  timestampNtz,
} from '@deltaworks/schema'
import { DeltaTable } from './delta-table.js'
import { newUri, peopleOf, rowsIn, testSession as session } from './testing-table.js'
import { identityColumn } from './write/column-rules.js'

const features = (table: DeltaTable): readonly string[] => writerFeaturesOf(table.snapshot.protocol)

describe('clustered tables', () => {
  it('D-51: columns are kept in the domain by physical name, altered, ended', async () => {
    const properties = { 'delta.columnMapping.mode': 'name' }
    const table = await DeltaTable.createWith(session, newUri(), peopleOf([1, 'a']), {
      clusterBy: ['name'],
      properties,
    })
    expect(features(table)).toEqual(expect.arrayContaining(['clustering', 'domainMetadata']))
    const physical = table.schema.fields[1]!.metadata!['delta.columnMapping.physicalName'] as string
    expect(JSON.parse(table.domainMetadata.get('delta.clustering')!)).toMatchObject({ clusteringColumns: [[physical]] })
    expect(table.detail().clusteringColumns).toEqual(['name'])
    const renamed = await table.renameColumn('name', 'label')
    expect(renamed.detail().clusteringColumns).toEqual(['label'])
    await expect(renamed.dropColumns(['label'])).rejects.toMatchObject({ code: 'DW-TABLE-0020' })
    const other = await renamed.clusterBy(['id', 'label'])
    expect(other.detail().clusteringColumns).toEqual(['id', 'label'])
    expect((await other.clusterBy([])).detail().clusteringColumns).toEqual([])
  })

  it('D-51: what cannot be clustered is refused', async () => {
    const partitioned = await DeltaTable.createWith(session, newUri(), peopleOf([1, 'a']), { partitionBy: ['name'] })
    await expect(partitioned.clusterBy(['id'])).rejects.toMatchObject({ code: 'DW-TABLE-0020' })
    const plain = await DeltaTable.createWith(session, newUri(), peopleOf([1, 'a']), {
      properties: { 'delta.dataSkippingNumIndexedCols': '1' },
    })
    await expect(plain.clusterBy(['nope'])).rejects.toMatchObject({ code: 'DW-TABLE-0020' })
    await expect(plain.clusterBy(['name'])).rejects.toMatchObject({ message: expect.stringContaining('no statistics') })
    expect(features(await plain.clusterBy(['id']))).toContain('clustering')
  })
})

describe('partition columns in files', () => {
  it.each([
    ['the feature', { 'delta.feature.materializePartitionColumns': 'supported' }],
    ['the property', { 'delta.writePartitionColumnsToParquet': 'true' }],
  ])('D-55: by %s they stand behind the others, without statistics', async (_, properties) => {
    const table = await DeltaTable.createWith(session, newUri(), peopleOf([1, 'a']), {
      partitionBy: ['id'],
      properties,
    })
    const [file] = [...table.snapshot.files.values()]
    const stored = await readParquetSchema(table.location.store, `t/${file!.path}`)
    expect(stored.fields.map(({ name }) => name)).toEqual(['name', 'id'])
    expect(JSON.parse(file!.stats!)).toMatchObject({ minValues: { name: 'a' }, nullCount: { name: 0 } })
    expect(file!.stats).not.toContain('"id"')
    expect(await rowsIn(table)).toEqual([[1n, 'a']])
  })
})

describe('Iceberg compatibility', () => {
  const compat = (version: number, more: Record<string, string> = {}) => ({
    properties: { [`delta.enableIcebergCompatV${version}`]: 'true', 'delta.columnMapping.mode': 'name', ...more },
  })
  const nested = values(
    { fields: [field('id', int64), field('tags', list(list(int32))), field('m', map(string, int32))] },
    [[1n, [[1]], [['k', 1]]]],
  )

  it('D-53: V2 gives ids to elements, keys and values, in the schema and in the files', async () => {
    const table = await DeltaTable.createWith(session, newUri(), nested, compat(2))
    const [, tags, m] = table.schema.fields
    const name = (of: typeof tags): string => of!.metadata!['delta.columnMapping.physicalName'] as string
    const idsOf = (of: typeof tags) => of!.metadata!['delta.columnMapping.nested.ids'] as Record<string, number>
    expect(Object.keys(idsOf(tags))).toEqual([`${name(tags)}.element`, `${name(tags)}.element.element`])
    expect(Object.keys(idsOf(m))).toEqual([`${name(m)}.key`, `${name(m)}.value`])
    const own = table.schema.fields.map((f) => f.metadata!['delta.columnMapping.id'])
    const all = [...Object.values(idsOf(tags)), ...Object.values(idsOf(m)), ...own]
    expect([...new Set(all)].sort()).toEqual([1, 2, 3, 4, 5, 6, 7])
    expect(table.detail().properties['delta.columnMapping.maxColumnId']).toBe('7')
    expect(await rowsIn(table)).toHaveLength(1)
  })

  it('D-53: what each version excludes is refused before anything is written', async () => {
    const refused = async (options: object, reason: string, rows = peopleOf([1, 'a'])) => {
      const uri = newUri()
      await expect(DeltaTable.createWith(session, uri, rows, options)).rejects.toMatchObject({
        code: 'DW-DELTA-0022',
        message: expect.stringContaining(reason),
      })
      expect(await DeltaTable.exists(uri)).toBe(false)
    }
    await refused(compat(1), 'does not allow the type of column tags', nested)
    await refused(compat(2, { 'delta.enableDeletionVectors': 'true' }), 'excludes deletion vectors')
    await refused(compat(1, { 'delta.enableIcebergCompatV2': 'true' }), 'exclude each other')
    await refused({ properties: { 'delta.enableIcebergCompatV1': 'true' } }, 'needs column mapping')
    await refused(compat(3), 'needs delta.enableRowTracking')
    const table = await DeltaTable.createWith(
      session,
      newUri(),
      peopleOf([1, 'a']),
      compat(3, { 'delta.enableRowTracking': 'true' }),
    )
    expect(features(table)).toEqual(expect.arrayContaining(['icebergCompatV3', 'columnMapping', 'rowTracking']))
    const widened = await DeltaTable.createWith(
      session,
      newUri(),
      values({ fields: [field('d', date), field('n', int32)] }, [[1, 1]]),
      compat(2, { 'delta.enableTypeWidening': 'true' }),
    )
    await expect(widened.alterColumn('d', { type: timestampNtz })).rejects.toMatchObject({ code: 'DW-DELTA-0022' })
    expect((await widened.alterColumn('n', { type: int64 })).version).toBe(1)
  })
})

describe('type changes', () => {
  it('D-29: of elements, keys and values, with the path in the note', async () => {
    const schema = {
      fields: [field('id', int64), field('m', map(int32, list(float32))), field('s', struct([field('x', int32)]))],
    }
    const table = await DeltaTable.createWith(session, newUri(), values(schema, [[1n, [[7, [1.5]]], [3]]]), {
      properties: { 'delta.enableTypeWidening': 'true' },
    })
    const wider = await (
      await table.alterColumn('m', { type: map(int64, list(float64)) })
    ).alterColumn('s.x', { type: int64 })
    expect(wider.schema.fields[1]!.metadata).toEqual({
      'delta.typeChanges': [
        { fromType: 'integer', toType: 'long', fieldPath: 'key' },
        { fromType: 'float', toType: 'double', fieldPath: 'value.element' },
      ],
    })
    expect(await rowsIn(wider)).toEqual([[1n, [[7n, [1.5]]], [3n]]])
    await expect(wider.alterColumn('m', { type: map(int32, list(float64)) })).rejects.toMatchObject({
      code: 'DW-TABLE-0020',
    })
  })

  it('D-30: a void column is read as null, stored nowhere, and becomes any type', async () => {
    const schema = {
      fields: [field('id', int64), field('v', nullType), field('s', struct([field('x', int32), field('y', nullType)]))],
    }
    const table = await DeltaTable.createWith(session, newUri(), values(schema, [[1n, null, [2, null]]]))
    expect(await rowsIn(table)).toEqual([[1n, null, [2, null]]])
    const typed = await table.alterColumn('v', { type: string })
    expect(typed.schema.fields[1]).toEqual(field('v', string))
    expect(await rowsIn(typed)).toEqual([[1n, null, [2, null]]])
    const all = await DeltaTable.create(session, newUri(), { schema: { fields: [field('v', nullType)] } })
    await expect(all.append(values({ fields: [field('v', nullType)] }, [[null]]))).rejects.toMatchObject({
      code: 'DW-DELTA-0022',
    })
    const inList = await DeltaTable.create(session, newUri(), {
      schema: { fields: [field('id', int64), field('l', list(nullType))] },
    })
    await expect(inList.append(values({ fields: [field('id', int64)] }, [[1n]]))).rejects.toMatchObject({
      code: 'DW-DELTA-0022',
    })
  })
})

describe('dropping features', () => {
  const withVectors = async (): Promise<DeltaTable> => {
    const properties = { 'delta.enableDeletionVectors': 'true' }
    const table = await DeltaTable.createWith(session, newUri(), peopleOf([1, 'a'], [2, 'b'], [3, 'c']), { properties })
    return table.delete(col('id').eq(1))
  }

  it('D-54: deletion vectors are purged, the protocol loses them, and a protected checkpoint stands before old readers', async () => {
    const table = await (await withVectors()).dropFeature('deletionVectors')
    expect(features(table)).not.toContain('deletionVectors')
    expect(features(table)).toContain('checkpointProtection')
    expect([...table.snapshot.files.values()].every((file) => file.deletionVector === null)).toBe(true)
    expect(table.detail().properties).toEqual({
      'delta.requireCheckpointProtectionBeforeVersion': String(table.version),
    })
    const { checkpoints } = await listLog(table.location)
    expect(checkpoints.at(-1)!.version).toBe(table.version)
    expect(await rowsIn(await DeltaTable.open(session, table.uri))).toEqual([
      [2n, 'b'],
      [3n, 'c'],
    ])
  })

  it('D-54: with TRUNCATE HISTORY the versions that need it must be older than a day, and go', async () => {
    const table = await withVectors()
    await expect(table.dropFeature('deletionVectors', { truncateHistory: true })).rejects.toMatchObject({
      message: expect.stringContaining('younger than 24 hours'),
    })
    const later = Date.now() + 25 * 3_600_000
    const clean = await table.refresh()
    expect([...clean.snapshot.files.values()].every((file) => file.deletionVector === null)).toBe(true)
    const dropped = await clean.dropFeature('deletionVectors', { truncateHistory: true, nowMs: later })
    expect(features(dropped)).not.toContain('deletionVectors')
    expect(features(dropped)).not.toContain('checkpointProtection')
    expect((await listLog(dropped.location)).commits[0]!.version).toBeGreaterThan(1)
    expect(await rowsIn(dropped)).toHaveLength(2)
  })

  it('D-54: column mapping and type widening leave files with the table’s own names and types', async () => {
    const properties = { 'delta.columnMapping.mode': 'name', 'delta.enableTypeWidening': 'true' }
    let table = await DeltaTable.createWith(session, newUri(), values({ fields: [field('a', int32)] }, [[1]]), {
      properties,
    })
    table = await (await table.renameColumn('a', 'b')).alterColumn('b', { type: int64 })
    table = await (await table.dropFeature('typeWidening')).dropFeature('columnMapping')
    expect(table.schema.fields).toEqual([field('b', int64)])
    const [file] = [...table.snapshot.files.values()]
    expect((await readParquetSchema(table.location.store, `t/${file!.path}`)).fields).toEqual([field('b', int64)])
    expect(await rowsIn(table)).toEqual([[1n]])
  })

  it('D-54: what a user put there is not taken away unasked', async () => {
    const checked = await (
      await DeltaTable.createWith(session, newUri(), peopleOf([1, 'a']))
    ).addConstraint('c', 'id > 0')
    await expect(checked.dropFeature('checkConstraints')).rejects.toMatchObject({ code: 'DW-TABLE-0020' })
    await expect(checked.dropFeature('deletionVectors')).rejects.toMatchObject({ code: 'DW-TABLE-0020' })
    const dropped = await (await checked.dropConstraint('c')).dropFeature('checkConstraints')
    expect(features(dropped)).not.toContain('checkConstraints')
  })
})

describe('definitions over time', () => {
  it('D-38, D-57: REPLACE TABLE keeps id and history, and takes rows, schema and clustering in one commit', async () => {
    const table = await DeltaTable.createWith(session, newUri(), peopleOf([1, 'a']), { clusterBy: ['id'] })
    const replaced = await table.replace(values({ fields: [field('x', int32)] }, [[5], [6]]), { description: 'new' })
    expect([replaced.version, replaced.snapshot.metadata.id]).toEqual([1, table.snapshot.metadata.id])
    expect(replaced.detail()).toMatchObject({ clusteringColumns: [], description: 'new' })
    expect(await rowsIn(replaced)).toEqual([[5], [6]])
    expect(await rowsIn(await replaced.at({ version: 0 }))).toEqual([[1n, 'a']])
  })

  it('D-66: RESTORE does not give ids and identity values a second time', async () => {
    const properties = { 'delta.columnMapping.mode': 'name' }
    const schema = { fields: [field('id', int64, false, identityColumn()), field('name', string)] }
    const table = await DeltaTable.create(session, newUri(), { schema, properties })
    const names = values({ fields: [field('name', string)] }, [['a'], ['b']])
    const grown = await (await (await table.append(names)).addColumns([field('n', int32)])).append(names)
    const restored = await grown.restore({ version: 1 })
    expect(restored.detail().properties['delta.columnMapping.maxColumnId']).toBe('3')
    const after = await restored.append(names)
    expect((await rowsIn(after)).map(([id]) => id)).toEqual([1n, 2n, 5n, 6n])
  })

  it('D-43: SYNC IDENTITY goes behind values that writers gave themselves', async () => {
    const schema = {
      fields: [
        field('id', int64, false, identityColumn({ allowExplicitInsert: true, start: 10, step: 5 })),
        field('name', string),
      ],
    }
    const table = await DeltaTable.create(session, newUri(), { schema })
    const synced = await (await table.append(peopleOf([32, 'given']))).syncIdentity('id')
    const after = await synced.append(values({ fields: [field('name', string)] }, [['next']]))
    expect((await rowsIn(after)).map(([id]) => id)).toEqual([32n, 40n])
    await expect(after.syncIdentity('name')).rejects.toMatchObject({ code: 'DW-TABLE-0020' })
  })
})

describe('VACUUM', () => {
  it('D-23: checks what a table asks of writers, whoever may read it', async () => {
    const properties = { 'delta.feature.vacuumProtocolCheck': 'supported' }
    const table = await DeltaTable.createWith(session, newUri(), peopleOf([1, 'a']), { properties })
    expect(table.snapshot.protocol.readerFeatures).toEqual(['vacuumProtocolCheck'])
    expect((await table.vacuum({ dryRun: true })).paths).toEqual([])
    const { location, version, snapshot } = table
    const protocol = {
      minReaderVersion: 3,
      minWriterVersion: 7,
      readerFeatures: ['vacuumProtocolCheck'],
      writerFeatures: ['vacuumProtocolCheck', 'fromTheFuture'],
    }
    const path = `t/_delta_log/${String(version + 1).padStart(20, '0')}.json`
    await location.store.put(path, Buffer.from(JSON.stringify({ protocol })), 'create')
    const before = await location.store.list('t')
    expect(await rowsIn(await table.refresh())).toEqual([[1n, 'a']])
    await expect(table.vacuum({ retentionMs: 0, allowShortRetention: true })).rejects.toMatchObject({
      message: expect.stringContaining('"fromTheFuture"'),
    })
    expect(await location.store.list('t')).toEqual(before)
    expect(snapshot.version).toBe(0)
  })
})
