/*
 * SQL that Spark and our console both run, each on a table of its own; `{t}` is the table. Both must have the same rows at every
 * version.
 */

interface Twin {
  readonly create: string
  readonly statements: readonly string[]
}

const source = (rows: string): string => `(SELECT * FROM (VALUES ${rows}) AS s(id, v, n)) s`
const columns = '(id BIGINT, v STRING, n INT)'

/** Merges of random clauses over random rows; the same seed gives the same text. */
function randomMerges(seed: number, count: number): readonly string[] {
  let state = seed
  const random = (below: number): number => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return Math.floor((state / 2_147_483_648) * below)
  }
  const row = (id: number): string => `(${id}, ${random(5) === 0 ? 'NULL' : `'v${random(6)}'`}, ${random(9)})`
  return Array.from({ length: count }, () => {
    const ids = Array.from({ length: 24 }, (_, id) => id).filter(() => random(3) === 0)
    const clauses = [
      random(2) === 0 ? 'WHEN MATCHED AND s.n > 6 THEN DELETE' : '',
      random(2) === 0 ? 'WHEN MATCHED AND t.n < s.n THEN UPDATE SET v = concat(t.v, s.v), n = s.n + 1' : '',
      random(3) > 0 ? 'WHEN MATCHED THEN UPDATE SET *' : '',
      random(2) === 0 ? 'WHEN NOT MATCHED AND s.v IS NULL THEN INSERT (id, n) VALUES (s.id + 100, s.n)' : '',
      random(3) > 0 ? 'WHEN NOT MATCHED THEN INSERT *' : '',
      random(3) === 0 ? 'WHEN NOT MATCHED BY SOURCE AND t.n > 7 THEN DELETE' : '',
      random(3) === 0 ? 'WHEN NOT MATCHED BY SOURCE AND t.id > 20 THEN UPDATE SET n = 0' : '',
    ].filter((clause) => clause !== '')
    if (clauses.length === 0) clauses.push('WHEN NOT MATCHED THEN INSERT *')
    const rows = (ids.length === 0 ? [0] : ids).map(row).join(', ')
    return `MERGE INTO {t} t USING ${source(rows)} ON t.id = s.id ${clauses.join(' ')}`
  })
}

const start = `INSERT INTO {t} VALUES ${Array.from({ length: 20 }, (_, id) => `(${id}, 'v${id % 4}', ${id % 9})`).join(', ')}`

const merges = (seed: number, rest: string): Twin => ({
  create: `CREATE TABLE {t} ${columns} USING DELTA ${rest}`,
  statements: [start, ...randomMerges(seed, 8)],
})

export const twins: Readonly<Record<string, Twin>> = {
  'merge-1': merges(1, ''),
  'merge-2': merges(22, 'PARTITIONED BY (n)'),
  'merge-vectors': merges(333, "TBLPROPERTIES ('delta.enableDeletionVectors'='true')"),
  'merge-mapped': merges(4444, "TBLPROPERTIES ('delta.columnMapping.mode'='name', 'delta.enableRowTracking'='true')"),
  changes: {
    create: `CREATE TABLE {t} ${columns} USING DELTA TBLPROPERTIES ('delta.enableDeletionVectors'='true')`,
    statements: [
      start,
      'UPDATE {t} SET n = n * 2, v = upper(v) WHERE id % 3 = 0 AND v IS NOT NULL',
      "UPDATE {t} SET v = NULL WHERE n BETWEEN 4 AND 6 OR v LIKE 'V%'",
      'DELETE FROM {t} WHERE id IN (1, 2, 3) OR (v IS NULL AND n > 8)',
      'INSERT INTO {t} (n, id) VALUES (7, 77)',
      "DELETE FROM {t} WHERE v = 'nothing'",
      'INSERT OVERWRITE {t} SELECT id + 1, v, n FROM {t} WHERE id < 10',
      "INSERT INTO {t} REPLACE WHERE id > 8 VALUES (9, 'nine', 9), (10, NULL, NULL)",
      'TRUNCATE TABLE {t}',
      'RESTORE TABLE {t} TO VERSION AS OF 3',
    ],
  },
  altered: {
    create: `CREATE TABLE {t} ${columns} USING DELTA TBLPROPERTIES ('delta.columnMapping.mode'='name')`,
    statements: [
      start,
      'ALTER TABLE {t} ADD COLUMNS (extra DOUBLE AFTER id, s STRUCT<a: INT, b: STRING>)',
      "INSERT INTO {t} VALUES (50, 1.5, 'fifty', 5, named_struct('a', 1, 'b', 'x'))",
      'ALTER TABLE {t} RENAME COLUMN v TO label',
      "UPDATE {t} SET label = 'set', s = named_struct('a', 2, 'b', label) WHERE id > 17",
      'ALTER TABLE {t} DROP COLUMN n',
      "ALTER TABLE {t} ALTER COLUMN label COMMENT 'what it is called'",
      'ALTER TABLE {t} ADD CONSTRAINT known CHECK (id < 1000)',
      "INSERT INTO {t} (id, label) VALUES (60, 'sixty')",
    ],
  },
  rules: {
    create:
      "CREATE TABLE {t} (id BIGINT GENERATED ALWAYS AS IDENTITY (START WITH 10 INCREMENT BY 5), day DATE, year INT GENERATED ALWAYS AS (year(day)), v STRING DEFAULT 'none') USING DELTA TBLPROPERTIES ('delta.feature.allowColumnDefaults'='supported')",
    statements: [
      "INSERT INTO {t} (day, v) VALUES (DATE'2020-02-29', 'leap')",
      "INSERT INTO {t} (day) VALUES (DATE'1999-12-31')",
      "UPDATE {t} SET day = DATE'2001-01-01' WHERE v = 'leap'",
    ],
  },
}
