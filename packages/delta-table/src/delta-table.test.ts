import { col, fn, lit } from '@deltaworks/expression'
import { scan, values, type DataFrame, type TableProvider } from '@deltaworks/plan'
import {
  boolean,
  date,
  decimal,
  field,
  int32,
  int64,
  string,
  timestamp,
  type Schema,
  type Value,
} from '@deltaworks/schema'
import { readCommit } from '@deltaworks/delta-log'
import { joinPath } from '@deltaworks/storage'
import { DeltaTable } from './delta-table.js'
import { testSessions } from './test-sessions.js'

let tables = 0

describe.each(testSessions)('on the %s', (_, session) => {
  const newUri = (): string => `memory://delta-table-${tables++}/lake/t`

  const schema: Schema = {
    fields: [field('id', int64, false), field('city', string), field('amount', decimal(12, 2)), field('day', date)],
  }
  const rowsOf = (...rows: readonly (readonly Value[])[]): DataFrame => values(schema, rows)
  const row = (id: number, city: string | null = 'a', amount = 100n, day = 0): readonly Value[] => [
    BigInt(id),
    city,
    amount,
    day,
  ]
  const read = async (table: DeltaTable): Promise<Value[][]> => {
    const { rows } = await session.collect(scan(table.provider()).plan)
    return rows.map((r) => [...r]).sort((a, b) => Number(a[0]) - Number(b[0]))
  }
  const ids = async (table: DeltaTable): Promise<number[]> => (await read(table)).map((r) => Number(r[0]))

  describe('create and append', () => {
    it('D-57, D-58: a new table and its first rows are one commit', async () => {
      const table = await DeltaTable.createWith(session, newUri(), rowsOf(row(1), row(2, null)), { description: 'd' })
      expect(table.version).toBe(0)
      expect(await read(table)).toEqual([[...row(1)], [...row(2, null)]])
      expect(table.lastWrite).toMatchObject({ rowsWritten: 2, filesWritten: 1, committed: true })
      expect(table.snapshot.protocol).toMatchObject({ minReaderVersion: 1, minWriterVersion: 2, readerFeatures: null })
      const opened = await DeltaTable.open(session, table.uri)
      expect(opened.schema).toEqual(schema)
      expect(await read(opened)).toEqual(await read(table))
      await expect(DeltaTable.createWith(session, table.uri, rowsOf())).rejects.toMatchObject({ code: 'DW-TABLE-0011' })
    })

    it('D-20: append, and read at each version', async () => {
      const first = await DeltaTable.createWith(session, newUri(), rowsOf(row(1)))
      const second = await first.append(rowsOf(row(2)))
      expect(await ids(await DeltaTable.open(session, first.uri, { version: 0 }))).toEqual([1])
      expect(await ids(second)).toEqual([1, 2])
      expect(await ids(first)).toEqual([1])
      expect((await first.refresh()).version).toBe(1)
      expect(await DeltaTable.openIfExists(session, newUri())).toBeNull()
    })

    it('D-34: partitions by every kind of value, special ones included', async () => {
      const special = [
        'São Paulo/Zürich',
        'a=b c%20d',
        null,
        "it's {x}[y]^:*?",
        ' ',
        '名前',
        '+&;,@$',
        '"quoted"\\',
        '#1',
      ]
      const table = await DeltaTable.createWith(
        session,
        newUri(),
        rowsOf(...special.map((s, i) => row(i, s, BigInt(i), i))),
        {
          partitionBy: ['city', 'day'],
        },
      )
      const opened = await DeltaTable.open(session, table.uri)
      expect((await read(opened)).map((r) => r[1])).toEqual(special)
      expect((await read(opened)).map((r) => r[3])).toEqual(special.map((_, i) => i))
      const provider = opened.provider()
      const filter = scan(provider).filter(col('city').eq(lit('名前')))
      const { rows } = await session.collect(filter.plan)
      expect(rows).toHaveLength(1)
    })

    it('D-36: refuses rows that do not fit, naming the column, and leaves nothing behind', async () => {
      const table = await DeltaTable.createWith(session, newUri(), rowsOf(row(1)), { schema })
      const before = await table.location.store.list('')
      const extra = values({ fields: [...schema.fields, field('note', string)] }, [[...row(2), 'x']])
      await expect(table.append(extra)).rejects.toMatchObject({
        code: 'DW-TABLE-0001',
        message: expect.stringContaining('note'),
      })
      const wrong = values({ fields: [field('id', string)] }, [['x']])
      await expect(table.append(wrong)).rejects.toMatchObject({
        code: 'DW-TABLE-0003',
        message: expect.stringContaining('id'),
      })
      const missing = values({ fields: [field('city', string)] }, [['x']])
      await expect(table.append(missing)).rejects.toMatchObject({ code: 'DW-TABLE-0002' })
      const nulls = values({ fields: [field('id', int64)] }, [[null], [1n]])
      await expect(table.append(nulls)).rejects.toMatchObject({ code: 'DW-TABLE-0004', details: { count: 1 } })
      expect(await table.location.store.list('')).toEqual(before)
    })

    it('D-36: widens without loss, fills missing columns with null', async () => {
      const table = await DeltaTable.createWith(session, newUri(), rowsOf(row(1)), { schema })
      const narrow = values({ fields: [field('ID', int32), field('amount', int32)] }, [[7, 5]])
      expect((await read(await table.append(narrow)))[1]).toEqual([7n, null, 500n, null])
    })

    it('D-37: mergeSchema adds columns behind the others', async () => {
      const table = await DeltaTable.createWith(session, newUri(), rowsOf(row(1)))
      const extra = values({ fields: [field('id', int64), field('note', string)] }, [[2n, 'x']])
      const evolved = await table.append(extra, { mergeSchema: true })
      expect(evolved.schema.fields.map((f) => f.name)).toEqual(['id', 'city', 'amount', 'day', 'note'])
      expect(await read(evolved)).toEqual([
        [...row(1), null],
        [2n, null, null, null, 'x'],
      ])
    })

    it('D-10: a repeated write is skipped', async () => {
      const appTransactions = [{ appId: 'load', version: 7 }]
      const table = await DeltaTable.createWith(session, newUri(), rowsOf(row(1)))
      const once = await table.append(rowsOf(row(2)), { appTransactions })
      const twice = await once.append(rowsOf(row(2)), { appTransactions, skipIfCommitted: true })
      expect(twice.version).toBe(once.version)
      expect(twice.lastWrite.committed).toBe(false)
      expect(twice.appTransactions.get('load')).toBe(7)
    })

    it('D-22: in-commit timestamps and their protocol, when the definition asks for them', async () => {
      const table = await DeltaTable.createWith(session, newUri(), rowsOf(row(1)), {
        properties: { 'delta.enableInCommitTimestamps': 'true' },
        nowMs: 1000,
      })
      expect(table.snapshot.protocol.writerFeatures).toContain('inCommitTimestamp')
      expect((await table.append(rowsOf(row(2)), { nowMs: 900 })).timestampMs).toBe(1001)
    })

    it('D-87: random prefixes instead of folders of partitions; VACUUM leaves them', async () => {
      const uri = newUri()
      const properties = { 'delta.randomizeFilePrefixes': 'true', 'delta.randomPrefixLength': '4' }
      const settings = { partitionBy: ['city'], properties }
      let table = await DeltaTable.createWith(session, uri, rowsOf(row(1, 'a'), row(2, 'b')), settings)
      table = await table.append(rowsOf(row(3, 'a')))
      const paths = [...table.snapshot.files.values()].map(({ path }) => path)
      expect(paths).toHaveLength(3)
      for (const path of paths) expect(path).toMatch(/^[A-Za-z0-9]{4}\/part-[^/]*$/)
      await table.vacuum()
      expect(await ids(await table.refresh())).toEqual([1, 2, 3])
      const wrong = { properties: { ...properties, 'delta.randomPrefixLength': 'long' } }
      await expect(DeltaTable.createWith(session, newUri(), rowsOf(), wrong)).rejects.toMatchObject({ fault: 'usage' })
    })

    it('D-87: data pages of version 2, compressed as the table asks', async () => {
      const flags = values({ fields: [field('flag', boolean)] }, [[true], [false]])
      const firstPage = async (properties: Readonly<Record<string, string>>) => {
        const table = await DeltaTable.createWith(session, newUri(), flags, { properties })
        const [file] = [...table.snapshot.files.values()]
        // Behind the magic: the type of the first page, zigzag.
        return (await table.location.store.get(joinPath(table.location.path, file!.path)))[5]
      }
      expect(await firstPage({ 'delta.parquet.format.version': '1.0.0' })).toBe(0)
      expect(await firstPage({ 'delta.parquet.format.version': '2.0.0' })).toBe(6)
    })

    it('D-87: unknown table properties are refused', async () => {
      const options = { properties: { 'delta.appendonly': 'true' } }
      await expect(DeltaTable.createWith(session, newUri(), rowsOf(), options)).rejects.toMatchObject({
        code: 'DW-DELTA-0019',
      })
    })
  })

  describe('pruning', () => {
    it('D-35: files are left out by their statistics and partitions', async () => {
      let table = await DeltaTable.createWith(session, newUri(), rowsOf(row(1, 'a'), row(2, 'b')), {
        partitionBy: ['city'],
      })
      table = await table.append(rowsOf(row(10, 'a'), row(20, 'b')))
      const files = async (frame: DataFrame): Promise<[number, number]> => {
        const { plan } = frame
        if (plan.kind !== 'filter' || plan.input.kind !== 'scan') throw new Error(plan.kind)
        const result = await table.provider().scan({ projection: [0], filters: [plan.predicate], fetch: null })
        return [result.splits.length, result.filesPruned]
      }
      const all = scan(table.provider())
      expect(await files(all.filter(col('city').eq('a')))).toEqual([2, 2])
      expect(await files(all.filter(col('city').eq('a').and(col('id').gt(5))))).toEqual([1, 3])
      expect(await files(all.filter(col('id').gt(100)))).toEqual([0, 4])
      expect(await files(all.filter(col('city').isNull()))).toEqual([0, 4])
    })
  })

  describe('audit', () => {
    it('Q-04: sees what is written before it is committed, and stops it', async () => {
      const uri = newUri()
      const seen: number[] = []
      const audit = (limit: number) => async (provider: TableProvider) => {
        const { rows } = await session.collect(scan(provider).plan)
        seen.push(rows.length)
        if (rows.length > limit) throw new Error('too many')
      }
      await expect(DeltaTable.createWith(session, uri, rowsOf(row(1), row(2)), { audit: audit(1) })).rejects.toThrow(
        'too many',
      )
      expect(await DeltaTable.exists(uri)).toBe(false)
      const table = await DeltaTable.createWith(session, uri, rowsOf(row(1), row(2)), { audit: audit(2) })
      await expect(table.overwrite(rowsOf(row(3), row(4), row(5)), { audit: audit(2) })).rejects.toThrow('too many')
      expect(await ids(await table.refresh())).toEqual([1, 2])
      const { store, path } = table.location
      const files = (await store.list(path)).map((file) => file.path).filter((name) => name.endsWith('.parquet'))
      expect(files).toHaveLength(table.snapshot.files.size)
      expect(await ids(await table.append(rowsOf(row(3)), { audit: audit(1) }))).toEqual([1, 2, 3])
      expect(seen).toEqual([2, 2, 3, 1])
    })
  })

  describe('overwrite', () => {
    it('D-58: replaces everything', async () => {
      const table = await DeltaTable.createWith(session, newUri(), rowsOf(row(1), row(2)))
      const replaced = await table.overwrite(rowsOf(row(3)))
      expect(await ids(replaced)).toEqual([3])
      expect(replaced.version).toBe(1)
      expect(await ids(await DeltaTable.createOrOverwrite(session, table.uri, rowsOf(row(4))))).toEqual([4])
    })

    it('D-38: takes another schema only when asked to', async () => {
      const table = await DeltaTable.createWith(session, newUri(), rowsOf(row(1)))
      const other = values({ fields: [field('at', timestamp)] }, [[5n]])
      await expect(table.overwrite(other)).rejects.toMatchObject({ code: 'DW-TABLE-0001' })
      const replaced = await table.overwrite(other, { overwriteSchema: true })
      expect(await read(await replaced.refresh())).toEqual([[5n]])
      expect(replaced.snapshot.metadata.id).toBe(table.snapshot.metadata.id)
    })

    it('D-59: replaceWhere on a data column writes the remaining rows again, and refuses rows outside', async () => {
      const table = await DeltaTable.createWith(session, newUri(), rowsOf(row(1, 'a'), row(2, 'b'), row(3, null)))
      const replaced = await table.overwrite(rowsOf(row(4, 'a'), row(5, 'a')), { replaceWhere: col('city').eq('a') })
      expect(await ids(replaced)).toEqual([2, 3, 4, 5])
      expect(replaced.version).toBe(1)
      await expect(table.overwrite(rowsOf(row(4, 'b')), { replaceWhere: col('city').eq('a') })).rejects.toMatchObject({
        code: 'DW-TABLE-0006',
      })
    })

    it('D-61: replaceUsing replaces the rows that equal a new one in these columns; nulls stay, new rows all come', async () => {
      const table = await DeltaTable.createWith(
        session,
        newUri(),
        rowsOf(row(1, 'a'), row(2, 'a'), row(3, 'b'), row(4, null)),
      )
      const fresh = rowsOf(row(5, 'a'), row(6, 'a'), row(7, null), row(8, 'c'))
      const replaced = await table.overwrite(fresh, { replaceUsing: ['city'] })
      expect(await ids(replaced)).toEqual([3, 4, 5, 6, 7, 8])
      expect(replaced.version).toBe(1)
      expect((await replaced.history(1))[0]!.info).toMatchObject({
        operation: 'WRITE',
        operationParameters: { mode: 'Overwrite' },
      })
      const nothing = await replaced.overwrite(rowsOf(), { replaceUsing: ['city'] })
      expect(await ids(nothing)).toEqual([3, 4, 5, 6, 7, 8])
      await expect(replaced.overwrite(fresh, { replaceUsing: ['town'] })).rejects.toMatchObject({ fault: 'usage' })
      expect(await ids(await replaced.refresh())).toEqual([3, 4, 5, 6, 7, 8])
    })

    it('D-61: replaceOn replaces the rows for which a condition on both is true, null-safe if it says so', async () => {
      const table = await DeltaTable.createWith(session, newUri(), rowsOf(row(1, 'a'), row(2, 'b'), row(3, null)))
      const same = fn.is_not_distinct_from(col('city', 'target'), col('city', 'source'))
      const older = col('id', 'target').lt(col('id', 'source'))
      const replaced = await table.overwrite(rowsOf(row(9, null), row(10, 'b'), row(0, 'a')), {
        replaceOn: same.and(older),
      })
      expect(await ids(replaced)).toEqual([0, 1, 9, 10])
      const extra = values({ fields: [...replaced.schema.fields, field('more', int64)] }, [])
      await expect(replaced.overwrite(extra, { replaceUsing: ['id'] })).rejects.toMatchObject({ code: 'DW-TABLE-0001' })
    })

    it('D-60: dynamic partition overwrite replaces touched partitions only', async () => {
      const table = await DeltaTable.createWith(session, newUri(), rowsOf(row(1, 'a'), row(2, 'b'), row(3, null)), {
        partitionBy: ['city'],
      })
      const replaced = await table.overwrite(rowsOf(row(7, 'a'), row(8, null)), { partitionOverwrite: 'dynamic' })
      expect(await ids(replaced)).toEqual([2, 7, 8])
    })
  })

  describe('delete and update', () => {
    it('D-62: rewrites touched files only; whole partitions are metadata', async () => {
      let table = await DeltaTable.createWith(session, newUri(), rowsOf(row(1, 'a'), row(2, 'a'), row(3, 'b')), {
        partitionBy: ['city'],
      })
      table = await table.append(rowsOf(row(4, 'a')))
      const one = await table.delete(col('id').eq(2))
      expect(await ids(one)).toEqual([1, 3, 4])
      expect(one.lastWrite).toMatchObject({
        filesRemoved: 1,
        filesWritten: 1,
        metrics: { numDeletedRows: 1, numCopiedRows: 1 },
      })
      const partition = await one.delete(col('city').eq('a'))
      expect(await ids(partition)).toEqual([3])
      expect(partition.lastWrite.filesWritten).toBe(0)
      const nothing = await partition.delete(col('id').gt(100))
      expect(nothing.version).toBe(partition.version)
      expect(await ids(await nothing.delete(null))).toEqual([])
      const [info] = await readCommit(table.location, one.version)
      expect(info).toMatchObject({
        kind: 'commitInfo',
        operation: 'DELETE',
        operationMetrics: { numDeletedRows: '1' },
        isBlindAppend: false,
      })
    })

    it('D-63: update sets expressions where the condition is true', async () => {
      const table = await DeltaTable.createWith(session, newUri(), rowsOf(row(1, 'a'), row(2, null), row(3, 'b')))
      const updated = await table.update(
        { amount: col('amount').mul(2), city: fn.upper!(col('city')) },
        col('city').eq('a'),
      )
      expect(await read(updated)).toEqual([[...row(1, 'A', 200n)], [...row(2, null)], [...row(3, 'b')]])
      expect(updated.lastWrite.metrics).toMatchObject({ numUpdatedRows: 1, numCopiedRows: 2 })
    })

    it('D-63: the condition of an update may be over a partition column alone', async () => {
      const rows = rowsOf(row(1, 'a'), row(2, null), row(3, 'b'))
      const table = await DeltaTable.createWith(session, newUri(), rows, { partitionBy: ['city'] })
      expect((await read(await table.update({ amount: lit(7) }, col('city').eq('a')))).map((r) => r[2])).toEqual([
        700n,
        100n,
        100n,
      ])
    })

    it('D-44: an append-only table refuses both', async () => {
      const table = await DeltaTable.createWith(session, newUri(), rowsOf(row(1)), {
        properties: { 'delta.appendOnly': 'true' },
      })
      await expect(table.delete(null)).rejects.toMatchObject({ code: 'DW-DELTA-0017' })
      await expect(table.update({ city: lit('x') }, null)).rejects.toMatchObject({ code: 'DW-DELTA-0017' })
      await expect(table.overwrite(rowsOf(row(2)))).rejects.toMatchObject({ code: 'DW-DELTA-0017' })
      expect(await ids(await table.refresh())).toEqual([1])
    })
  })

  describe('history and detail', () => {
    it('D-80, D-81: what happened, newest first', async () => {
      const table = await (
        await DeltaTable.createWith(session, newUri(), rowsOf(row(1)), { userMetadata: 'first' })
      ).append(rowsOf(row(2)))
      const history = await table.history()
      expect(history.map((entry) => [entry.version, entry.info?.operation])).toEqual([
        [1, 'WRITE'],
        [0, 'WRITE'],
      ])
      expect(history[1]!.info).toMatchObject({ userMetadata: 'first', operationMetrics: { numOutputRows: '1' } })
      expect(await table.history(1)).toHaveLength(1)
      expect(table.detail()).toMatchObject({ numFiles: 2, numRows: 2, minReaderVersion: 1, minWriterVersion: 2 })
    })
  })
})
