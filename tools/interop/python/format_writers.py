"""Writes the same rows in every way that each writer has: DIR/theirs/<writer>-….parquet and .arrow.

usage: format_writers.py DIR [--spark]. One JSON object a line: {"file": …} for each file, {"skipped": …} for what a writer refuses.
"""

import datetime
import decimal
import itertools
import json
import os
import sys
import uuid

import duckdb
import polars
import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq

folder = os.path.join(sys.argv[1], "theirs")
os.makedirs(folder, exist_ok=True)
ROWS = 1500


def told(**what):
    print(json.dumps(what), flush=True)


def nulls(values, step):
    return [None if i % step == 0 else value for i, value in enumerate(values)]


def flat_columns():
    n = range(ROWS)
    utc = datetime.timezone.utc
    start = datetime.datetime(1969, 12, 31, 23, 59, 59, 999999)
    hours = [start + datetime.timedelta(hours=i, microseconds=i) for i in n]
    columns = {
        "b": pa.array([i % 3 == 0 for i in n]),
        "bn": pa.array(nulls([i % 2 == 0 for i in n], 5)),
        "i8": pa.array(nulls([i % 256 - 128 for i in n], 7), pa.int8()),
        "i16": pa.array([i * 40 - 30000 for i in n], pa.int16()),
        "i32": pa.array(nulls([i * 1000003 % 2**31 - 2**30 for i in n], 9), pa.int32()),
        "i64": pa.array([i * 10**15 - 7 * 10**17 for i in n], pa.int64()),
        "u8": pa.array([i % 256 for i in n], pa.uint8()),
        "u16": pa.array([i * 43 % 65536 for i in n], pa.uint16()),
        "u32": pa.array([i * 2863311 % 2**32 for i in n], pa.uint32()),
        "u64": pa.array([2**64 - 1 - i for i in n], pa.uint64()),
        "f16": pa.array([i / 4 for i in n], pa.float32()).cast(pa.float16()),
        "f32": pa.array([i / 8 for i in n], pa.float32()),
        "f64": pa.array(nulls([i / 7 for i in n], 4), pa.float64()),
        "d5": pa.array([decimal.Decimal(i).scaleb(-2) for i in n], pa.decimal128(5, 2)),
        "d15": pa.array(nulls([decimal.Decimal(i * 10**10).scaleb(-3) for i in n], 6), pa.decimal128(15, 3)),
        "d38": pa.array([decimal.Decimal(-i * 10**33).scaleb(-10) for i in n], pa.decimal128(38, 10)),
        "dt": pa.array([datetime.date(1960, 1, 1) + datetime.timedelta(days=i * 17) for i in n]),
        "tms": pa.array(hours, pa.timestamp("ms", "UTC"), safe=False),
        "tus": pa.array([h.replace(tzinfo=utc) for h in hours], pa.timestamp("us", "UTC")),
        "tns": pa.array(nulls(hours, 8), pa.timestamp("ns")),
        "t32": pa.array([i * 1000 for i in n], pa.time32("ms")),
        "t64": pa.array([i * 1000003 for i in n], pa.time64("us")),
        "s": pa.array(nulls([f"text {i * 7919 % 1009} é" for i in n], 11)),
        "same": pa.array(["one"] * ROWS),
        "none": pa.array([None] * ROWS, pa.string()),
        "bin": pa.array([bytes([i % 256, 0, 255]) * (i % 4) for i in n], pa.binary()),
        "fix": pa.array([uuid.UUID(int=i).bytes for i in n], pa.binary(16)),
        "cat": pa.array([f"c{i % 12}" for i in n]).dictionary_encode(),
    }
    return columns


def nested_columns():
    n = range(ROWS)
    deep = pa.list_(pa.struct([("k", pa.string()), ("v", pa.list_(pa.list_(pa.int64())))]))
    return {
        "id": pa.array(list(n), pa.int64()),
        "l": pa.array([None if i % 4 == 0 else [None if k == 2 else i + k for k in range(i % 5)] for i in n], pa.list_(pa.int32())),
        "ll": pa.array([None if i % 6 == 0 else [[f"x{i}"], [], None][: i % 4] for i in n], pa.list_(pa.list_(pa.string()))),
        "st": pa.array([None if i % 5 == 0 else {"a": i, "b": None if i % 3 == 0 else {"c": f"c{i}"}} for i in n],
                       pa.struct([("a", pa.int64()), ("b", pa.struct([("c", pa.string())]))])),
        "m": pa.array([None if i % 7 == 0 else [(f"k{k}", None if k == 1 else k * 1.5) for k in range(i % 3)] for i in n],
                      pa.map_(pa.string(), pa.float64())),
        "deep": pa.array([None if i % 9 == 0 else [{"k": f"d{i}", "v": [[i, None], None, []]}] * (i % 3) for i in n], deep),
    }


flat = pa.table(flat_columns())
nested = pa.table(nested_columns())
codecs = ["none", "snappy", "gzip", "zstd", "lz4", "brotli"]
integers = ["i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64", "d5", "d15", "dt", "tms", "tus", "tns", "t32", "t64"]
encodings = {
    "plain": {},
    "dictionary": None,
    "delta": {**{c: "DELTA_BINARY_PACKED" for c in integers if c not in ("d5", "d15")}, "s": "DELTA_BYTE_ARRAY",
              "bin": "DELTA_LENGTH_BYTE_ARRAY", "none": "DELTA_LENGTH_BYTE_ARRAY", "same": "DELTA_BYTE_ARRAY", "b": "RLE"},
    "split": {c: "BYTE_STREAM_SPLIT" for c in ["f16", "f32", "f64", "i32", "i64", "fix", "d38"]},
}


def write(name, table, **options):
    path = os.path.join(folder, name)
    try:
        pq.write_table(table, path, **options)
        told(file=name)
    except Exception as error:
        told(skipped=name, why=str(error).splitlines()[0])


for (kind, columns), codec, page in itertools.product(encodings.items(), codecs, ["1.0", "2.0"]):
    options = {"use_dictionary": kind == "dictionary", "compression": codec, "data_page_version": page, "row_group_size": 700,
               "data_page_size": 2048, "write_page_index": page == "2.0"}
    if columns:
        options["column_encoding"] = columns
    write(f"pyarrow-flat-{kind}-{codec}-{page}.parquet", flat, **options)
for codec, page, compliant in itertools.product(codecs, ["1.0", "2.0"], [True, False]):
    write(f"pyarrow-nested-{codec}-{page}-{compliant}.parquet", nested, compression=codec, data_page_version=page, row_group_size=400,
          use_compliant_nested_type=compliant, data_page_size=1024)
write("pyarrow-int96.parquet", flat.select(["tus", "tns", "i32"]), use_deprecated_int96_timestamps=True)
write("pyarrow-decimals.parquet", flat.select(["d5", "d15", "d38"]), store_decimal_as_integer=True)
write("pyarrow-empty.parquet", flat.slice(0, 0))

for name, table in (("flat", flat), ("nested", nested)):
    for codec in (None, "lz4", "zstd"):
        options = pa.ipc.IpcWriteOptions(compression=codec)
        for form, opened in (("stream", pa.ipc.new_stream), ("file", pa.ipc.new_file)):
            path = f"pyarrow-{name}-{form}-{codec}.arrow"
            with opened(os.path.join(folder, path), table.schema, options=options) as sink:
                sink.write_table(table, max_chunksize=400)
            told(file=path)

plain_types = flat.drop_columns(["f16", "t32", "t64", "u64", "fix", "cat"])
connection = duckdb.connect()
for name, table in (("flat", plain_types), ("nested", nested)):
    connection.register("source", table)
    for codec, version in itertools.product(["uncompressed", "snappy", "gzip", "zstd", "brotli", "lz4", "lz4_raw"], ["V1", "V2"]):
        path = f"duckdb-{name}-{codec}-{version}.parquet"
        connection.execute(f"copy (from source) to '{os.path.join(folder, path)}' (format parquet, codec '{codec}', "
                           f"parquet_version '{version}', row_group_size 512)")
        told(file=path)

for name, table in (("flat", plain_types), ("nested", nested.drop_columns(["m"]))):
    frame = polars.from_arrow(table)
    for codec in ["uncompressed", "snappy", "gzip", "zstd", "lz4", "brotli"]:
        path = f"polars-{name}-{codec}.parquet"
        try:
            frame.write_parquet(os.path.join(folder, path), compression=codec, row_group_size=600, data_page_size=4096)
            told(file=path)
        except Exception as error:
            told(skipped=path, why=str(error).splitlines()[0])

if "--spark" in sys.argv:
    import shutil
    from pyspark.sql import SparkSession

    spark = (SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
             .config("spark.sql.session.timeZone", "UTC").config("spark.log.level", "ERROR").getOrCreate())
    spark_flat = plain_types.drop_columns(["u8", "u16", "u32", "tns", "none"])
    source = {"flat": spark_flat, "nested": nested}
    for name, table in source.items():
        seed = os.path.join(sys.argv[1], f"seed-{name}.parquet")
        pq.write_table(table, seed, coerce_timestamps="us")
        frame = spark.read.parquet(seed)
        settings = [("", {}), ("-legacy", {"spark.sql.parquet.writeLegacyFormat": "true"}),
                    ("-int96", {"spark.sql.parquet.outputTimestampType": "INT96"}),
                    ("-v2", {"parquet.writer.version": "v2"})]
        for (label, conf), codec in itertools.product(settings, ["none", "snappy", "gzip", "zstd", "lz4_raw"]):
            if label != "" and codec != "snappy":
                continue
            for key, value in conf.items():
                spark.conf.set(key, value)
            out = os.path.join(sys.argv[1], "spark-out")
            frame.coalesce(1).write.mode("overwrite").options(**conf).option("compression", codec).parquet(out)
            part = next(f for f in os.listdir(out) if f.endswith(".parquet"))
            path = f"spark-{name}-{codec}{label}.parquet"
            shutil.copy(os.path.join(out, part), os.path.join(folder, path))
            told(file=path)
            for key in conf:
                spark.conf.unset(key)
    spark.stop()
