import { col, lit } from '@deltaworks/expression'
import { scan, values, type DataFrame } from '@deltaworks/plan'
import { date, field, int32, int64, string, timestamp, type Schema, type Value } from '@deltaworks/schema'
import { DeltaTable } from './delta-table.js'
import { testSessions } from './test-sessions.js'
import { defaultsTo, generatedAs, identityColumn } from './write/column-rules.js'

let tables = 0

describe.each(testSessions)('on the %s', (_, session) => {
  const newUri = (): string => `memory://writer-features-${tables++}/t`
  const rows = async (table: DeltaTable): Promise<Value[][]> =>
    (await session.collect(scan(table.provider()).plan)).rows
      .map((r) => [...r])
      .sort((a, b) => Number(a[0] ?? -1) - Number(b[0] ?? -1))
  const ids: Schema = { fields: [field('id', int64), field('name', string)] }
  const people = (...of: readonly (readonly [number | null, string | null])[]): DataFrame =>
    values(
      ids,
      of.map(([id, name]): Value[] => [id === null ? null : BigInt(id), name]),
    )

  it('D-40: a CHECK constraint is validated when added, enforced by every verb, and dropped', async () => {
    const created = await DeltaTable.createWith(session, newUri(), people([1, 'a'], [2, 'b']))
    await expect(created.addConstraint('small', 'id < 2')).rejects.toMatchObject({
      code: 'DW-TABLE-0016',
      details: { constraint: 'small', row: ['id = 2', 'name = b'] },
    })
    const table = await created.addConstraint('small', '`id` < 10 AND name <> "bad"')
    expect(table.snapshot.protocol.minWriterVersion).toBe(3)
    expect(table.snapshot.metadata.configuration).toEqual({ 'delta.constraints.small': '`id` < 10 AND name <> "bad"' })
    const broken = { code: 'DW-TABLE-0016', details: { kind: 'CHECK constraint', constraint: 'small' } }
    await expect(table.append(people([3, 'ok'], [11, 'x']))).rejects.toMatchObject(broken)
    await expect(table.append(people([null, 'null is not true']))).rejects.toMatchObject(broken)
    await expect(table.overwrite(people([12, 'x']))).rejects.toMatchObject(broken)
    await expect(table.overwrite(people([1, 'bad']), { replaceWhere: col('id').eq(1) })).rejects.toMatchObject(broken)
    await expect(table.update({ name: lit('bad') }, col('id').eq(1))).rejects.toMatchObject(broken)
    await expect(table.merge({ source: people([1, 'bad']), on: ['id'], whenMatchedUpdate: {} })).rejects.toMatchObject(
      broken,
    )
    await expect(
      table.merge({ source: people([30, 'c']), on: ['id'], whenNotMatchedInsert: {} }),
    ).rejects.toMatchObject(broken)
    const listed = await table.location.store.list(table.location.path, { recursive: true })
    expect(listed.filter((o) => o.path.endsWith('.parquet'))).toHaveLength(1)
    const grown = await table.append(people([3, 'ok']))
    expect(await rows(grown)).toEqual([
      [1n, 'a'],
      [2n, 'b'],
      [3n, 'ok'],
    ])
    const free = await (await grown.dropConstraint('SMALL')).append(people([11, 'bad']))
    expect(await rows(free)).toHaveLength(4)
    await expect(free.dropConstraint('small')).rejects.toMatchObject({ code: 'DW-TABLE-0020' })
    expect((await free.dropConstraint('small', { ifExists: true })).version).toBe(free.version)
  })

  it('D-39: column invariants are enforced', async () => {
    const invariant = { 'delta.invariants': JSON.stringify({ expression: { expression: 'x > 3' } }) }
    const schema: Schema = { fields: [field('x', int32, true, invariant)] }
    const table = await DeltaTable.create(session, newUri(), { schema })
    const of = (x: number | null): DataFrame => values({ fields: [field('x', int32)] }, [[x]])
    const broken = { code: 'DW-TABLE-0016', details: { kind: 'column invariant', constraint: 'x' } }
    await expect(table.append(of(3))).rejects.toMatchObject(broken)
    await expect(table.append(of(null))).rejects.toMatchObject(broken)
    expect(await rows(await table.append(of(4)))).toEqual([[4]])
  })

  it('D-36: a column that Spark declared as varchar(n) or char(n) takes no longer text', async () => {
    const limit = { __CHAR_VARCHAR_TYPE_STRING: 'varchar(4)' }
    const schema: Schema = { fields: [field('id', int64), field('name', string, true, limit)] }
    const table = await DeltaTable.createWith(session, newUri(), people([1, 'éééé']), { schema })
    await expect(table.append(people([2, 'abcde']))).rejects.toMatchObject({
      code: 'DW-TABLE-0016',
      details: { kind: 'length of column', constraint: 'name' },
    })
    expect(await rows(await table.append(people([2, null])))).toEqual([
      [1n, 'éééé'],
      [2n, null],
    ])
  })

  it('D-41: generated columns are computed, checked when given, and follow updates and merges', async () => {
    const schema: Schema = {
      fields: [
        field('id', int64),
        field('at', timestamp),
        field('day', date, true, generatedAs('CAST(at AS DATE)')),
        field('twice', int64, true, generatedAs('id * 2')),
      ],
    }
    const source: Schema = { fields: [field('id', int64), field('at', timestamp)] }
    const dayMicros = 86_400_000_000n
    const of = (id: number, day: number): Value[] => [BigInt(id), BigInt(day) * dayMicros + 5n]
    const table = await DeltaTable.createWith(session, newUri(), values(source, [of(1, 10), [2n, null]]), {
      schema,
      partitionBy: ['day'],
    })
    expect(table.snapshot.protocol.minWriterVersion).toBe(4)
    expect(await rows(table)).toEqual([
      [1n, 10n * dayMicros + 5n, 10, 2n],
      [2n, null, null, 4n],
    ])
    const wrong = values({ fields: [...source.fields, field('twice', int64)] }, [[...of(3, 1), 7n]])
    await expect(table.append(wrong)).rejects.toMatchObject({
      code: 'DW-TABLE-0016',
      details: { kind: 'generated column', constraint: 'twice' },
    })
    const updated = await table.update({ id: col('id').add(10) }, col('id').eq(1))
    expect((await rows(updated)).at(-1)).toEqual([11n, 10n * dayMicros + 5n, 10, 22n])
    const merged = await updated.merge({
      source: values(source, [of(2, 20), of(5, 50)]),
      on: ['id'],
      whenMatchedUpdate: {},
      whenNotMatchedInsert: {},
    })
    expect(await rows(merged)).toEqual([
      [2n, 20n * dayMicros + 5n, 20, 4n],
      [5n, 50n * dayMicros + 5n, 50, 10n],
      [11n, 10n * dayMicros + 5n, 10, 22n],
    ])
  })

  it('D-42: a column that rows lack takes its default, a null that they have stays', async () => {
    const schema: Schema = {
      fields: [
        field('id', int64),
        field('name', string, true, defaultsTo("concat('no', 'body')")),
        field('n', int32, false, defaultsTo('7')),
      ],
    }
    const onlyId = (id: number): DataFrame => values({ fields: [field('id', int64)] }, [[BigInt(id)]])
    let table = await DeltaTable.createWith(session, newUri(), onlyId(1), { schema })
    expect(table.snapshot.protocol.writerFeatures).toContain('allowColumnDefaults')
    table = await table.append(people([2, null]))
    table = await table.merge({ source: onlyId(3), on: ['id'], whenNotMatchedInsert: {} })
    expect(await rows(table)).toEqual([
      [1n, 'nobody', 7],
      [2n, null, 7],
      [3n, 'nobody', 7],
    ])
  })

  it('D-43: identity values are unique, also of writers that race, and their mark is kept', async () => {
    const schema: Schema = {
      fields: [field('key', int64, false, identityColumn({ start: 100, step: 10 })), field('name', string)],
    }
    const names = (...of: string[]): DataFrame =>
      values(
        { fields: [field('name', string)] },
        of.map((n) => [n]),
      )
    const table = await DeltaTable.createWith(session, newUri(), names('a', 'b'), { schema })
    expect(table.snapshot.protocol.minWriterVersion).toBe(6)
    expect((await rows(table)).map((r) => r[0])).toEqual([100n, 110n])
    expect(table.schema.fields[0]!.metadata).toMatchObject({ 'delta.identity.highWaterMark': 110 })
    await Promise.all([table.append(names('c')), table.append(names('d', 'e')), table.append(names('f'))])
    const latest = await table.refresh()
    expect((await rows(latest)).map((r) => r[0])).toEqual([100n, 110n, 120n, 130n, 140n, 150n])
    const given = values({ fields: [field('key', int64), field('name', string)] }, [[5n, 'x']])
    await expect(latest.append(given)).rejects.toMatchObject({ code: 'DW-TABLE-0019' })
    await expect(latest.update({ key: lit(1n) }, null)).rejects.toMatchObject({ code: 'DW-TABLE-0019' })
    const merged = await latest.merge({ source: names('a', 'z'), on: ['name'], whenNotMatchedInsert: {} })
    expect((await rows(merged)).at(-1)).toEqual([160n, 'z'])
    expect(merged.schema.fields[0]!.metadata).toMatchObject({ 'delta.identity.highWaterMark': 160 })
  })

  it('D-43: GENERATED BY DEFAULT takes values that are given', async () => {
    const schema: Schema = {
      fields: [
        field('key', int64, true, identityColumn({ step: -1, allowExplicitInsert: true })),
        field('name', string),
      ],
    }
    const names = values({ fields: [field('name', string)] }, [['a'], ['b']])
    const given = values({ fields: [field('key', int64), field('name', string)] }, [[50n, 'x']])
    let table = await DeltaTable.createWith(session, newUri(), names, { schema })
    table = await (await table.append(given)).append(names)
    expect((await rows(table)).map((r) => r[0])).toEqual([-2n, -1n, 0n, 1n, 50n])
  })

  it('D-41: an expression that we cannot evaluate is refused by name before anything is written', async () => {
    const schema: Schema = {
      fields: [field('id', int64), field('x', int64, true, generatedAs('no_such_function(id)'))],
    }
    await expect(DeltaTable.create(session, newUri(), { schema })).rejects.toMatchObject({
      code: 'DW-TABLE-0017',
      details: { what: 'generation expression of column x' },
    })
  })

  it('D-44: an append-only table takes appends, and rearrangement, alone', async () => {
    const properties = { 'delta.appendOnly': 'true' }
    let table = await DeltaTable.createWith(session, newUri(), people([1, 'a']), { properties })
    table = await table.append(people([2, 'b']))
    await expect(table.overwrite(people([3, 'c']))).rejects.toMatchObject({ code: 'DW-DELTA-0017' })
    await expect(table.delete(null)).rejects.toMatchObject({ code: 'DW-DELTA-0017' })
    expect((await table.optimize()).snapshot.files.size).toBe(1)
  })
})
