import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Session } from '@deltaworks/engine'
import { canonicalLine } from '@deltaworks/formats'
import { parseDeltaStatement } from './parse-delta-statement.js'
import { runDeltaStatement } from './run-delta-statement.js'
import { statementsIn, withPostgresNames } from './sql-tokens.js'
import { TableCatalog } from './table-catalog.js'

const session = Session.create({ memoryBytes: 256 * 1024 * 1024 })

/** A console's tables: any name is a folder of its own. */
function newConsole() {
  const folder = mkdtempSync(join(tmpdir(), 'deltaworks-sql-'))
  const catalog: TableCatalog = new TableCatalog(session, {
    names: [],
    locate: (name) => Promise.resolve(join(folder, name.at(-1)!)),
    open: async (name) => (await catalog.open({ parts: name })).provider(),
  })
  const run = async (text: string): Promise<string[]> => {
    let lines: string[] = []
    for (const one of statementsIn(text)) {
      const statement = parseDeltaStatement(one)
      if (statement === null) {
        const { schema, rows } = await session.collect(await catalog.plan(one))
        lines = rows.map((row) => canonicalLine(schema, row))
      } else {
        const { schema, rows } = await runDeltaStatement(catalog, statement)
        lines = rows.map((row) => canonicalLine(schema, row))
      }
    }
    return lines
  }
  return { folder, run }
}

describe('statements about Delta tables', () => {
  it('D-57, D-42, D-43, D-41: CREATE TABLE with every kind of column rule; INSERT fills what is not given', async () => {
    const { run } = newConsole()
    await run(`CREATE TABLE t (id BIGINT GENERATED ALWAYS AS IDENTITY (START WITH 10 INCREMENT BY 5), \`a name\` STRING NOT NULL
      COMMENT 'who', price DECIMAL(10,2) DEFAULT 1.50, at TIMESTAMP, day DATE GENERATED ALWAYS AS (CAST(at AS DATE)),
      CONSTRAINT positive CHECK (price > 0)) USING DELTA PARTITIONED BY (day) TBLPROPERTIES ('delta.appendOnly' = false, owner = 'me')`)
    const rows = `INSERT INTO t (\`a name\`, price, at) VALUES ('x', DEFAULT, timestamp '2024-01-01 10:00:00'), ('y;', 2, NULL)`
    expect(await run(rows)).toEqual(['{"num_affected_rows":2,"num_inserted_rows":2}'])
    expect(await run('SELECT id, "a name", price, day FROM t ORDER BY id')).toEqual([
      '{"id":10,"a name":"x","price":"1.50","day":"2024-01-01"}',
      '{"id":15,"a name":"y;","price":"2.00","day":null}',
    ])
    await expect(run("INSERT INTO t (`a name`, price) VALUES ('z', -1)")).rejects.toMatchObject({
      code: 'DW-TABLE-0016',
    })
    await expect(run('INSERT INTO t VALUES (1)')).rejects.toMatchObject({ code: 'DW-CLI-0004' })
    await run('CREATE TABLE IF NOT EXISTS t (other INT)')
    await expect(run('CREATE TABLE t (other INT)')).rejects.toMatchObject({ code: 'DW-TABLE-0011' })
    expect(await run("SHOW TBLPROPERTIES t ('owner')")).toEqual(['{"key":"owner","value":"me"}'])
    expect((await run('DESCRIBE t')).slice(0, 2)).toEqual([
      '{"col_name":"id","data_type":"bigint","comment":null}',
      '{"col_name":"a name","data_type":"string","comment":"who"}',
    ])
  })

  it('D-58, D-59, D-60, D-61: INSERT OVERWRITE of all, of a partition, of the partitions that come, REPLACE WHERE and USING', async () => {
    const { run } = newConsole()
    const all = () => run('SELECT id, p FROM t ORDER BY p, id')
    await run("CREATE TABLE t USING delta PARTITIONED BY (p) AS SELECT 1 AS id, 'a' AS p UNION ALL SELECT 2, 'b'")
    await run("INSERT OVERWRITE t PARTITION (p = 'a') VALUES (7)")
    expect(await all()).toEqual(['{"id":7,"p":"a"}', '{"id":2,"p":"b"}'])
    await run("INSERT OVERWRITE t PARTITION (p) VALUES (8, 'b')")
    expect(await all()).toEqual(['{"id":7,"p":"a"}', '{"id":8,"p":"b"}'])
    await run("INSERT INTO t REPLACE WHERE p = 'a' SELECT 9, 'a'")
    expect(await all()).toEqual(['{"id":9,"p":"a"}', '{"id":8,"p":"b"}'])
    await run("INSERT INTO t REPLACE USING (p) SELECT 8, 'b' UNION ALL SELECT 10, 'b'")
    expect(await all()).toEqual(['{"id":9,"p":"a"}', '{"id":8,"p":"b"}', '{"id":10,"p":"b"}'])
    await run('DELETE FROM t WHERE id = 10')
    await run("INSERT INTO t BY NAME SELECT 'c' AS p, 3 AS id")
    await run("INSERT INTO t WITH SCHEMA EVOLUTION (id, p) SELECT 4, 'd', 'more' AS extra")
    expect(await run("SELECT * FROM t WHERE p > 'b' ORDER BY p")).toEqual([
      '{"id":3,"p":"c","extra":null}',
      '{"id":4,"p":"d","extra":"more"}',
    ])
    await run("INSERT OVERWRITE t VALUES (0, 'z', NULL)")
    expect(await all()).toEqual(['{"id":0,"p":"z"}'])
  })

  it('D-62, D-63, D-64: UPDATE, DELETE and MERGE with clauses tried in their order', async () => {
    const { run } = newConsole()
    await run("CREATE TABLE t AS SELECT 1 AS id, 'a' AS name UNION ALL SELECT 2, 'b' UNION ALL SELECT 3, 'c'")
    expect(await run("UPDATE t AS x SET x.name = concat(x.name, '!') WHERE x.id = 1")).toEqual([
      '{"num_affected_rows":1}',
    ])
    expect(await run('DELETE FROM t WHERE t.id = 3')).toEqual(['{"num_affected_rows":1}'])
    const merged =
      await run(`MERGE INTO t USING (SELECT 1 AS id, 'new' AS name UNION ALL SELECT 5, 'five') AS s ON t.id = s.id
      WHEN MATCHED AND s.name = 'new' THEN UPDATE SET name = s.name WHEN MATCHED THEN DELETE
      WHEN NOT MATCHED AND s.id > 100 THEN INSERT * WHEN NOT MATCHED THEN INSERT (id, name) VALUES (s.id, upper(s.name))
      WHEN NOT MATCHED BY SOURCE AND t.id = 2 THEN DELETE`)
    expect(merged).toEqual(['{"num_affected_rows":3,"num_updated_rows":1,"num_deleted_rows":1,"num_inserted_rows":1}'])
    expect(await run('SELECT * FROM t ORDER BY id')).toEqual(['{"id":1,"name":"new"}', '{"id":5,"name":"FIVE"}'])
    await expect(
      run(
        'MERGE INTO t USING (SELECT 1 AS id UNION ALL SELECT 1) s ON t.id = s.id WHEN MATCHED THEN UPDATE SET id = s.id',
      ),
    ).rejects.toMatchObject({ code: 'DW-TABLE-0007' })
    expect(await run('TRUNCATE TABLE t')).toEqual(['{"num_affected_rows":2}'])
  })

  it('D-20, D-21, D-47: versions, times and table_changes in queries', async () => {
    const { run, folder } = newConsole()
    await run('CREATE TABLE t TBLPROPERTIES (delta.enableChangeDataFeed = true) AS SELECT 1 AS id')
    await run('UPDATE t SET id = 2')
    expect(await run('SELECT x.id FROM t VERSION AS OF 0 AS x')).toEqual(['{"id":1}'])
    expect(await run("SELECT count(*) AS n FROM t TIMESTAMP AS OF '2999-01-01'")).toEqual(['{"n":1}'])
    expect(await run(`SELECT * FROM delta.\`${folder}/t\``)).toEqual(['{"id":2}'])
    expect(await run("SELECT id, _change_type FROM table_changes('t', 0, 1) ORDER BY _commit_version, id")).toEqual([
      '{"id":1,"_change_type":"insert"}',
      '{"id":1,"_change_type":"update_preimage"}',
      '{"id":2,"_change_type":"update_postimage"}',
    ])
  })

  it('D-33, D-40, D-51, D-54, D-82: ALTER TABLE', async () => {
    const { run } = newConsole()
    await run(
      "CREATE TABLE t (id INT, s STRUCT<a: INT, b: STRING>) TBLPROPERTIES ('delta.columnMapping.mode' = 'name')",
    )
    await run(`ALTER TABLE t ADD COLUMNS (n BIGINT COMMENT 'count' FIRST, s.c DATE AFTER a);
      ALTER TABLE t RENAME COLUMN s.b TO bb; ALTER TABLE t DROP COLUMN s.a; ALTER TABLE t ALTER COLUMN id COMMENT 'key';
      ALTER TABLE t ALTER COLUMN id AFTER s; ALTER TABLE t ALTER COLUMN n SET DEFAULT 5;
      ALTER TABLE t ADD CONSTRAINT c CHECK (n > 0); ALTER TABLE t SET TBLPROPERTIES ('delta.enableTypeWidening' = 'true');
      ALTER TABLE t ALTER COLUMN id TYPE BIGINT; ALTER TABLE t ALTER COLUMN n SET NOT NULL; ALTER TABLE t CLUSTER BY (id)`)
    expect(await run('DESCRIBE t')).toEqual([
      '{"col_name":"n","data_type":"bigint","comment":"count"}',
      '{"col_name":"s","data_type":"struct<c:date,bb:string>","comment":null}',
      '{"col_name":"id","data_type":"bigint","comment":"key"}',
    ])
    await run(`ALTER TABLE t DROP CONSTRAINT c; ALTER TABLE t DROP CONSTRAINT IF EXISTS c; ALTER TABLE t CLUSTER BY NONE;
      ALTER TABLE t UNSET TBLPROPERTIES IF EXISTS (nope); ALTER TABLE t DROP FEATURE checkConstraints`)
    await expect(run('ALTER TABLE t DROP CONSTRAINT c')).rejects.toMatchObject({ code: 'DW-TABLE-0020' })
    await expect(run('ALTER TABLE t FROBNICATE')).rejects.toMatchObject({
      message: expect.stringContaining('line 1, column 15'),
    })
  })

  it('D-66 to D-71, D-78, D-80, D-81, D-83, D-84: clone, convert, maintain, describe', async () => {
    const { run, folder } = newConsole()
    await run(
      "CREATE TABLE t PARTITIONED BY (p) AS SELECT 1 AS id, 'a' AS p; INSERT INTO t VALUES (2, 'a'); INSERT INTO t VALUES (3, 'b')",
    )
    await run(
      "CREATE TABLE early SHALLOW CLONE t VERSION AS OF 0; CREATE TABLE copy DEEP CLONE t TBLPROPERTIES ('x' = 'y')",
    )
    expect(await run('SELECT count(*) AS n FROM early')).toEqual(['{"n":1}'])
    expect(JSON.parse((await run("OPTIMIZE t WHERE p = 'a'"))[0]!)).toMatchObject({
      path: expect.stringContaining('/t'),
    })
    expect(await run('SHOW PARTITIONS t')).toEqual(['{"p":"a"}', '{"p":"b"}'])
    const history = (await run('DESCRIBE HISTORY t LIMIT 2')).map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(history.map(({ version, operation }) => [version, operation])).toEqual([
      [3, 'OPTIMIZE'],
      [2, 'WRITE'],
    ])
    expect(JSON.parse((await run('DESCRIBE DETAIL t'))[0]!)).toMatchObject({
      format: 'delta',
      numFiles: 2,
      partitionColumns: ['p'],
    })
    expect(JSON.parse((await run('RESTORE TABLE t TO VERSION AS OF 0'))[0]!)).toMatchObject({ num_restored_files: 1 })
    expect(await run('SELECT * FROM t')).toEqual(['{"id":1,"p":"a"}'])
    expect(await run('VACUUM t RETAIN 1000 HOURS DRY RUN')).toEqual([])
    await expect(run('VACUUM t RETAIN 0 HOURS')).rejects.toMatchObject({ code: 'DW-TABLE-0009' })
    await run('GENERATE symlink_format_manifest FOR TABLE t; REORG TABLE t APPLY (PURGE)')
    expect(await run('FSCK REPAIR TABLE t DRY RUN')).toEqual([])
    await expect(run(`CONVERT TO DELTA parquet.\`${folder}/t\` PARTITIONED BY (p STRING)`)).rejects.toMatchObject({
      code: 'DW-TABLE-0011',
    })
  })

  it('O-03: what is not understood is told with its place, and changes nothing', () => {
    const refused = (text: string, part: string): void => {
      expect(() => parseDeltaStatement(text)).toThrow(
        expect.objectContaining({ code: 'DW-CLI-0004', message: expect.stringContaining(part) }) as Error,
      )
    }
    refused('DELETE t', 'FROM is expected at line 1, column 8, but there is "t"')
    refused('UPDATE t SET\n a 1', '= is expected at line 2, column 4')
    refused('MERGE INTO t USING s ON true', 'WHEN is expected, but there is the end')
    refused('CREATE TABLE t (a FANCY)', 'FANCY')
    refused('CREATE TABLE t (a INT) USING parquet', 'USING DELTA')
    refused("VACUUM 'x", 'does not end')
    expect(parseDeltaStatement('SELECT 1')).toBeNull()
    expect(parseDeltaStatement('SHOW functions')).toBeNull()
    expect(statementsIn("select ';' ; -- a; b\n /* ; */ select 2;")).toEqual([
      "select ';'",
      '-- a; b\n /* ; */ select 2',
    ])
    expect(withPostgresNames('select `a``"b` from "c"')).toBe('select "a`""b" from "c"')
  })
})
