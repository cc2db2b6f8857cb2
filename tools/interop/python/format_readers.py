"""Compares DIR/theirs/X with DIR/ours/X.parquet, what we made of it, by pyarrow, DuckDB, polars and (--spark) Spark.

One JSON object a line: {"check": …, "wrong": null | why}. Values are compared in the forms that both sides have: times as
microseconds, unsigned integers as integers, enums and dictionaries as their texts.
"""

import datetime
import decimal
import json
import math
import os
import sys

import duckdb
import polars
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.ipc
import pyarrow.parquet as pq

root = sys.argv[1]


def plain(value):
    if isinstance(value, float):
        return "NaN" if math.isnan(value) else value
    if isinstance(value, datetime.timedelta):
        return value // datetime.timedelta(microseconds=1)
    if isinstance(value, datetime.time):
        return ((value.hour * 60 + value.minute) * 60 + value.second) * 1_000_000 + value.microsecond
    if isinstance(value, datetime.datetime):
        stamp = value if value.tzinfo is None else value.astimezone(datetime.timezone.utc).replace(tzinfo=None)
        return (stamp - datetime.datetime(1970, 1, 1)) // datetime.timedelta(microseconds=1)
    if isinstance(value, decimal.Decimal):
        return int(value) if value == int(value) else value.normalize()
    if isinstance(value, dict):
        return [plain(member) for member in value.values()]
    if isinstance(value, (list, tuple)):
        return [plain(element) for element in value]
    if isinstance(value, bytes):
        return value.hex()
    return value


def microseconds(table):
    """Nanoseconds do not fit Python's datetime: rounded down, as we do it."""
    for i, field in enumerate(table.schema):
        if pa.types.is_timestamp(field.type) and field.type.unit == "ns":
            column = pa.compute.floor_temporal(table.column(i), unit="microsecond").cast(pa.timestamp("us", field.type.tz), safe=False)
            table = table.set_column(i, field.name, column)
    return table


def rows(table):
    columns = [[plain(value) for value in microseconds(table).column(i).to_pylist()] for i in range(table.num_columns)]
    return columns


def difference(a, b, names):
    for name, left, right in zip(names, a, b):
        if len(left) != len(right):
            return f"{name}: {len(left)} rows, and {len(right)}"
        for i, (x, y) in enumerate(zip(left, right)):
            if x != y:
                return f"{name}, row {i}: {x!r}, and {y!r}"
    return None


def told(check, wrong):
    print(json.dumps({"check": check, "wrong": wrong}), flush=True)


def theirs(name):
    path = os.path.join(root, "theirs", name)
    if name.endswith(".arrow"):
        with pa.memory_map(path) as source:
            opened = pa.ipc.open_file if b"ARROW1" == source.read(6) else pa.ipc.open_stream
            source.seek(0)
            return opened(source).read_all()
    return pq.ParquetFile(path).read()


readers = {
    "pyarrow": lambda path: pq.ParquetFile(path).read(),
    "DuckDB": lambda path: duckdb.connect().execute(f"set timezone='UTC'; select * from read_parquet('{path}')").to_arrow_table(),
    "polars": lambda path: polars.read_parquet(path).to_arrow(),
}
pairs = sorted(os.listdir(os.path.join(root, "ours")))
for ours in pairs:
    if not ours.endswith(".parquet"):
        continue
    name = ours[: -len(".parquet")]
    expected = theirs(name)
    want = rows(expected)
    for reader, read in readers.items():
        try:
            told(f"{reader} reads what we made of {name}", difference(want, rows(read(os.path.join(root, "ours", ours))), expected.schema.names))
        except Exception as error:
            told(f"{reader} reads what we made of {name}", str(error).splitlines()[0])
for ours in pairs:
    if not ours.endswith(".arrow"):
        continue
    name = ours[: -len(".arrow")]
    expected = theirs(name)
    path = os.path.join(root, "ours", ours)
    with pa.memory_map(path) as source:
        opened = pa.ipc.open_file if b"ARROW1" == source.read(6) else pa.ipc.open_stream
        source.seek(0)
        found = opened(source).read_all()
        told(f"pyarrow reads the Arrow that we made of {name}", difference(rows(expected), rows(found), expected.schema.names))

pruned = os.path.join(root, "pruning.parquet")
if os.path.exists(pruned):
    fragment = next(ds.dataset(pruned).get_fragments())
    groups = pq.ParquetFile(pruned).metadata.num_row_groups
    for filter, most in ((ds.field("id") == 777, 1), (ds.field("name") == "name 000777", 1), (ds.field("price") < decimal.Decimal("0.05"), 1)):
        kept = len(fragment.split_by_row_group(filter))
        told(f"pyarrow prunes by our statistics: {filter}", None if kept <= most < groups else f"{kept} of {groups} row groups are kept")
    metadata = pq.ParquetFile(pruned).metadata
    told("pyarrow finds our key-value metadata", None if metadata.metadata.get(b"owner") == "Zoë".encode() else str(metadata.metadata))
    chunk = metadata.row_group(0).column(1)
    told("pyarrow finds a column's own codec and encoding",
         None if chunk.compression == "GZIP" and "DELTA_BYTE_ARRAY" in chunk.encodings else f"{chunk.compression} {chunk.encodings}")
    connection = duckdb.connect()
    probe = connection.execute(f"select count(*) filter (bloom_filter_excludes) from parquet_bloom_probe('{pruned}', 'code', 'absent')").fetchone()[0]
    told("DuckDB prunes by our Bloom filters", None if probe == groups else f"{probe} of {groups} row groups are left out")
    counted = connection.execute(f"select count(*), sum(id) from read_parquet('{pruned}') where id = 777 or name = 'name 000778'").fetchone()
    told("DuckDB loses no row by our statistics", None if counted == (2, 777 + 778) else str(counted))

if "--spark" in sys.argv:
    from pyspark.sql import SparkSession

    spark = (SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
             .config("spark.sql.session.timeZone", "UTC").config("spark.log.level", "ERROR").getOrCreate())
    for ours in pairs:
        if not ours.endswith(".parquet"):
            continue
        name = ours[: -len(".parquet")]
        expected = theirs(name)
        try:
            found = spark.read.parquet(os.path.join(root, "ours", ours)).toArrow()
            told(f"Spark reads what we made of {name}", difference(rows(expected), rows(found), expected.schema.names))
        except Exception as error:
            told(f"Spark reads what we made of {name}", str(error).splitlines()[0])
    spark.stop()
