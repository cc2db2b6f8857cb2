import fc from 'fast-check'
import { col, lit } from '@deltaworks/expression'
import { readCommit } from '@deltaworks/delta-log'
import { scan, values, type DataFrame } from '@deltaworks/plan'
import { field, int64, string, type Schema, type Value } from '@deltaworks/schema'
import { DeltaTable } from './delta-table.js'
import { testSessions } from './test-sessions.js'
import { identityColumn } from './write/column-rules.js'

let tables = 0

describe.each(testSessions)('on the %s', (_, session) => {
  const newUri = (): string => `memory://change-data-${tables++}/t`
  const schema: Schema = { fields: [field('k', int64), field('v', string)] }
  type Row = readonly [k: number, v: string]
  const frame = (rows: readonly Row[]): DataFrame =>
    values(
      schema,
      rows.map(([k, v]): Value[] => [BigInt(k), v]),
    )
  const rowsOf = async (table: DeltaTable): Promise<string[]> =>
    (await session.collect(scan(table.provider()).plan)).rows.map((r) => r.join(' ')).sort()
  const changesAt = async (table: DeltaTable, version = table.version): Promise<string[]> => {
    const { rows } = await session.collect(await table.changes({ from: { version }, to: { version } }))
    return rows.map((r) => r.slice(0, -2).join(' ')).sort()
  }
  const create = (rows: readonly Row[], vectors = false, partitionBy: readonly string[] = []): Promise<DeltaTable> =>
    DeltaTable.createWith(session, newUri(), frame(rows), {
      partitionBy,
      properties: {
        'delta.enableChangeDataFeed': 'true',
        ...(vectors && { 'delta.enableDeletionVectors': 'true' }),
      },
    })
  const hasChangeFiles = async (table: DeltaTable): Promise<boolean> =>
    (await readCommit(table.location, table.version)).some((action) => action.kind === 'cdc')

  describe.each([
    ['written again', false],
    ['marked by deletion vectors', true],
  ])('rows %s', (__, vectors) => {
    it('D-48: UPDATE records each row before and after', async () => {
      const table = await create(
        [
          [1, 'a'],
          [2, 'b'],
          [3, 'c'],
          [4, 'd'],
        ],
        vectors,
      )
      const updated = await table.update({ v: lit('x') }, col('k').eq(2))
      expect(await changesAt(updated)).toEqual(['2 b update_preimage', '2 x update_postimage'])
      expect(await rowsOf(updated)).toEqual(['1 a', '2 x', '3 c', '4 d'])
    })

    it('D-48: DELETE records the rows that go, and writes no change file if whole files do', async () => {
      const table = await (
        await create(
          [
            [1, 'a'],
            [2, 'b'],
            [3, 'c'],
          ],
          vectors,
        )
      ).append(frame([[4, 'd']]))
      const deleted = await table.delete(col('k').eq(2).or(col('k').eq(4)))
      expect(await changesAt(deleted)).toEqual(['2 b delete', '4 d delete'])
      expect(await hasChangeFiles(deleted)).toBe(!vectors)
      const emptied = await deleted.delete(null)
      expect(await changesAt(emptied)).toEqual(['1 a delete', '3 c delete'])
      expect(await hasChangeFiles(emptied)).toBe(false)
    })

    it('D-48: MERGE records what each clause does', async () => {
      const table = await create(
        [
          [1, 'a'],
          [2, 'b'],
          [3, 'c'],
          [4, 'd'],
          [5, 'e'],
        ],
        vectors,
      )
      const merged = await table.merge({
        source: frame([
          [1, 'del'],
          [2, 'upd'],
          [9, 'new'],
        ]),
        on: ['k'],
        whenMatchedDelete: { condition: col('v', 'source').eq('del') },
        whenMatchedUpdate: {},
        whenNotMatchedInsert: {},
        whenNotMatchedBySourceDelete: { condition: col('k', 'target').eq(5) },
        whenNotMatchedBySourceUpdate: { condition: col('k', 'target').eq(4), set: { v: lit('four') } },
      })
      expect(await rowsOf(merged)).toEqual(['2 upd', '3 c', '4 four', '9 new'])
      expect(await changesAt(merged)).toEqual([
        '1 a delete',
        '2 b update_preimage',
        '2 upd update_postimage',
        '4 d update_preimage',
        '4 four update_postimage',
        '5 e delete',
        '9 new insert',
      ])
      const inserted = await merged.merge({ source: frame([[10, 'z']]), on: ['k'], whenNotMatchedInsert: {} })
      expect(await changesAt(inserted)).toEqual(['10 z insert'])
      expect(await hasChangeFiles(inserted)).toBe(false)
    })

    it('D-48: a row that several source rows delete is deleted once', async () => {
      const table = await create(
        [
          [1, 'a'],
          [2, 'b'],
          [3, 'c'],
        ],
        vectors,
      )
      const merged = await table.merge({
        source: frame([
          [1, 'x'],
          [1, 'y'],
        ]),
        on: ['k'],
        whenMatchedDelete: {},
      })
      expect(await changesAt(merged)).toEqual(['1 a delete'])
    })
  })

  it('D-48: replaceWhere within files records what went and what came', async () => {
    const table = await create([
      [1, 'a'],
      [2, 'b'],
      [3, 'c'],
    ])
    const replaced = await table.overwrite(
      frame([
        [2, 'B'],
        [2, 'BB'],
      ]),
      { replaceWhere: col('k').eq(2) },
    )
    expect(await changesAt(replaced)).toEqual(['2 B insert', '2 BB insert', '2 b delete'])
  })

  it('D-48: change files of partitioned tables are in folders of their own, and VACUUM knows them', async () => {
    const table = await create(
      [
        [1, 'a'],
        [2, 'a'],
        [3, 'b'],
      ],
      false,
      ['v'],
    )
    const updated = await table.update({ v: lit('z') }, col('k').eq(1))
    expect(await changesAt(updated)).toEqual(['1 a update_preimage', '1 z update_postimage'])
    const cdc = (await readCommit(updated.location, updated.version)).filter((action) => action.kind === 'cdc')
    expect(cdc.map((action) => action.path.split('/').slice(0, 2).join('/')).sort()).toEqual([
      '_change_data/v=a',
      '_change_data/v=z',
    ])
    const vacuumed = await updated.vacuum({ retentionMs: 0, allowShortRetention: true, nowMs: Date.now() + 60_000 })
    expect(vacuumed.paths.filter((path) => path.startsWith('_change_data/'))).toHaveLength(2)
  })

  it('D-48, D-43: identity values of a merge are the same in rows and changes', async () => {
    const withKey: Schema = { fields: [field('id', int64, false, identityColumn()), field('v', string)] }
    const source = (...of: string[]): DataFrame =>
      values(
        { fields: [field('v', string)] },
        of.map((v) => [v]),
      )
    const table = await DeltaTable.createWith(session, newUri(), source('a', 'b'), {
      schema: withKey,
      properties: { 'delta.enableChangeDataFeed': 'true' },
    })
    const merged = await table.merge({
      source: source('a', 'c', 'd'),
      on: ['v'],
      whenMatchedDelete: {},
      whenNotMatchedInsert: {},
    })
    const inserts = (await changesAt(merged)).filter((line) => line.endsWith('insert'))
    const rows = (await rowsOf(merged)).filter((line) => !line.endsWith('b'))
    expect(inserts).toEqual(rows.map((line) => `${line} insert`))
  })

  it('D-48: the changes of random writes are the difference of the versions', async () => {
    const step = fc.oneof(
      fc.record({ verb: fc.constant('update' as const), below: fc.integer({ min: 0, max: 12 }) }),
      fc.record({ verb: fc.constant('delete' as const), below: fc.integer({ min: 0, max: 6 }) }),
      fc.record({ verb: fc.constant('append' as const), below: fc.integer({ min: 0, max: 12 }) }),
      fc.record({ verb: fc.constant('merge' as const), below: fc.integer({ min: 0, max: 12 }) }),
    )
    await fc.assert(
      fc.asyncProperty(fc.boolean(), fc.array(step, { minLength: 1, maxLength: 5 }), async (vectors, steps) => {
        let table = await create(
          Array.from({ length: 10 }, (___, i): Row => [i, `r${i}`]),
          vectors,
        )
        let n = 0
        for (const { verb, below } of steps) {
          const before = await rowsOf(table)
          const at = table.version
          if (verb === 'update') table = await table.update({ v: lit(`u${n++}`) }, col('k').lt(below))
          else if (verb === 'delete') table = await table.delete(col('k').lt(below))
          else if (verb === 'append') table = await table.append(frame([[below, `a${n++}`]]))
          else {
            const source = frame([
              [below, `m${n++}`],
              [below + 100 + n, 'i'],
            ])
            table = await table.merge({
              source,
              on: ['k'],
              whenMatchedDelete: { condition: col('k', 'target').mod(2).eq(0) },
              whenMatchedUpdate: {},
              whenNotMatchedInsert: {},
            })
          }
          if (table.version === at) continue
          const changes = await changesAt(table)
          const of = (...types: string[]): string[] =>
            changes.flatMap((line) => {
              const [k, v, type] = line.split(' ')
              return types.includes(type!) ? [`${k} ${v}`] : []
            })
          const after = [...before]
          for (const gone of of('delete', 'update_preimage')) after.splice(after.indexOf(gone), 1)
          expect([...after, ...of('insert', 'update_postimage')].sort()).toEqual(await rowsOf(table))
        }
      }),
      { numRuns: 12 },
    )
  })
})
