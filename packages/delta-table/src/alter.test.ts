import { col, lit } from '@deltaworks/expression'
import { readCommit } from '@deltaworks/delta-log'
import { scan, values, type DataFrame } from '@deltaworks/plan'
import {
  decimal,
  field,
  float64,
  int32,
  int64,
  int8,
  string,
  struct,
  type Schema,
  type Value,
} from '@deltaworks/schema'
import { DeltaTable } from './delta-table.js'
import { statisticsOf } from './file-statistics-source.js'
import { testSessions } from './test-sessions.js'
import { generatedAs } from './write/column-rules.js'

let tables = 0

describe.each(testSessions)('on the %s', (_, session) => {
  const newUri = (): string => `memory://alter-${tables++}/t`
  const rowsOf = async (table: DeltaTable): Promise<Value[][]> =>
    (await session.collect(scan(table.provider()).plan)).rows
      .map((r) => [...r])
      .sort((a, b) => Number(a[0] ?? -1) - Number(b[0] ?? -1))
  const schema: Schema = { fields: [field('id', int64), field('city', string), field('n', int32)] }
  const frame = (...of: readonly (readonly [number, string, number])[]): DataFrame =>
    values(
      schema,
      of.map(([id, city, n]): Value[] => [BigInt(id), city, n]),
    )
  const namesOf = (table: DeltaTable): string[] => table.schema.fields.map((f) => f.name)
  const dataFiles = async (table: DeltaTable): Promise<string[]> =>
    (await table.location.store.list(table.location.path)).map((o) => o.path).filter((p) => p.endsWith('.parquet'))

  describe.each(['name', 'id'])('column mapping by %s', (mode) => {
    const properties = { 'delta.columnMapping.mode': mode }

    it('D-31, D-32: new tables store columns under names of their own', async () => {
      const table = await DeltaTable.createWith(session, newUri(), frame([1, 'a', 1], [2, 'b', 2]), {
        partitionBy: ['city'],
        properties,
      })
      expect(table.snapshot.protocol).toMatchObject({ minReaderVersion: 2, minWriterVersion: 5 })
      expect(table.snapshot.metadata.configuration['delta.columnMapping.maxColumnId']).toBe('3')
      const physical = table.schema.fields.map((f) => f.metadata!['delta.columnMapping.physicalName'] as string)
      expect(physical.every((name) => /^col-[0-9a-f-]{36}$/.test(name))).toBe(true)
      const [file] = [...table.snapshot.files.values()]
      expect(Object.keys(file!.partitionValues)).toEqual([physical[1]])
      expect(statisticsOf(file!)!.column([physical[0]!], int64)).not.toBeNull()
      const evolved = await table.append(frame([3, 'c', 3]).withColumn('more', lit('x')), { mergeSchema: true })
      expect(evolved.schema.fields[3]!.metadata).toMatchObject({ 'delta.columnMapping.id': 4 })
      expect(await rowsOf(await DeltaTable.open(session, table.uri))).toEqual([
        [1n, 'a', 1, null],
        [2n, 'b', 2, null],
        [3n, 'c', 3, 'x'],
      ])
    })

    it('D-33: columns are renamed and dropped without a file written; a new one of an old name is new', async () => {
      let table = await DeltaTable.createWith(session, newUri(), frame([1, 'a', 1]), {
        partitionBy: ['city'],
        properties,
      })
      const before = await dataFiles(table)
      table = await table.renameColumn('city', 'town')
      table = await table.renameColumn('id', 'key')
      table = await table.dropColumns(['n'])
      expect(await dataFiles(table)).toEqual(before)
      expect(table.partitionColumns).toEqual(['town'])
      expect(await rowsOf(table)).toEqual([[1n, 'a']])
      table = await table.addColumns([field('n', int32)], { after: 'key' })
      expect(await rowsOf(table)).toEqual([[1n, null, 'a']])
      table = await table.update({ n: lit(5) }, null)
      table = await table.merge({
        source: values({ fields: [field('key', int64), field('n', int32), field('town', string)] }, [
          [1n, 6, 'b'],
          [2n, 7, 'c'],
        ]),
        on: ['key'],
        whenMatchedUpdate: {},
        whenNotMatchedInsert: {},
      })
      expect(await rowsOf(await DeltaTable.open(session, table.uri))).toEqual([
        [1n, 6, 'b'],
        [2n, 7, 'c'],
      ])
      expect(await rowsOf(await table.at({ version: 0 }))).toEqual([[1n, 'a', 1]])
    })
  })

  it('D-31: a table without mapping takes it on with its files as they are', async () => {
    const table = await DeltaTable.createWith(session, newUri(), frame([1, 'a', 1]))
    await expect(table.renameColumn('n', 'm')).rejects.toMatchObject({ code: 'DW-TABLE-0020' })
    const mapped = await table.setProperties({ 'delta.columnMapping.mode': 'name' })
    expect(mapped.snapshot.protocol.minReaderVersion).toBe(2)
    const renamed = await (
      await mapped.renameColumn('n', 'm')
    ).append(values({ fields: [field('id', int64), field('m', int32)] }, [[2n, 2]]))
    expect(await rowsOf(renamed)).toEqual([
      [1n, 'a', 1],
      [2n, null, 2],
    ])
    await expect(renamed.setProperties({ 'delta.columnMapping.mode': 'id' })).rejects.toMatchObject({
      code: 'DW-TABLE-0020',
    })
  })

  it('D-33: what constraints, generated columns and partitions use is not renamed or dropped under them', async () => {
    const properties = { 'delta.columnMapping.mode': 'name' }
    const fields = [...schema.fields, field('twice', int32, true, generatedAs('n * 2'))]
    let table = await DeltaTable.create(session, newUri(), { schema: { fields }, partitionBy: ['city'], properties })
    table = await table.addConstraint('positive', 'id > 0')
    for (const change of [
      table.renameColumn('id', 'x'),
      table.dropColumns(['n']),
      table.dropColumns(['city']),
      table.dropColumns(['nothing']),
      table.renameColumn('city', 'ID'),
    ]) {
      await expect(change).rejects.toMatchObject({ code: 'DW-TABLE-0020' })
    }
    expect(namesOf(await table.dropColumns(['twice']))).toEqual(['id', 'city', 'n'])
  })

  it('D-33: members of structs are renamed and dropped by path', async () => {
    const nested: Schema = { fields: [field('id', int64), field('s', struct([field('a', int32), field('b', string)]))] }
    let table = await DeltaTable.createWith(session, newUri(), values(nested, [[1n, [1, 'x']]]), {
      properties: { 'delta.columnMapping.mode': 'name' },
    })
    table = await table.renameColumn('s.a', 'first')
    expect(await rowsOf(table)).toEqual([[1n, [1, 'x']]])
    table = await table.dropColumns(['s.b'])
    table = await table.addColumns([field('c', int32)], { into: 's' })
    expect(await rowsOf(table)).toEqual([[1n, [1, null]]])
    await expect((await table.dropColumns(['s.c'])).dropColumns(['s.first'])).rejects.toMatchObject({
      code: 'DW-TABLE-0020',
    })
  })

  it('D-82: columns with places of their own are added in one commit', async () => {
    const table = await DeltaTable.createWith(session, newUri(), frame([1, 'a', 1]))
    const grown = await table.addPlacedColumns([
      { field: field('first', int32), first: true },
      { field: field('s', struct([field('a', int32)])), after: 'id' },
      { field: field('b', string), into: 's', first: true },
      { field: field('last', int32) },
    ])
    expect(grown.version).toBe(table.version + 1)
    expect(grown.schema.fields.map(({ name }) => name)).toEqual(['first', 'id', 's', 'city', 'n', 'last'])
    expect(grown.schema.fields[2]!.type).toMatchObject({ fields: [{ name: 'b' }, { name: 'a' }] })
    const together = await grown.addColumns([field('x', int32), field('y', int32)], { after: 'id' })
    expect(namesOf(together)).toEqual(['first', 'id', 'x', 'y', 's', 'city', 'n', 'last'])
  })

  it('D-82: properties, comments, defaults, nullability and order of columns change alone what they say', async () => {
    let table = await DeltaTable.createWith(session, newUri(), frame([1, 'a', 1]))
    table = await table.setProperties({ 'delta.logRetentionDuration': 'interval 3 days', owner: 'me' })
    expect(table.snapshot.metadata.configuration).toMatchObject({ owner: 'me' })
    expect((await table.setProperties({ owner: 'me' })).version).toBe(table.version)
    table = await table.unsetProperties(['owner'])
    expect(table.snapshot.metadata.configuration).toEqual({ 'delta.logRetentionDuration': 'interval 3 days' })
    await expect(table.unsetProperties(['owner'])).rejects.toMatchObject({ code: 'DW-TABLE-0020' })
    await expect(table.setProperties({ 'delta.nonsense': '1' })).rejects.toMatchObject({ code: 'DW-DELTA-0019' })
    table = await table.alterColumn('n', { comment: 'a number', nullable: false, first: true })
    expect(table.schema.fields[0]).toEqual({
      name: 'n',
      type: int32,
      nullable: false,
      metadata: { comment: 'a number' },
    })
    expect(await rowsOf(table)).toEqual([[1, 1n, 'a']])
    table = await table.alterColumn('city', { default: "'Wien'" })
    table = await table.append(values({ fields: [field('id', int64), field('n', int32)] }, [[2n, 2]]))
    expect((await rowsOf(table))[1]).toEqual([2, 2n, 'Wien'])
    table = await table.alterColumn('city', { default: null })
    table = await table.append(values({ fields: [field('n', int32)] }, [[3]]))
    expect((await rowsOf(table))[2]).toEqual([3, null, null])
    await expect(table.alterColumn('city', { nullable: false })).rejects.toMatchObject({ code: 'DW-TABLE-0004' })
    const history = await table.history()
    expect(history.map((e) => e.info?.operation)).toContain('CHANGE COLUMN')
    expect(history.map((e) => e.info?.operation)).toContain('UNSET TBLPROPERTIES')
  })

  it('D-29: types are widened without a file written, and both kinds of files are read', async () => {
    const narrow: Schema = {
      fields: [field('a', int8), field('b', int32), field('c', decimal(5, 2)), field('d', int32)],
    }
    const before = values(narrow, [[1, 2, 123n, 4]])
    let table = await DeltaTable.createWith(session, newUri(), before)
    await expect(table.alterColumn('a', { type: int64 })).rejects.toMatchObject({ code: 'DW-TABLE-0020' })
    table = await table.setProperties({ 'delta.enableTypeWidening': 'true' })
    table = await table.alterColumn('a', { type: int32 })
    table = await table.alterColumn('a', { type: int64 })
    table = await table.alterColumn('b', { type: float64 })
    table = await table.alterColumn('c', { type: decimal(10, 4) })
    table = await table.alterColumn('d', { type: decimal(12, 2) })
    expect(table.snapshot.protocol.readerFeatures).toContain('typeWidening')
    expect(table.schema.fields[0]!.metadata).toEqual({
      'delta.typeChanges': [
        { fromType: 'byte', toType: 'integer' },
        { fromType: 'integer', toType: 'long' },
      ],
    })
    for (const type of [string, int32, decimal(18, 0)]) {
      await expect(table.alterColumn('a', { type })).rejects.toMatchObject({ code: 'DW-TABLE-0020' })
    }
    const wide = values({ fields: table.schema.fields.map(({ name, type }) => field(name, type)) }, [
      [10n ** 12n, 2.5, 12_345n, 150n],
    ])
    table = await table.append(wide)
    const expected = [
      [1n, 2, 12_300n, 400n],
      [10n ** 12n, 2.5, 12_345n, 150n],
    ]
    expect(await rowsOf(table)).toEqual(expected)
    expect(await rowsOf(await table.optimize())).toEqual(expected)
  })

  it('D-50: domains of metadata are set, read, and removed; those of the protocol are not ours', async () => {
    let table = await DeltaTable.createWith(session, newUri(), frame([1, 'a', 1]))
    table = await table.setDomainMetadata('me.app', '{"x":1}')
    expect(table.snapshot.protocol.writerFeatures).toEqual(['domainMetadata', 'appendOnly', 'invariants'])
    expect([...(await table.refresh()).domainMetadata]).toEqual([['me.app', '{"x":1}']])
    await table.checkpoint()
    expect([...(await DeltaTable.open(session, table.uri)).domainMetadata]).toEqual([['me.app', '{"x":1}']])
    const other = await table.setDomainMetadata('other', 'o')
    await expect(table.setDomainMetadata('other', 'p')).rejects.toMatchObject({ code: 'DW-DELTA-0016' })
    expect([...(await other.setDomainMetadata('me.app', null)).domainMetadata.keys()]).toEqual(['other'])
    await expect(table.setDomainMetadata('delta.mine', '')).rejects.toMatchObject({ code: 'DW-TABLE-0020' })
  })

  it('D-22: in-commit timestamps that come later say from which version on they hold', async () => {
    let table = await DeltaTable.createWith(session, newUri(), frame([1, 'a', 1]), { nowMs: 1000 })
    table = await table.append(frame([2, 'b', 2]), { nowMs: 2000 })
    table = await table.setProperties({ 'delta.enableInCommitTimestamps': 'true' }, { nowMs: 5_000_000_000_000 })
    expect(table.snapshot.metadata.configuration).toMatchObject({
      'delta.inCommitTimestampEnablementVersion': '2',
      'delta.inCommitTimestampEnablementTimestamp': '5000000000000',
    })
    table = await table.append(frame([3, 'c', 3]), { nowMs: 4_000_000_000_000 })
    expect(table.timestampMs).toBe(5_000_000_000_001)
    expect((await table.at({ timestampMs: 5_000_000_000_000 })).version).toBe(2)
  })

  it('D-49: files get row ids from a mark that racing writers share; ids that come later cover the files that are there', async () => {
    const table = await DeltaTable.createWith(session, newUri(), frame([1, 'a', 1], [2, 'b', 2]))
    const tracked = await table.setProperties({ 'delta.enableRowTracking': 'true' })
    expect(tracked.snapshot.protocol.writerFeatures).toEqual(expect.arrayContaining(['rowTracking', 'domainMetadata']))
    await Promise.all([
      tracked.append(frame([3, 'c', 3], [4, 'd', 4], [5, 'e', 5])),
      tracked.append(frame([6, 'f', 6])),
    ])
    const latest = await tracked.refresh()
    const ranges = [...latest.snapshot.files.values()]
      .map((file) => [file.baseRowId!, file.baseRowId! + statisticsOf(file)!.rowCount!, file.defaultRowCommitVersion!])
      .sort((a, b) => a[0]! - b[0]!)
    expect(ranges.map(([from]) => from)).toEqual([0, ...ranges.slice(0, -1).map(([, to]) => to)])
    expect(ranges.at(-1)![1]).toBe(6)
    expect(ranges.map(([, , version]) => version).sort()).toEqual([1, 2, 3])
    expect(JSON.parse(latest.domainMetadata.get('delta.rowTracking')!)).toEqual({ rowIdHighWaterMark: 5 })
    const info = (await readCommit(latest.location, latest.version)).find((action) => action.kind === 'commitInfo')
    expect(info?.tags).toEqual({ 'delta.rowTracking.preserved': 'true' })
    expect(col('id')).toBeDefined()
  })
})
