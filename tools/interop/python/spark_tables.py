"""Tables of Spark + Delta, a feature each, as the SQL that makes them.

`{t}` is the table, `{f}` the folder of all. A statement that begins with SET is a setting for the statements behind it. Where this
Spark refuses a statement marked with a leading `?`, the table goes on without it.
"""

import json
import os
import sys

sys.path.insert(0, os.path.dirname(__file__))

TYPES = "b BOOLEAN, i8 TINYINT, i16 SMALLINT, i32 INT, i64 BIGINT, f32 FLOAT, f64 DOUBLE, d DECIMAL(20,3), s STRING, day DATE, at TIMESTAMP, nt TIMESTAMP_NTZ"

NESTED = (
    "(id BIGINT, s STRUCT<a: INT, b: STRUCT<c: STRING, d: ARRAY<STRUCT<x: INT, y: STRING>>>>, "
    "m MAP<STRING, STRUCT<k: INT, l: ARRAY<INT>>>, aa ARRAY<ARRAY<STRUCT<z: DATE>>>)"
)
NESTED_ROWS = (
    "SELECT id, named_struct('a', cast(id AS INT), 'b', named_struct('c', concat('c', id), 'd', array(named_struct('x', cast(id AS INT), 'y', 'why'), null))), "
    "map(concat('k', id), named_struct('k', cast(id AS INT), 'l', array(1, null, cast(id AS INT))), 'none', null), "
    "array(array(named_struct('z', date_add(DATE'2020-01-01', cast(id AS INT)))), array(), null) FROM range({n})"
)


def nested(mode):
    return [
        f"CREATE TABLE {{t}} {NESTED} USING DELTA TBLPROPERTIES ('delta.columnMapping.mode'='{mode}', 'delta.enableDeletionVectors'='true')",
        "INSERT INTO {t} " + NESTED_ROWS.replace("{n}", "6"),
        "ALTER TABLE {t} RENAME COLUMN s.b.c TO renamed",
        "ALTER TABLE {t} ADD COLUMNS (s.b.e DOUBLE, m.value.n STRING, aa.element.element.w BOOLEAN)",
        "INSERT INTO {t} SELECT 100, named_struct('a', 1, 'b', named_struct('renamed', 'r', 'd', null, 'e', 2.5D)), map('q', named_struct('k', 1, 'l', null, 'n', 'en')), array(array(named_struct('z', null, 'w', true)))",
        "ALTER TABLE {t} DROP COLUMN s.a",
        "DELETE FROM {t} WHERE id IN (1, 2)",
        "ALTER TABLE {t} RENAME COLUMN m TO `map of things`",
        "UPDATE {t} SET s.b.renamed = 'set' WHERE id = 3",
        "ALTER TABLE {t} DROP COLUMN s.b.d",
        "ALTER TABLE {t} ADD COLUMN s.b.d STRING",
    ]


def changes(properties, partitioned=""):
    return [
        f"CREATE TABLE {{t}} (id BIGINT, p INT, v STRING) USING DELTA {partitioned} TBLPROPERTIES ('delta.enableChangeDataFeed'='true' {properties})",
        "INSERT INTO {t} SELECT id, id % 3, concat('v', id) FROM range(12)",
        "UPDATE {t} SET v = 'updated' WHERE id % 4 = 1",
        "DELETE FROM {t} WHERE id = 2",
        "DELETE FROM {t} WHERE p = 0",
        "MERGE INTO {t} t USING (SELECT id, 7 AS p, concat('m', id) AS v FROM range(3, 16, 2)) s ON t.id = s.id WHEN MATCHED AND s.id = 5 THEN DELETE WHEN MATCHED THEN UPDATE SET v = s.v WHEN NOT MATCHED THEN INSERT *",
        "ALTER TABLE {t} ADD COLUMN extra DOUBLE",
        "INSERT INTO {t} VALUES (50, 1, 'fifty', 5.0), (51, null, null, null)",
        "UPDATE {t} SET extra = 1.5, p = 2 WHERE v LIKE 'm%'",
        "OPTIMIZE {t}",
        "INSERT OVERWRITE {t} SELECT id, 1, 'over', 0.5D FROM range(2)",
        "TRUNCATE TABLE {t}",
    ]


def partitions(column, kind, values):
    return [
        f"CREATE TABLE {{t}} (id INT, `{column}` {kind}) USING DELTA PARTITIONED BY (`{column}`)",
        *[f"INSERT INTO {{t}} VALUES ({i}, {value})" for i, value in enumerate(values)],
        "CHECKPOINT",
        f"DELETE FROM {{t}} WHERE `{column}` = {values[0]}",
    ]


PARTITIONS = {
    "boolean": ("BOOLEAN", ["true", "false", "null"]),
    "byte": ("TINYINT", ["-128Y", "127Y", "null"]),
    "float": ("FLOAT", ["float('1.5')", "float('NaN')", "float('-Infinity')", "float('1e20')", "float('-0.0')", "null"]),
    "double": ("DOUBLE", ["1.0D", "double('NaN')", "double('Infinity')", "1e-10D", "123456789.125D", "null"]),
    "decimal": ("DECIMAL(38,10)", ["1.5", "-12345678901234567890.0123456789", "0", "null"]),
    "date": ("DATE", ["DATE'2020-02-29'", "DATE'0001-01-01'", "DATE'9999-12-31'", "DATE'1582-10-04'", "null"]),
    "timestamp": ("TIMESTAMP", ["TIMESTAMP'2020-01-01 00:00:00'", "TIMESTAMP'2020-06-01 12:34:56.789'", "TIMESTAMP'1969-12-31 23:59:59.999999'", "null"]),
    "timestamp-ntz": ("TIMESTAMP_NTZ", ["TIMESTAMP_NTZ'2020-01-01 00:00:00'", "TIMESTAMP_NTZ'2021-03-28 02:30:00.000001'", "null"]),
    "string": ("STRING", ["'plain'", "''", "' lead'", "'trail '", "'a/b=c%20d'", "'__HIVE_DEFAULT_PARTITION__'", "'null'", "'#?&+é名🙂'", "'a:b*c\"d<e>f|g'", "'\\n\\t'", "'..'", "null"]),
    "binary": ("BINARY", ["X'616263'", "X'00C3A9'", "null"]),
}

TABLES = {
    "types-and-defaults": [
        f"CREATE TABLE {{t}} (id INT, {TYPES}) USING DELTA TBLPROPERTIES ('delta.checkpointInterval'='3')",
        "INSERT INTO {t} VALUES (1, true, -128, -32768, -2147483648, -9223372036854775808, float('-3.4e38'), -1.7e308, -12345678901234567.123, 'é', DATE'0001-01-01', TIMESTAMP'1500-01-01 00:00:00', TIMESTAMP_NTZ'0001-01-01 00:00:00')",
        "INSERT INTO {t} VALUES (2, false, 127, 32767, 2147483647, 9223372036854775807, float('NaN'), double('Infinity'), 0, '', DATE'9999-12-31', TIMESTAMP'9999-12-31 23:59:59.999999', TIMESTAMP_NTZ'9999-12-31 23:59:59.999999')",
        "INSERT INTO {t} (id) VALUES (3)",
        "ALTER TABLE {t} SET TBLPROPERTIES ('delta.feature.allowColumnDefaults'='supported')",
        "ALTER TABLE {t} ALTER COLUMN s SET DEFAULT 'none'",
        "INSERT INTO {t} (id) VALUES (4)",
        "UPDATE {t} SET f32 = 0.1 WHERE id = 4",
    ],
    "characters-and-void": [
        "CREATE TABLE {t} (c STRING, v VARCHAR(10), a ARRAY<VARCHAR(3)>, n VOID, s STRUCT<x: INT, y: VOID>) USING DELTA",
        "?INSERT INTO {t} VALUES ('ab', 'varchar', array('abc'), null, named_struct('x', 1, 'y', null))",
        "?INSERT INTO {t} (c, v) VALUES ('é', null)",
    ],
    "changes-restored": [
        "CREATE TABLE {t} (id BIGINT, v STRING) USING DELTA TBLPROPERTIES ('delta.enableChangeDataFeed'='true', 'delta.enableDeletionVectors'='true')",
        "INSERT INTO {t} SELECT id, 'a' FROM range(10)",
        "DELETE FROM {t} WHERE id = 3",
        "UPDATE {t} SET v = 'b' WHERE id > 7",
        "RESTORE TABLE {t} TO VERSION AS OF 1",
        "INSERT INTO {t} REPLACE WHERE id < 2 VALUES (0, 'again')",
    ],
    "nested-names": nested("name"),
    "nested-ids": nested("id"),
    "odd-names": [
        "CREATE TABLE {t} (`a b` INT, `c.d` STRING, `é,;{}()=` DOUBLE, `p q/r` STRING, s STRUCT<`x.y`: INT, `z z`: INT>) USING DELTA PARTITIONED BY (`p q/r`) TBLPROPERTIES ('delta.columnMapping.mode'='name')",
        "INSERT INTO {t} VALUES (1, 'one', 1.0, 'a/b', named_struct('x.y', 1, 'z z', 2)), (2, null, null, null, null)",
        "ALTER TABLE {t} RENAME COLUMN `p q/r` TO `new part`",
        "ALTER TABLE {t} RENAME COLUMN `c.d` TO `d.c`",
        "INSERT INTO {t} VALUES (3, 'three', 3.0, 'c%d', named_struct('x.y', 3, 'z z', 4))",
        "DELETE FROM {t} WHERE `new part` = 'a/b'",
    ],
    "mapping-upgrade": [
        "CREATE TABLE {t} (id INT, P STRING, v STRUCT<a: INT>) USING DELTA PARTITIONED BY (p)",
        "INSERT INTO {t} VALUES (1, 'x', named_struct('a', 1))",
        "ALTER TABLE {t} SET TBLPROPERTIES ('delta.columnMapping.mode'='name')",
        "ALTER TABLE {t} RENAME COLUMN v.a TO b",
        "INSERT INTO {t} VALUES (2, 'y', named_struct('b', 2))",
        "ALTER TABLE {t} DROP COLUMN id",
        "CHECKPOINT",
        "INSERT INTO {t} VALUES ('z', named_struct('b', 3))",
    ],
    "changes-files": changes(""),
    "changes-vectors": changes(", 'delta.enableDeletionVectors'='true'"),
    "changes-partitioned": changes(", 'delta.enableDeletionVectors'='true'", "PARTITIONED BY (p)"),
    "changes-mapped": changes(", 'delta.columnMapping.mode'='name'", "PARTITIONED BY (p)"),
    "type-widening": [
        "CREATE TABLE {t} (p TINYINT, a TINYINT, b SMALLINT, c INT, f FLOAT, d DECIMAL(5,2), day DATE, s STRUCT<x: SMALLINT>, l ARRAY<INT>, m MAP<SMALLINT, TINYINT>) USING DELTA PARTITIONED BY (p) TBLPROPERTIES ('delta.enableTypeWidening'='true', 'delta.enableDeletionVectors'='true')",
        "INSERT INTO {t} VALUES (1, 1, 2, 3, 1.5, 1.25, DATE'1960-02-29', named_struct('x', 7S), array(1, null), map(1S, 2Y))",
        "ALTER TABLE {t} ALTER COLUMN p TYPE INT",
        "ALTER TABLE {t} ALTER COLUMN a TYPE BIGINT",
        "ALTER TABLE {t} ALTER COLUMN b TYPE INT",
        "ALTER TABLE {t} ALTER COLUMN c TYPE BIGINT",
        "?ALTER TABLE {t} ALTER COLUMN c TYPE DECIMAL(22,2)",
        "ALTER TABLE {t} ALTER COLUMN f TYPE DOUBLE",
        "ALTER TABLE {t} ALTER COLUMN d TYPE DECIMAL(10,4)",
        "ALTER TABLE {t} ALTER COLUMN day TYPE TIMESTAMP_NTZ",
        "ALTER TABLE {t} ALTER COLUMN s.x TYPE INT",
        "ALTER TABLE {t} ALTER COLUMN l.element TYPE BIGINT",
        "ALTER TABLE {t} ALTER COLUMN m.key TYPE INT",
        "ALTER TABLE {t} ALTER COLUMN m.value TYPE INT",
        "INSERT INTO {t} VALUES (100000, 10000000000, 70000, 3000000000, 1e100, 123456.7891, TIMESTAMP_NTZ'2020-01-01 12:00:00', named_struct('x', 70000), array(5000000000), map(70000, 70000))",
        "CHECKPOINT",
        "DELETE FROM {t} WHERE a = 1",
    ],
    "type-widening-decimals": [
        "CREATE TABLE {t} (a TINYINT, b SMALLINT, c INT, d BIGINT, x TINYINT, y INT) USING DELTA TBLPROPERTIES ('delta.enableTypeWidening'='true')",
        "INSERT INTO {t} VALUES (1, 2, 3, 4, 5, 6), (null, null, null, null, null, null)",
        "?ALTER TABLE {t} ALTER COLUMN a TYPE DECIMAL(12,2)",
        "?ALTER TABLE {t} ALTER COLUMN b TYPE DECIMAL(10,0)",
        "?ALTER TABLE {t} ALTER COLUMN c TYPE DECIMAL(20,5)",
        "?ALTER TABLE {t} ALTER COLUMN d TYPE DECIMAL(38,10)",
        "?ALTER TABLE {t} ALTER COLUMN x TYPE DOUBLE",
        "?ALTER TABLE {t} ALTER COLUMN y TYPE DOUBLE",
        "INSERT INTO {t} VALUES (10, 20, 30, 40, 50, 60)",
        "OPTIMIZE {t}",
    ],
    "checkpoints-multi-part": [
        "SET spark.databricks.delta.checkpoint.partSize=3",
        "CREATE TABLE {t} (id BIGINT, p INT) USING DELTA PARTITIONED BY (p) TBLPROPERTIES ('delta.checkpointInterval'='2')",
        "INSERT INTO {t} SELECT id, id % 7 FROM range(70)",
        "DELETE FROM {t} WHERE p = 3",
        "INSERT INTO {t} SELECT id, id % 7 FROM range(70, 80)",
        "SET spark.databricks.delta.checkpoint.partSize=1000000",
    ],
    "checkpoints-v2-parquet": [
        "SET spark.databricks.delta.checkpointV2.topLevelFileFormat=parquet",
        "SET spark.databricks.delta.checkpoint.partSize=2",
        "CREATE TABLE {t} (id BIGINT, p INT) USING DELTA PARTITIONED BY (p) TBLPROPERTIES ('delta.checkpointInterval'='2','delta.checkpointPolicy'='v2','delta.enableDeletionVectors'='true')",
        "INSERT INTO {t} SELECT id, id % 5 FROM range(50)",
        "DELETE FROM {t} WHERE id % 10 = 3",
        "INSERT INTO {t} SELECT id, id % 7 FROM range(70, 80)",
        "SET spark.databricks.delta.checkpoint.partSize=1000000",
    ],
    "checkpoints-v2-json": [
        "SET spark.databricks.delta.checkpointV2.topLevelFileFormat=json",
        "CREATE TABLE {t} (id BIGINT, p INT) USING DELTA PARTITIONED BY (p) CLUSTER BY NONE TBLPROPERTIES ('delta.checkpointInterval'='2','delta.checkpointPolicy'='v2')".replace(" CLUSTER BY NONE", ""),
        "INSERT INTO {t} SELECT id, id % 5 FROM range(50)",
        "DELETE FROM {t} WHERE p = 3",
        "INSERT INTO {t} SELECT id, id % 7 FROM range(70, 80)",
        "DELETE FROM {t} WHERE id = 71",
        "SET spark.databricks.delta.checkpointV2.topLevelFileFormat=parquet",
    ],
    "statistics-struct-only": [
        "CREATE TABLE {t} (id BIGINT, s STRING, d DECIMAL(20,2), x STRUCT<day: DATE, at TIMESTAMP>) USING DELTA TBLPROPERTIES ('delta.checkpointInterval'='2', 'delta.checkpoint.writeStatsAsJson'='false', 'delta.checkpoint.writeStatsAsStruct'='true')".replace("at TIMESTAMP", "at: TIMESTAMP"),
        "INSERT INTO {t} SELECT id, repeat('é', 40), id / 3, named_struct('day', DATE'2020-01-01', 'at', TIMESTAMP'2020-01-01 00:00:00.123456') FROM range(10)",
        "INSERT INTO {t} SELECT id, 'x', -id, null FROM range(100, 110)",
        "DELETE FROM {t} WHERE id = 105",
    ],
    "timestamps-in-commit-later": [
        "CREATE TABLE {t} (id INT) USING DELTA TBLPROPERTIES ('delta.enableInCommitTimestamps'='false')",
        "INSERT INTO {t} VALUES (1)",
        "ALTER TABLE {t} SET TBLPROPERTIES ('delta.enableInCommitTimestamps'='true')",
        "INSERT INTO {t} VALUES (2)",
        "CHECKPOINT",
        "INSERT INTO {t} VALUES (3)",
    ],
    "variants": [
        "CREATE TABLE {t} (id INT, v VARIANT, s STRUCT<w: VARIANT>, a ARRAY<VARIANT>) USING DELTA TBLPROPERTIES ('delta.enableDeletionVectors'='true')",
        "INSERT INTO {t} SELECT 1, parse_json('{\"a\": [1, 2.50, null, \"é\\\\n\"], \"b\": {\"c\": true}}'), named_struct('w', parse_json('12345678901')), array(parse_json('null'), null)",
        "INSERT INTO {t} SELECT 2, to_variant_object(named_struct('d', DATE'2020-01-01', 't', TIMESTAMP'2020-01-01 01:02:03.5', 'n', TIMESTAMP_NTZ'2020-01-01 00:00:00', 'f', float('1.5'), 'g', 1e300D, 'x', X'0102', 'z', cast(1.23 AS DECIMAL(38,10)))), null, null",
        "INSERT INTO {t} SELECT id, parse_json(concat('[', id, ', \"', repeat('long ', 20), '\"]')), null, null FROM range(10, 14)",
        "DELETE FROM {t} WHERE id = 11",
        "CHECKPOINT",
    ],
    "variants-shredded": [
        "SET spark.sql.variant.writeShredding.enabled=true",
        "?SET spark.sql.variant.forceShreddingSchemaForTest=a bigint, b string, c struct<d double>",
        "CREATE TABLE {t} (id INT, v VARIANT) USING DELTA TBLPROPERTIES ('delta.enableVariantShredding'='true')",
        "INSERT INTO {t} SELECT 1, parse_json('{\"a\": 1, \"b\": \"x\", \"c\": {\"d\": 1.5}, \"e\": [1]}')",
        "INSERT INTO {t} SELECT 2, parse_json('{\"a\": \"text\", \"b\": 5, \"c\": 7}')",
        "INSERT INTO {t} SELECT 3, parse_json('[1, 2]')",
        "INSERT INTO {t} SELECT 4, null",
        "?SET spark.sql.variant.forceShreddingSchemaForTest=",
        "SET spark.sql.variant.writeShredding.enabled=false",
    ],
    "row-tracking": [
        "CREATE TABLE {t} (id INT, v STRING) USING DELTA TBLPROPERTIES ('delta.enableRowTracking'='true', 'delta.enableDeletionVectors'='true')",
        "INSERT INTO {t} SELECT id, 'a' FROM range(10)",
        "INSERT INTO {t} SELECT id, 'b' FROM range(10, 20)",
        "UPDATE {t} SET v = 'u' WHERE id IN (3, 13)",
        "OPTIMIZE {t}",
        "DELETE FROM {t} WHERE id = 5",
        "MERGE INTO {t} t USING (SELECT 7 AS id, 'm' AS v UNION ALL SELECT 70, 'n') s ON t.id = s.id WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *",
    ],
    "rules": [
        "CREATE TABLE {t} (id BIGINT GENERATED ALWAYS AS IDENTITY (START WITH 5 INCREMENT BY 3), at TIMESTAMP NOT NULL, day DATE GENERATED ALWAYS AS (CAST(at AS DATE)), n INT) USING DELTA PARTITIONED BY (day)",
        "ALTER TABLE {t} ADD CONSTRAINT positive CHECK (n > 0)",
        "INSERT INTO {t} (at, n) VALUES (TIMESTAMP'2020-01-01 10:00:00', 1), (TIMESTAMP'2020-01-02 10:00:00', 2)",
        "INSERT INTO {t} (at, n) VALUES (TIMESTAMP'2021-01-01 10:00:00', 3)",
        "UPDATE {t} SET at = TIMESTAMP'2022-01-01 00:00:00' WHERE n = 1",
    ],
    "clustered": [
        "CREATE TABLE {t} (id INT, s STRUCT<x: INT>, v STRING) USING DELTA CLUSTER BY (id, s.x)",
        "INSERT INTO {t} SELECT id, named_struct('x', id % 10), 'a' FROM range(1000)",
        "INSERT INTO {t} SELECT id, named_struct('x', id % 10), 'b' FROM range(1000)",
        "OPTIMIZE {t}",
        "ALTER TABLE {t} CLUSTER BY (v)",
        "OPTIMIZE {t} FULL",
        "ALTER TABLE {t} CLUSTER BY NONE",
    ],
    "reorganised": [
        "CREATE TABLE {t} (id INT, gone STRING, v STRING) USING DELTA TBLPROPERTIES ('delta.enableDeletionVectors'='true', 'delta.columnMapping.mode'='name')",
        "INSERT INTO {t} SELECT id, 'g', 'a' FROM range(20)",
        "DELETE FROM {t} WHERE id % 3 = 0",
        "ALTER TABLE {t} DROP COLUMN gone",
        "REORG TABLE {t} APPLY (PURGE)",
        "ALTER TABLE {t} DROP FEATURE deletionVectors",
        "INSERT INTO {t} VALUES (99, 'new')",
    ],
    "dynamic-overwrite": [
        "SET spark.sql.sources.partitionOverwriteMode=dynamic",
        "CREATE TABLE {t} (id INT, p STRING) USING DELTA PARTITIONED BY (p)",
        "INSERT INTO {t} VALUES (1, 'a'), (2, 'b'), (3, null)",
        "INSERT OVERWRITE {t} VALUES (10, 'b')",
        "SET spark.sql.sources.partitionOverwriteMode=static",
        "INSERT INTO {t} REPLACE WHERE p = 'a' VALUES (11, 'a')",
    ],
    "replaced": [
        "CREATE TABLE {t} (id INT, p STRING) USING DELTA PARTITIONED BY (p)",
        "INSERT INTO {t} VALUES (1, 'a'), (2, 'b')",
        "CREATE OR REPLACE TABLE {t} (p STRUCT<id: BIGINT>, q DATE) USING DELTA PARTITIONED BY (q)",
        "INSERT INTO {t} VALUES (named_struct('id', 5), DATE'2020-01-01')",
        "CREATE OR REPLACE TABLE {t} USING DELTA AS SELECT 'text' AS id",
    ],
    "clone-shallow": [
        "CREATE TABLE delta.`{f}/cloned source é` (id INT, p STRING) USING DELTA PARTITIONED BY (p) TBLPROPERTIES ('delta.enableDeletionVectors'='true')",
        "INSERT INTO delta.`{f}/cloned source é` SELECT id, concat('a b%', id % 2) FROM range(10)",
        "DELETE FROM delta.`{f}/cloned source é` WHERE id = 4",
        "CREATE TABLE {t} SHALLOW CLONE delta.`{f}/cloned source é`",
        "DELETE FROM {t} WHERE id = 6",
        "INSERT INTO {t} VALUES (70, 'own')",
    ],
    "iceberg-compat": [
        "CREATE TABLE {t} (id INT, m MAP<STRING, ARRAY<INT>>, p TIMESTAMP) USING DELTA PARTITIONED BY (p) TBLPROPERTIES ('delta.enableIcebergCompatV2'='true', 'delta.columnMapping.mode'='name')",
        "INSERT INTO {t} VALUES (1, map('a', array(1)), TIMESTAMP'2020-01-01 00:00:00'), (2, null, null)",
        "INSERT INTO {t} VALUES (3, map('b', array(null)), TIMESTAMP'2020-01-01 00:00:00.5')",
    ],
    "collated": [
        "CREATE TABLE {t} (id INT, c STRING COLLATE UTF8_LCASE, s STRUCT<x: STRING COLLATE UNICODE_CI>) USING DELTA",
        "INSERT INTO {t} VALUES (1, 'Text', named_struct('x', 'É')), (2, 'text', null)",
        "DELETE FROM {t} WHERE c = 'TEXT' AND id = 1",
    ],
    "old-protocol": [
        "CREATE TABLE {t} (ID INT, Name STRING, p INT) USING DELTA PARTITIONED BY (P) TBLPROPERTIES ('delta.minReaderVersion'='1', 'delta.minWriterVersion'='2')",
        "INSERT INTO {t} SELECT id, concat('n', id), id % 2 FROM range(8)",
        "INSERT INTO {t} (name, id, P) VALUES ('last', 9, null)",
        "ALTER TABLE {t} SET TBLPROPERTIES ('delta.minReaderVersion'='2', 'delta.minWriterVersion'='5')",
        "ALTER TABLE {t} SET TBLPROPERTIES ('delta.minReaderVersion'='3', 'delta.minWriterVersion'='7')",
    ],
    "vacuumed": [
        "SET spark.databricks.delta.retentionDurationCheck.enabled=false",
        "CREATE TABLE {t} (id INT) USING DELTA",
        "INSERT INTO {t} SELECT id FROM range(5)",
        "UPDATE {t} SET id = id + 100 WHERE id < 3",
        "VACUUM {t} RETAIN 0 HOURS",
        "INSERT INTO {t} VALUES (7)",
    ],
    **{f"partition-{name}": partitions("p", kind, values) for name, (kind, values) in PARTITIONS.items()},
}


def write(s, folder, only, said):
    """Makes the tables. `said` is given each with the versions that Spark itself can read, and what it refused."""
    from readers_spark import rows

    for name, statements in TABLES.items():
        if only and name not in only:
            continue
        path = os.path.join(folder, f"spark {name}")
        table = f"delta.`{path}`"
        refused = []
        try:
            for statement in statements:
                text = statement.lstrip("?").replace("{t}", table).replace("{f}", folder)
                try:
                    if text == "CHECKPOINT":
                        log = s._jvm.org.apache.spark.sql.delta.DeltaLog.forTable(s._jsparkSession, path)
                        log.checkpoint(log.update(False, s._jvm.scala.Option.empty(), s._jvm.scala.Option.empty()), s._jvm.scala.Option.empty())
                    else:
                        s.sql(text).collect()
                except Exception as error:
                    if not statement.startswith("?") and text != "CHECKPOINT":
                        raise
                    refused.append(f"{statement}: {str(error)[:160]}")
            history = s.sql(f"DESCRIBE HISTORY {table}").collect()
        except Exception as error:
            said(name, path, None, None, [f"{type(error).__name__}: {str(error)[:300]}"])
            continue
        for version in sorted(entry["version"] for entry in history):
            try:
                said(name, path, version, rows(s, path, version), refused)
            except Exception as error:
                said(name, path, version, None, [f"{type(error).__name__}: {str(error)[:300]}"])
            refused = []
        feed(s, name, path, said)


def feed(s, name, path, said):
    """The change data feed from where it is recorded, with its end's schema."""
    from readers_spark import convert

    properties = s.sql(f"DESCRIBE DETAIL delta.`{path}`").collect()[0]["properties"]
    if properties.get("delta.enableChangeDataFeed") != "true":
        return
    frame = s.read.format("delta").option("readChangeFeed", "true").option("startingVersion", 0).load(path).drop("_commit_timestamp")
    try:
        said(name, path, "changes", [convert(frame.schema, row) for row in frame.collect()], [])
    except Exception as error:
        said(name, path, "changes", None, [f"{type(error).__name__}: {str(error)[:300]}"])


def main(folder, only):
    from canonical import normal
    from readers_spark import session

    def said(name, path, version, rows, refused):
        lines = None
        if rows is not None:
            lines = f"{path}.v{version}.jsonl"
            with open(lines, "w", encoding="utf-8") as sink:
                sink.writelines(normal(row) + "\n" for row in rows)
        print(json.dumps({"name": name, "path": path, "version": version, "lines": lines, "refused": refused}, ensure_ascii=False), flush=True)

    write(session(), folder, only, said)


if __name__ == "__main__":
    if sys.argv[1] == "statements":
        print(json.dumps(TABLES))
    else:
        try:
            main(sys.argv[1], sys.argv[2:])
        except Exception as error:
            print(json.dumps({"unavailable": f"{type(error).__name__}: {error}"}), flush=True)
    sys.stdout.flush()
    os._exit(0)
