import {
  BatchExecuteStatementCommand,
  CancelStatementCommand,
  DescribeStatementCommand,
  ExecuteStatementCommand,
  GetStatementResultCommand,
  ListStatementsCommand,
  RedshiftDataClient,
  type ExecuteStatementCommandInput,
} from '@aws-sdk/client-redshift-data'
import { Arena, batchFromRows, createContext, unlimited } from '@deltaworks/columnar'
import { ParquetWriter, readParquetSchema } from '@deltaworks/formats'
import {
  decimal,
  field,
  int64,
  list,
  int32,
  schema,
  string,
  timestamp,
  type Schema,
  type Value,
} from '@deltaworks/schema'
import { MemoryStore } from '@deltaworks/storage'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { RedshiftLocal } from './server.js'

describe('redshift-local', () => {
  let server: RedshiftLocal
  let client: RedshiftDataClient
  const store = new MemoryStore('bucket')
  let number = 0

  beforeAll(async () => {
    server = await RedshiftLocal.start({
      openStore: () => store,
      limits: { statementBytes: 2000, pageRows: 3, activeStatements: 5, sessions: 3 },
    })
    client = new RedshiftDataClient({
      endpoint: server.endpoint,
      region: 'us-east-1',
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
      maxAttempts: 3,
    })
  })
  afterEach(() => server.faults.clear())
  afterAll(async () => {
    client.destroy()
    await server.stop()
  })

  const target = { Database: 'dev', WorkgroupName: 'w' }
  const submit = (Sql: string, more: Partial<ExecuteStatementCommandInput> = {}) =>
    client.send(
      new ExecuteStatementCommand({
        ...(more.SessionId === undefined ? target : {}),
        Sql,
        WaitTimeSeconds: 20,
        ...more,
      }),
    )
  const run = async (sql: string, more: Partial<ExecuteStatementCommandInput> = {}) => {
    const { Id } = await submit(sql, more)
    return client.send(new DescribeStatementCommand({ Id }))
  }
  const fails = async (sql: string, more: Partial<ExecuteStatementCommandInput> = {}) => {
    const { Status, Error: error } = await run(sql, more)
    expect(Status).toBe('FAILED')
    return error
  }
  const rows = async (sql: string, more: Partial<ExecuteStatementCommandInput> = {}) => {
    const { Id, Status, Error: error } = await run(sql, more)
    expect([Status, error]).toEqual(['FINISHED', undefined])
    const found: unknown[][] = []
    let token: string | undefined
    do {
      const page = await client.send(
        new GetStatementResultCommand({ Id, ...(token === undefined ? {} : { NextToken: token }) }),
      )
      found.push(
        ...page.Records!.map((row) => row.map((value) => (value.isNull === true ? null : Object.values(value)[0]))),
      )
      token = page.NextToken
    } while (token !== undefined)
    return found
  }
  const tableName = () => `t${++number}`
  const session = async () => (await submit('SELECT 1', { SessionKeepAliveSeconds: 60 })).SessionId!

  it('W-09: statements run in the background; results come in pages, typed', async () => {
    expect(await rows(`SELECT n, n::varchar, n / 2.0, NULL, n > 2 FROM generate_series(1, 7) AS n`)).toHaveLength(7)
    expect(await rows("SELECT CAST(1.50 AS DECIMAL(5,2)), DATE '2024-02-29', 1.5::float8")).toEqual([
      ['1.50', '2024-02-29', 1.5],
    ])
    expect(await fails('SELEKT 1')).toMatch(/syntax error/)
    expect(
      await rows('SELECT :a || :b', {
        Parameters: [
          { name: 'a', value: "it's" },
          { name: 'b', value: 'x' },
        ],
      }),
    ).toEqual([["it'sx"]])
  })

  it('W-01 W-02 W-03: what Redshift adds to CREATE TABLE is checked and remembered', async () => {
    const t = tableName()
    await run(`CREATE TABLE "${t}" ("id" BIGINT NOT NULL ENCODE AZ64, "name" VARCHAR(5) ENCODE ZSTD, "day" DATE ENCODE RAW, "more" SUPER,
      PRIMARY KEY ("id")) DISTSTYLE KEY DISTKEY ("id") COMPOUND SORTKEY ("day", "id")`)
    expect(
      await rows(
        `SELECT diststyle, sortkey1, sortkey_num, max_varchar, tbl_rows FROM svv_table_info WHERE "table" = '${t}'`,
      ),
    ).toEqual([[`KEY(id)`, 'day', 2, 5, '0']])
    expect(
      await rows(
        `SELECT "column", type, encoding, distkey, sortkey FROM pg_table_def WHERE tablename = '${t}' ORDER BY "column"`,
      ),
    ).toEqual([
      ['day', 'date', 'raw', false, 1],
      ['id', 'bigint', 'az64', true, 2],
      ['more', 'super', 'auto', false, 0],
      ['name', 'character varying(5)', 'zstd', false, 0],
    ])
    expect(await fails(`INSERT INTO ${t} VALUES (1, 'äöü', NULL, NULL)`)).toMatch(/redshift_bytes_name/)
    // Keys are not enforced.
    await run(`INSERT INTO ${t} VALUES (1, 'a', NULL, JSON_PARSE('[1]')), (1, 'b', NULL, NULL)`)
    expect(await rows(`SELECT COUNT(*) FROM ${t}`)).toEqual([[2]])
  })

  it.each([
    ['a sort key that is no column', '(a INT) SORTKEY (b)'],
    ['a distribution key of SUPER', '(a SUPER) DISTSTYLE KEY DISTKEY (a)'],
    ['AZ64 of text', '(a VARCHAR(5) ENCODE AZ64)'],
    ['an unknown encoding', '(a INT ENCODE GZIP)'],
    ['KEY without a key', '(a INT) DISTSTYLE KEY'],
    ['a key with EVEN', '(a INT) DISTSTYLE EVEN DISTKEY (a)'],
    [
      'nine interleaved keys',
      `(${[...'abcdefghi'].map((c) => `${c} INT`).join(', ')}) INTERLEAVED SORTKEY (${[...'abcdefghi'].join(', ')})`,
    ],
    ['a VARCHAR that is too long', '(a VARCHAR(65536))'],
    ['39 digits', '(a DECIMAL(39,2))'],
    ['a type of PostgreSQL', '(a JSONB)'],
    ['a check', '(a INT, CHECK (a > 1))'],
  ])('W-03 N-08: %s is refused', async (_, definition) => {
    await fails(`CREATE TABLE ${tableName()} ${definition}`)
  })

  it.each([
    'INSERT INTO x VALUES (1) RETURNING a',
    'INSERT INTO x VALUES (1) ON CONFLICT DO NOTHING',
    'CREATE INDEX i ON x (a)',
  ])('N-08: what PostgreSQL knows and Redshift does not is refused: %s', async (sql) => {
    expect(await fails(sql)).toMatch(/not supported/)
  })

  it('W-06: a session has its transaction; references hold a table; ALTER COLUMN does not run in a transaction', async () => {
    const [a, b] = [tableName(), tableName()]
    const SessionId = await session()
    const say = (sql: string) => run(sql, { SessionId })
    await say('BEGIN')
    await say(`CREATE TABLE ${a} (k INT PRIMARY KEY, v VARCHAR(5))`)
    await say(`CREATE TABLE ${b} (k INT, CONSTRAINT b_fk FOREIGN KEY (k) REFERENCES ${a} (k))`)
    await say('COMMIT')
    expect(await fails(`DROP TABLE ${a}`)).toMatch(/depends on table/)
    await run(`ALTER TABLE ${b} DROP CONSTRAINT b_fk`)
    await say('BEGIN')
    expect(await fails(`ALTER TABLE ${a} ALTER COLUMN v TYPE VARCHAR(9)`, { SessionId })).toMatch(/transaction block/)
    await say('ROLLBACK')
    await say(`ALTER TABLE ${a} ALTER COLUMN v TYPE VARCHAR(9)`)
    await say(`INSERT INTO ${a} VALUES (1, 'ninechars')`)
    expect(await fails(`ALTER TABLE ${a} ALTER COLUMN k TYPE BIGINT`)).toMatch(/only the length of VARCHAR/)
    await say('BEGIN')
    await say(`DROP TABLE ${a}`)
    await say('ROLLBACK')
    expect(await rows(`SELECT v FROM ${a}`)).toEqual([['ninechars']])
  })

  const writeParquet = async (path: string, columns: Schema, values: readonly Value[][]): Promise<number> => {
    const context = createContext()
    const arena = new Arena(context.heap)
    const writer = new ParquetWriter(context, unlimited, columns)
    writer.write(batchFromRows(arena, columns, values as Value[][]))
    const { parts, sizeBytes } = writer.finish()
    await store.put(path, parts, 'overwrite')
    return sizeBytes
  }
  const role = `IAM_ROLE 'arn:aws:iam::123456789012:role/r'`
  const shop = schema([
    field('id', int64),
    field('name', string),
    field('price', decimal(10, 2)),
    field('seen', timestamp),
    field('tags', list(int32)),
  ])

  it('W-04 W-05 W-10: COPY reads Parquet by a manifest; UNLOAD writes it again', async () => {
    const t = tableName()
    const sizeBytes = await writeParquet('in/a.parquet', shop, [
      [1n, 'a\tb', 150n, 1_700_000_000_000_001n, [1, 2]],
      [2n, null, null, null, null],
    ])
    const entry = { url: 's3://bucket/in/a.parquet', mandatory: true, meta: { content_length: sizeBytes } }
    await store.put('in/manifest', Buffer.from(JSON.stringify({ entries: [entry] })), 'overwrite')
    await run(`CREATE TABLE ${t} (id BIGINT, name VARCHAR(20), price DECIMAL(10,2), seen TIMESTAMPTZ, tags SUPER)`)
    const sql = `COPY ${t} FROM 's3://bucket/in/manifest' ${role} FORMAT AS PARQUET MANIFEST SERIALIZETOJSON STATUPDATE OFF`
    const { Status, ResultRows } = await run(sql)
    expect([Status, ResultRows]).toEqual(['FINISHED', 2])
    expect(
      await rows(`SELECT id, name, price, seen::varchar, tags::varchar, pg_last_copy_count() FROM ${t} ORDER BY id`),
    ).toEqual([
      [1, 'a\tb', '1.50', '2023-11-14 22:13:20.000001+00', '[1, 2]', 2],
      [2, null, null, null, null, 2],
    ])
    const unloaded = await run(
      `UNLOAD ('SELECT id, name, price FROM ${t}') TO 's3://bucket/out/' ${role} FORMAT PARQUET MANIFEST`,
    )
    expect([unloaded.Status, unloaded.Error]).toEqual(['FINISHED', undefined])
    const written = await readParquetSchema(store, 'out/0000_part_00.parquet')
    expect(written.fields.map(({ name, type }) => [name, type.kind])).toEqual([
      ['id', 'int64'],
      ['name', 'string'],
      ['price', 'decimal'],
    ])
    expect(await fails(`UNLOAD ('SELECT 1') TO 's3://bucket/out/' ${role} PARQUET`)).toMatch(/not empty/)
  })

  it('W-08: files that do not fit are told; load errors outlive the transaction', async () => {
    const t = tableName()
    await writeParquet('bad/a.parquet', schema([field('a', string), field('b', int64)]), [
      ['ok', 1n],
      ['far too long', 2n],
    ])
    const copy = `COPY ${t} FROM 's3://bucket/bad/' ${role} PARQUET`
    await run(`CREATE TABLE ${t} (a VARCHAR(4), b INTEGER)`)
    expect(await fails(copy)).toMatch(/incompatible Parquet schema for column 'b'/)
    await run(`DROP TABLE ${t}`)
    await run(`CREATE TABLE ${t} (a VARCHAR(4), b BIGINT, c INT)`)
    expect(await fails(copy)).toMatch(/Unmatched number of columns/)
    expect(await fails(copy.replace(` FROM`, ' (a, b) FROM'))).toMatch(/stl_load_errors/)
    expect(
      await rows(`SELECT colname, err_code, filename FROM stl_load_errors ORDER BY starttime DESC LIMIT 1`),
    ).toEqual([['a', 1204, 's3://bucket/bad/a.parquet']])
    expect(await fails(copy.replace('bad/', 'nowhere/'))).toMatch(/does not exist/)
    expect(await fails(copy.replace(role, "ACCESS_KEY_ID 'x'"))).toMatch(/not supported/)
    expect(await fails(`${copy} MAXERROR 5`)).toMatch(/MAXERROR is not supported for PARQUET/)
  })

  it('W-09: limits of the API, and its errors', async () => {
    await expect(submit(`SELECT '${'x'.repeat(2000)}'`)).rejects.toThrow(
      expect.objectContaining({ name: 'ValidationException' }),
    )
    await expect(submit('SELECT 1; SELECT 2')).rejects.toThrow(/Multi-statement/)
    await expect(submit('SELECT 1', { SessionId: 'none' })).rejects.toThrow(/not available/)
    await expect(submit('SELECT 1', { ClusterIdentifier: 'c' })).rejects.toThrow(/not both/)
    await expect(
      client.send(new DescribeStatementCommand({ Id: '00000000-0000-0000-0000-000000000000' })),
    ).rejects.toThrow(expect.objectContaining({ name: 'ResourceNotFoundException' }))
    server.faults.add({ kind: 'delay', delayMs: 500, sql: 'slow' })
    const quick = { WaitTimeSeconds: 0 }
    for (let i = 0; i < 5; i++) await submit(`SELECT 'slow'`, quick)
    await expect(submit('SELECT 1', quick)).rejects.toThrow(
      expect.objectContaining({ name: 'ActiveStatementsExceededException' }),
    )
    const { Statements } = await client.send(new ListStatementsCommand({ Status: 'STARTED' }))
    expect(Statements!.length).toBe(5)
    await Promise.all(
      Statements!.map(({ Id }) => client.send(new DescribeStatementCommand({ Id, WaitTimeSeconds: 5 }))),
    )
  })

  it('W-09: a statement that waits is cancelled; one submitted twice by a lost answer runs once', async () => {
    const t = tableName()
    await run(`CREATE TABLE ${t} (a INT)`)
    const SessionId = await session()
    await run('BEGIN', { SessionId })
    const { Id } = await submit(`INSERT INTO ${t} VALUES (1)`, { WaitTimeSeconds: 0 })
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(await client.send(new CancelStatementCommand({ Id }))).toMatchObject({ Status: true })
    expect((await client.send(new DescribeStatementCommand({ Id, WaitTimeSeconds: 5 }))).Status).toBe('ABORTED')
    await run('ROLLBACK', { SessionId })
    server.faults.add({ kind: 'lost-response', operations: ['ExecuteStatement'], times: 1 })
    await run(`INSERT INTO ${t} VALUES (2)`)
    expect(server.faults.counts.get('lost-response')).toBe(1)
    expect(await rows(`SELECT a FROM ${t}`)).toEqual([[2]])
  })

  it('W-22: faults: what was run and is told aborted, a session that is lost with its transaction', async () => {
    const t = tableName()
    await run(`CREATE TABLE ${t} (a INT)`)
    server.faults.add({ kind: 'timeout-after', sql: 'VALUES \\(1\\)' }, { kind: 'lose-session', sql: 'VALUES \\(3\\)' })
    expect((await run(`INSERT INTO ${t} VALUES (1)`)).Status).toBe('ABORTED')
    const SessionId = await session()
    await run('BEGIN', { SessionId })
    await run(`INSERT INTO ${t} VALUES (2)`, { SessionId })
    expect((await run(`INSERT INTO ${t} VALUES (3)`, { SessionId })).Status).toBe('FAILED')
    expect(await rows(`SELECT a FROM ${t}`)).toEqual([[1]])
  })

  it('W-06: a batch is one transaction', async () => {
    const t = tableName()
    const { Id } = await client.send(
      new BatchExecuteStatementCommand({
        ...target,
        Sqls: [`CREATE TABLE ${t} (a INT)`, `INSERT INTO ${t} VALUES (1)`, 'SELECT nothing'],
        WaitTimeSeconds: 20,
      }),
    )
    const { Status, SubStatements } = await client.send(new DescribeStatementCommand({ Id }))
    expect(Status).toBe('FAILED')
    expect(SubStatements!.map((sub) => sub.Status)).toEqual(['FINISHED', 'FINISHED', 'FAILED'])
    expect(await fails(`SELECT * FROM ${t}`)).toMatch(/does not exist/)
  })
})
