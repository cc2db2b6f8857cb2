import { RedshiftLocal, type FaultRule } from '@deltaworks/redshift-local'
import {
  binary,
  boolean,
  date,
  decimal,
  field,
  float64,
  int16,
  int32,
  int64,
  int8,
  list,
  map,
  schema,
  string,
  struct,
  timestamp,
  timestampNtz,
  variant,
  type Value,
} from '@deltaworks/schema'
import { MemoryStore } from '@deltaworks/storage'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { exportTables } from '../export-tables.js'
import { formatPlan } from '../format-plan.js'
import { planExport } from '../plan-export.js'
import type { SqlTarget } from '../sql-target.js'
import { noTotals } from '../table-probe.js'
import { lakeTable, rowsOf } from '../testing/lake-table.js'
import type { WarehouseTable } from '../warehouse-table.js'
import { redshiftTarget } from './redshift-target.js'

const store = new MemoryStore('stage-bucket')
let server: RedshiftLocal
const targets: SqlTarget[] = []

beforeAll(async () => {
  process.env['AWS_ACCESS_KEY_ID'] = 'test'
  process.env['AWS_SECRET_ACCESS_KEY'] = 'test'
  server = await RedshiftLocal.start({ openStore: () => store, seed: 3 })
})
afterAll(() => server.stop())
beforeEach(() =>
  server
    .query('DROP SCHEMA public CASCADE; CREATE SCHEMA public'.split(';')[0]!)
    .then(() => server.query('CREATE SCHEMA public')),
)
afterEach(async () => {
  server.faults.clear()
  await Promise.all(targets.splice(0).map((target) => target.close()))
  await server.closeSessions()
})

const target = (schemaName?: string): SqlTarget => {
  const made = redshiftTarget({
    workgroup: 'shop',
    database: 'dev',
    endpoint: server.endpoint,
    region: 'eu-central-1',
    pollMs: [1, 10],
    stage: { store, prefix: 'stage', uri: 's3://stage-bucket/stage' },
    copy: { iamRole: 'arn:aws:iam::123456789012:role/loader' },
    ...(schemaName === undefined ? {} : { schemaName }),
  })
  targets.push(made)
  return made
}
const sales = schema([
  field('id', int64, false),
  field('customer', string),
  field('amount', decimal(12, 2), false),
  field('month', string),
])
const at = (
  version: number,
  rows: readonly Value[][],
  changes: Partial<WarehouseTable> = {},
): Promise<WarehouseTable> =>
  lakeTable('sales', sales, version, rows, {
    primaryKey: ['id'],
    partitionBy: ['month'],
    aliases: ['orders'],
    layout: { distribution: { style: 'key', column: 'id' }, sort: { style: 'compound', columns: ['month'] } },
    ...changes,
  })
const first: Value[][] = [
  [1n, 'Ängström', 1250n, '2003-02'],
  [2n, "O'Hara\\ \t\n", -325n, '2003-02'],
  [3n, null, 700n, '2003-03'],
]
const second: Value[][] = [first[0]!, [2n, 'new', 1n, '2003-04'], [4n, 'four', 4n, '2003-04']]
const changes = async () => ({
  upserts: rowsOf(sales, second.slice(1)),
  deletes: rowsOf(schema([sales.fields[0]!]), [[3n]]),
  insertsOnly: false,
})
const run = (loadId: string) => ({ loadId, nowMs: 1_700_000_000_000, retryDelayMs: 1 })
const rows = async (sql = 'SELECT * FROM sales ORDER BY id') => (await server.query(sql)).map((row) => row.join('|'))
const firstRows = ['1|Ängström|12.50|2003-02', "2|O'Hara\\ \t\n|-3.25|2003-02", '3||7.00|2003-03']
const secondRows = ['1|Ängström|12.50|2003-02', '2|new|0.01|2003-04', '4|four|0.04|2003-04']

describe('an export into Redshift', () => {
  it('W-06 W-09 W-19 W-20 W-21: staged, loaded, reconciled; then what has changed; then nothing', async () => {
    const loaded = await exportTables(target(), [await at(1, first)], run('a'))
    expect(loaded.tables).toMatchObject([{ mode: 'full', rowCount: 3, reconciliation: { equal: true } }])
    expect(await rows('SELECT * FROM orders ORDER BY id')).toEqual(firstRows)
    const next = await at(2, second, { changes })
    const result = await exportTables(target(), [next], run('b'))
    expect(result.tables).toMatchObject([{ mode: 'incremental', rowCount: 3, reconciliation: { equal: true } }])
    expect(await rows()).toEqual(secondRows)
    expect(await exportTables(target(), [next], run('c'))).toMatchObject({ rowsLoaded: 0 })
    await exportTables(target(), [await at(3, first)], { ...run('d'), mode: 'full' })
    expect(await rows('SELECT * FROM orders ORDER BY id')).toEqual(firstRows)
    expect(
      await rows(`SELECT "table", diststyle, sortkey1 FROM redshift_local.svv_table_info WHERE "table" = 'sales'`),
    ).toEqual(['sales|KEY(id)|month'])
    // Nothing of the staging is left.
    expect(await store.list('stage')).toEqual([])
    expect(server.requests.some(({ sql }) => sql === `SET query_group TO 'deltaworks-export'`)).toBe(true)
  })

  it('W-12 W-06: other names bind late, where there is a schema; changes come by one MERGE', async () => {
    const layout = { upsert: 'merge', lateBinding: true } as const
    await expect(exportTables(target(), [await at(1, first, { layout })], run('a'))).rejects.toMatchObject({
      code: 'DW-WAREHOUSE-0007',
      message: expect.stringMatching(/bind late.*--schema/),
    })
    await exportTables(target('mart'), [await at(1, first, { layout })], run('b'))
    const next = await at(2, second, { changes, layout })
    expect(await exportTables(target('mart'), [next], run('c'))).toMatchObject({
      tables: [{ mode: 'incremental', rowCount: 3, reconciliation: { equal: true } }],
    })
    expect(await rows('SELECT * FROM mart.orders ORDER BY id')).toEqual(secondRows)
    const sent = server.requests.map(({ sql }) => sql ?? '')
    expect(sent.some((sql) => /^CREATE VIEW "mart"."orders" AS .* WITH NO SCHEMA BINDING$/.test(sql))).toBe(true)
    expect(sent.filter((sql) => sql.startsWith('MERGE INTO "mart"."sales" USING'))).toHaveLength(1)
    await server.query('DROP SCHEMA mart CASCADE')
  })

  it('W-10: a query is unloaded with its manifest, compared and removed', async () => {
    await exportTables(target(), [await at(1, first)], run('a'))
    const query = `SELECT id, amount FROM sales WHERE customer <> 'it''s'`
    const unloaded = await target().unload(query, 'back', async (files, probe) => {
      const names = (await store.list('stage/back')).map(({ path }) => path.split('/').at(-1)!)
      const { rowCount } = await probe.totals(noTotals)
      return { files, names, rowCount }
    })
    expect(unloaded).toEqual({
      files: { uri: 's3://stage-bucket/stage/back/*.parquet', fileCount: 1 },
      names: expect.arrayContaining(['manifest', '0000_part_00.parquet']),
      rowCount: 2,
    })
    expect(await store.list('stage')).toEqual([])
  })

  it.each([
    ['what is no query', 'SELECT FROM WHERE', 'DW-WAREHOUSE-0013|DW-WAREHOUSE-0020'],
    ['a table that is not there', 'SELECT * FROM nowhere', 'DW-WAREHOUSE-0013|DW-WAREHOUSE-0020'],
  ])('W-10: unloading %s fails, and leaves nothing', async (_, query, codes) => {
    const failing = target().unload(query, 'back', () => Promise.resolve(null))
    await expect(failing).rejects.toMatchObject({ code: expect.stringMatching(codes) })
    expect(await store.list('stage')).toEqual([])
  })

  it('W-23 M-078: values of every type arrive, nested ones as SUPER', async () => {
    const types = schema([
      field('k', int64, false),
      field('b', boolean),
      field('i8', int8),
      field('i16', int16),
      field('i32', int32),
      field('f', float64),
      field('d', decimal(38, 10)),
      field('s', string),
      field('x', binary),
      field('day', date),
      field('at', timestamp),
      field('ntz', timestampNtz),
      field('l', list(int32)),
      field('m', map(string, int32)),
      field('st', struct([field('a', int32), field('b', string)])),
      field('v', variant),
    ])
    const values: Value[][] = [
      [
        9_223_372_036_854_775_807n,
        true,
        -128,
        -32_768,
        2_147_483_647,
        0.1,
        1n,
        'ä',
        Uint8Array.of(0, 255),
        -1,
        -1n,
        1n,
        [1, null],
        [['k', 1]],
        [1, 'x'],
        '{"a":[1]}',
      ],
      [2n, ...Array.from({ length: 15 }, () => null)],
    ]
    const table = await lakeTable('types', types, 1, values, { primaryKey: ['k'] })
    const { tables } = await exportTables(target(), [table], run('a'))
    expect(tables).toMatchObject([{ rowCount: 2, reconciliation: { equal: true } }])
    expect(await rows(`SELECT l, m, st, v -> 'a', x FROM types WHERE k > 2`)).toEqual([
      '[1, null]|{"k": 1}|{"a": 1, "b": "x"}|[1]|\\x00ff',
    ])
  })

  it('W-11: a longer VARCHAR is an ALTER before the transaction; more digits make the table anew', async () => {
    const profile = (maxBytes: number) => ({ aliases: [], profile: { customer: { maxBytes }, month: { maxBytes: 7 } } })
    await exportTables(target(), [await at(1, first, profile(12))], run('a'))
    const longer = await at(2, [...first, [5n, 'x'.repeat(40), 1n, 'm']], {
      ...profile(40),
      changes: () =>
        Promise.resolve({ upserts: rowsOf(sales, [[5n, 'x'.repeat(40), 1n, 'm']]), deletes: null, insertsOnly: true }),
    })
    const plan = await planExport(target(), [longer], { mode: 'incremental' })
    expect(plan.loads[0]!.script.stage[0]).toEqual({
      kind: 'sql',
      sql: 'ALTER TABLE "sales" ALTER COLUMN "customer" TYPE VARCHAR(64)',
    })
    expect(await exportTables(target(), [longer], { ...run('b'), mode: 'incremental' })).toMatchObject({
      tables: [{ mode: 'incremental', rowCount: 4 }],
    })
    const wider = schema(sales.fields.map((f) => (f.name === 'amount' ? field('amount', decimal(14, 2), false) : f)))
    const anew = await lakeTable('sales', wider, 3, first, { primaryKey: ['id'], identity: 'lake sales' })
    expect(await exportTables(target(), [anew], { ...run('c'), mode: 'incremental' })).toMatchObject({
      tables: [{ mode: 'full', rowCount: 3 }],
    })
  })

  it('W-08: what COPY writes down of its errors is told, and nothing has changed', async () => {
    await exportTables(target(), [await at(1, first)], run('a'))
    // The profile promises less than there is.
    const wrong = await at(2, [[1n, 'x'.repeat(300), 1n, 'm']], { profile: { customer: { maxBytes: 9 } } })
    const failing = exportTables(target(), [wrong], { ...run('b'), mode: 'full', drift: 'sync' })
    await expect(failing).rejects.toThrow(
      /load errors: The length of the data column customer is longer.*part-00000\.parquet/,
    )
    expect(await rows()).toEqual(firstRows)
    expect(await store.list('stage')).toEqual([])
  })

  it('W-24 M-072: foreign keys are declared, and stand in nobody’s way', async () => {
    const shop = async (version: number) => [
      await at(version, first, { foreignKeys: [{ columns: ['customer'], table: 'customers', references: ['name'] }] }),
      await lakeTable('customers', schema([field('name', string, false)]), version, [['Ängström']], {
        primaryKey: ['name'],
      }),
    ]
    await exportTables(target('mart'), await shop(1), run('a'))
    const again = await exportTables(target('mart'), await shop(2), { ...run('b'), mode: 'full' })
    expect(again.tables.map((table) => table.rowCount)).toEqual([3, 1])
  })

  it('W-25: a dry run shows encodings with their reasons, and runs nothing that writes', async () => {
    const text = formatPlan(await planExport(target(), [await at(1, first)], { loadId: 'dry' }))
    expect(text).toMatch(/-- {3}month: RAW \(sort key\)/)
    expect(text).toMatch(
      /COPY "sales__dw_load" \(.*FROM 's3:\/\/stage-bucket\/stage\/dry\/sales\/all\/manifest' IAM_ROLE 'arn:.*FORMAT AS PARQUET MANIFEST/,
    )
    expect(await rows(`SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'`)).toEqual([])
  })
})

describe('a Redshift that fails', () => {
  const faults: readonly (readonly [string, readonly FaultRule[], 'survived' | 'told'])[] = [
    ['throttles many requests', [{ kind: 'throttle', probability: 0.3, times: 8 }], 'survived'],
    ['has too many statements', [{ kind: 'busy', probability: 0.3 }], 'survived'],
    ['loses answers', [{ kind: 'lost-response', probability: 0.2 }], 'survived'],
    ['loses requests', [{ kind: 'cut-request', probability: 0.2 }], 'survived'],
    ['aborts the COPY once', [{ kind: 'abort', sql: '^COPY', times: 1 }], 'survived'],
    ['aborts every COPY', [{ kind: 'abort', sql: '^COPY' }], 'told'],
    ['runs the COMMIT, and says that its time ran out', [{ kind: 'timeout-after', sql: '^COMMIT' }], 'survived'],
    ['does not run the COMMIT once', [{ kind: 'abort', sql: '^COMMIT', times: 1 }], 'survived'],
    ['loses the session at the COMMIT once', [{ kind: 'lose-session', sql: '^COMMIT', times: 1 }], 'survived'],
    ['loses the session in the middle', [{ kind: 'lose-session', sql: '^DELETE', times: 1 }], 'survived'],
    ['fails a statement', [{ kind: 'fail', sql: '^DELETE', times: 1 }], 'told'],
  ]
  /** Each goes on from where the one before ended, in a schema of their own: from one state to the other, and back. */
  const states = [
    {
      lake: first,
      warehouse: firstRows,
      changes: async () => ({
        upserts: rowsOf(sales, first.slice(1)),
        deletes: rowsOf(schema([sales.fields[0]!]), [[4n]]),
        insertsOnly: false,
      }),
    },
    { lake: second, warehouse: secondRows, changes },
  ] as const
  let version = 0
  const stateAt = (of: number) => states[(of - 1) % 2]!
  it.each(faults)('W-22: %s: the warehouse has one version, whole, and once', async (_, rules, outcome) => {
    const found = () => rows('SELECT * FROM faulty.sales ORDER BY id')
    if (version === 0) await exportTables(target('faulty'), [await at(++version, first)], run('a'))
    const [former, wanted] = [stateAt(version), stateAt(version + 1)]
    const next = await at(++version, wanted.lake, { changes: wanted.changes })
    server.faults.add(...rules)
    const failing = exportTables(target('faulty'), [next], run(`b${version}`))
    if (outcome === 'survived') {
      expect(await failing).toMatchObject({ tables: [{ mode: 'incremental', rowCount: 3 }] })
    } else {
      await expect(failing).rejects.toMatchObject({ code: expect.stringMatching(/^DW-WAREHOUSE-/) })
      server.faults.clear()
      expect(await found()).toEqual(former.warehouse)
      await exportTables(target('faulty'), [next], run(`c${version}`))
    }
    server.faults.clear()
    expect(await found()).toEqual(wanted.warehouse)
    const loaded = await rows('SELECT delta_version FROM faulty.deltaworks_loads ORDER BY load_number')
    expect(loaded).toEqual(Array.from({ length: version }, (__, i) => String(i + 1)))
  })

  /** A target whose process is killed as it enters a step: what comes after never happens, house-keeping neither. */
  const killedAt = (step: 'begin' | 'publish'): SqlTarget => {
    const dead = () => new Promise<never>((_, reject) => reject(new Error('killed')))
    return Object.assign(target(), { [step]: dead, finish: () => Promise.resolve() })
  }

  it.each(['begin', 'publish'] as const)(
    'W-22: an export that is killed at %s is resumed with what it had staged, and leaves no file',
    async (step) => {
      await exportTables(target(), [await at(1, first)], run('a'))
      const next = await at(2, second, { changes })
      await expect(exportTables(killedAt(step), [next], run('b'))).rejects.toThrow('killed')
      await server.closeSessions()
      expect(await rows()).toEqual(firstRows)
      const staged = await store.list('stage')
      expect(staged.length).toBeGreaterThan(3)
      const [ticket] = await target().unfinished()
      expect(ticket).toEqual({
        loadId: 'b',
        beganMs: run('b').nowMs,
        versions: { sales: 2 },
        mode: 'auto',
        drift: 'append',
        guard: null,
        isPublished: false,
      })
      const puts = jest.spyOn(store, 'put')
      const resumed = await exportTables(target(), [next], { ...run('b'), resumed: true })
      expect(puts).not.toHaveBeenCalled()
      puts.mockRestore()
      expect(resumed.tables).toMatchObject([{ mode: 'incremental', rowCount: 3, reconciliation: { equal: true } }])
      expect(await rows()).toEqual(secondRows)
      expect([await store.list('stage'), await target().unfinished()]).toEqual([[], []])
    },
  )

  it('W-22: staged files that are not whole, or are of something else, are staged again', async () => {
    await exportTables(target(), [await at(1, first)], run('a'))
    const next = await at(2, second)
    await expect(exportTables(killedAt('begin'), [next], { ...run('b'), mode: 'full' })).rejects.toThrow('killed')
    const part = (await store.list('stage')).find(({ path }) => path.endsWith('.parquet'))!
    await store.put(part.path, new Uint8Array(3), 'overwrite')
    const third = await at(3, first, {})
    await exportTables(target(), [third], { ...run('b'), mode: 'full', resumed: true })
    expect(await rows()).toEqual(firstRows)
    await expect(exportTables(killedAt('begin'), [next], { ...run('c'), mode: 'full' })).rejects.toThrow('killed')
    await store.put(
      (await store.list('stage/c')).find(({ path }) => path.endsWith('.parquet'))!.path,
      new Uint8Array(3),
      'overwrite',
    )
    await exportTables(target(), [next], { ...run('c'), mode: 'full', resumed: true })
    expect(await rows()).toEqual(secondRows)
    expect(await store.list('stage')).toEqual([])
  })

  /** As leases of a lake do: exports of these ids are going on. */
  const guarded = (loadId: string, ...goingOn: readonly string[]) => ({
    ...run(loadId),
    guard: {
      name: 'lake',
      whileNotGoingOn: async (id: string, work: () => Promise<void>) => {
        if (!goingOn.includes(id)) await work()
      },
    },
  })
  const stagedExports = async () => [...new Set((await store.list('stage')).map(({ path }) => path.split('/')[1]))]
  const begunExports = async () => (await target().tickets()).map(({ loadId }) => loadId)

  it('W-22: what overtaken exports staged goes with the next that succeeds; not what one stages that is going on', async () => {
    await exportTables(target(), [await at(1, first)], guarded('a'))
    const next = await at(2, second, { changes })
    for (const id of ['killed', 'running']) {
      await expect(exportTables(killedAt('begin'), [next], guarded(id))).rejects.toThrow('killed')
    }
    await server.closeSessions()
    // It is gone on with, and fails before it comes to what was staged.
    server.faults.add({ kind: 'fail', sql: 'information_schema', times: 1 })
    await expect(exportTables(target(), [next], { ...guarded('killed'), resumed: true })).rejects.toBeDefined()
    server.faults.clear()
    expect([await stagedExports(), await begunExports()]).toEqual([
      ['killed', 'running'],
      ['running', 'killed'],
    ])
    await exportTables(target(), [await at(3, first)], guarded('b', 'running'))
    expect([await stagedExports(), await begunExports()]).toEqual([['running'], ['running']])
    // Its turn comes: another has published, so it plans anew.
    await exportTables(target(), [next], { ...guarded('running'), resumed: true, mode: 'full' })
    expect(await rows()).toEqual(secondRows)
    expect([await store.list('stage'), await begunExports()]).toEqual([[], []])
  })

  it('W-22: what an export staged that was killed once it had published goes with the next, even if that loads nothing', async () => {
    const killed = Object.assign(target(), {
      finish: () => Promise.reject(new Error('killed')),
      ended: () => Promise.reject(new Error('killed')),
    })
    await exportTables(killed, [await at(1, first)], guarded('a'))
    expect([await stagedExports(), await begunExports()]).toEqual([['a'], ['a']])
    expect(await target().unfinished()).toEqual([])
    const other = await lakeTable('other', sales, 1, first, { primaryKey: ['id'] })
    expect(
      await exportTables(target(), [await at(1, first)], {
        ...guarded('b'),
        guard: { ...guarded('b').guard, name: 'another lake' },
      }),
    ).toMatchObject({ rowsLoaded: 0 })
    expect(await stagedExports()).toEqual(['a'])
    expect(await exportTables(target(), [await at(1, first)], guarded('c'))).toMatchObject({ rowsLoaded: 0 })
    expect([await store.list('stage'), await begunExports()]).toEqual([[], []])
    // One of other tables stays: it is not overtaken.
    await expect(exportTables(killedAt('begin'), [other], guarded('d'))).rejects.toThrow('killed')
    await exportTables(target(), [await at(2, second)], guarded('e'))
    expect([await stagedExports(), await begunExports()]).toEqual([['d'], ['d']])
    await exportTables(target(), [other, await at(2, second)], guarded('f'))
    expect([await store.list('stage'), await begunExports()]).toEqual([[], []])
  })

  it('W-22: of exports that nobody can tell of, what they staged is kept for a day', async () => {
    await expect(exportTables(killedAt('begin'), [await at(1, first)], run('a'))).rejects.toThrow('killed')
    expect(await target().unfinished()).toHaveLength(1)
    await exportTables(target(), [await at(2, second)], run('b'))
    expect([await stagedExports(), await begunExports()]).toEqual([['a'], ['a']])
    const dayAfter = run('c').nowMs + 25 * 3600 * 1000
    await exportTables(target(), [await at(2, second)], { ...run('c'), nowMs: dayAfter })
    expect([await store.list('stage'), await begunExports()]).toEqual([[], []])
  })

  it('W-22: two exports at once: one loads, the other finds it done', async () => {
    const tables = [await at(1, first)]
    const both = await Promise.all([exportTables(target(), tables, run('a')), exportTables(target(), tables, run('b'))])
    expect(both.map(({ rowsLoaded }) => rowsLoaded).sort()).toEqual([0, 3])
    expect(await rows()).toEqual(firstRows)
    expect(await rows('SELECT COUNT(*) FROM deltaworks_loads')).toEqual(['1'])
  })

  it('W-22: a statement that takes too long is cancelled and told', async () => {
    server.faults.add({ kind: 'delay', delayMs: 3000, sql: '^COPY' })
    const impatient = redshiftTarget({
      workgroup: 'shop',
      database: 'dev',
      endpoint: server.endpoint,
      region: 'eu-central-1',
      statementSeconds: 1,
      stage: { store, prefix: 'stage', uri: 's3://stage-bucket/stage' },
      copy: { iamRole: 'default' },
    })
    targets.push(impatient)
    await expect(exportTables(impatient, [await at(1, first)], { ...run('a'), retries: 0 })).rejects.toMatchObject({
      code: 'DW-WAREHOUSE-0015',
    })
  })

  it.each([
    ['no cluster', { database: 'd' }],
    ['two ways in', { database: 'd', cluster: 'c', dbUser: 'u', secretArn: 'arn:aws:secretsmanager:eu-1:1:secret:x' }],
    ['a secret itself', { database: 'd', cluster: 'c', secretArn: 'hunter2' }],
    ['a user of a workgroup', { database: 'd', workgroup: 'w', dbUser: 'u' }],
  ])('W-09: %s is refused, and no secret is repeated', (_, connection) => {
    const making = () =>
      redshiftTarget({ ...connection, stage: { store, prefix: 'p', uri: 's3://b/p' }, copy: { iamRole: 'default' } })
    expect(making).toThrow(expect.objectContaining({ code: 'DW-WAREHOUSE-0016' }))
    expect(making).not.toThrow(/hunter2/)
  })
})
