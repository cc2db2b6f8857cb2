"""Has delta-rs or Spark write tables for us to read.

usage: writers.py WRITER FOLDER
Prints one JSON line a table: {"name", "path", "version", "lines"}; `lines` is the file with what the writer itself reads back.
"""

import datetime
import decimal
import json
import os
import sys

sys.path.insert(0, os.path.dirname(__file__))

from canonical import normal, plain  # noqa: E402


def said(folder, name, path, version, rows):
    lines = os.path.join(folder, f"{name}.v{version}.jsonl")
    with open(lines, "w", encoding="utf-8") as sink:
        for row in rows:
            sink.write(normal(row) + "\n")
    print(json.dumps({"name": name, "path": path, "version": version, "lines": lines}), flush=True)


def delta_rs(folder):
    import deltalake
    import pyarrow as pa

    import arrow_rows

    path = os.path.join(folder, "delta-rs-partitioned")
    table = pa.table(
        {
            "id": pa.array(range(6), pa.int64()),
            "p": pa.array(["a", "b/c d", None, "é%", "a", "b/c d"]),
            "amount": pa.array([decimal.Decimal("1.50"), None, decimal.Decimal("-3.25"), decimal.Decimal("0.00"), None, decimal.Decimal("99.99")], pa.decimal128(12, 2)),
            "at": pa.array([datetime.datetime(2020, 1, 1, 0, 0, i, 123456, tzinfo=datetime.timezone.utc) for i in range(6)], pa.timestamp("us", "UTC")),
            "day": pa.array([datetime.date(1969, 12, 31 - i) for i in range(6)], pa.date32()),
            "tags": pa.array([["x", None], [], None, ["y"], ["z"], []], pa.list_(pa.string())),
        }
    )
    deltalake.write_deltalake(path, table, partition_by=["p"])
    deltalake.write_deltalake(path, table, mode="append")
    handle = deltalake.DeltaTable(path)
    handle.delete("id = 3")
    handle.merge(table.slice(0, 2), "t.id = s.id", source_alias="s", target_alias="t").when_matched_update({"amount": "null"}).execute()
    handle.create_checkpoint()
    deltalake.write_deltalake(path, table.slice(5, 1), mode="append")
    for version in (0, 2, deltalake.DeltaTable(path).version()):
        read = deltalake.DeltaTable(path, version=version).to_pyarrow_table()
        said(folder, "delta-rs-partitioned", path, version, arrow_rows.rows(read))


def spark(folder):
    from readers_spark import session, rows

    s = session()
    path = os.path.join(folder, "spark-features")
    s.sql(f"CREATE TABLE delta.`{path}` (id BIGINT, p STRING, amount DECIMAL(20,4), at TIMESTAMP, s STRUCT<a: INT, b: ARRAY<STRING>>) USING DELTA PARTITIONED BY (p) TBLPROPERTIES ('delta.enableDeletionVectors'='true','delta.columnMapping.mode'='name','delta.checkpointPolicy'='v2')")
    s.sql(f"INSERT INTO delta.`{path}` SELECT id, concat('p ', id % 3), cast(id AS DECIMAL(20,4)) / 3, timestamp_micros(id * 1234567), struct(cast(id AS INT), array('x', cast(id AS STRING))) FROM range(100)")
    s.sql(f"DELETE FROM delta.`{path}` WHERE id % 7 = 0")
    s.sql(f"ALTER TABLE delta.`{path}` RENAME COLUMN amount TO total")
    s.sql(f"UPDATE delta.`{path}` SET total = 0 WHERE id = 5")
    s.sql(f"OPTIMIZE delta.`{path}` ZORDER BY (id)")
    latest = s.sql(f"DESCRIBE HISTORY delta.`{path}`").agg({"version": "max"}).collect()[0][0]
    for version in (1, 2, latest):
        said(folder, "spark-features", path, version, rows(s, path, version))


if __name__ == "__main__":
    try:
        {"delta-rs": delta_rs, "spark": spark}[sys.argv[1]](sys.argv[2])
    except Exception as error:
        print(json.dumps({"unavailable": f"{type(error).__name__}: {error}"}), flush=True)
    sys.stdout.flush()
    os._exit(0)
