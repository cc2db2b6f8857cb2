"""Reads tables with one reader and compares them with the expected lines.

usage: readers.py READER MANIFEST
The manifest is JSON: [{"name", "path", "version", "expected"}]; prints one JSON line a check: {"name", "ok", "message"}.
"""

import collections
import glob
import json
import os
import sys
import traceback

sys.path.insert(0, os.path.dirname(__file__))

from canonical import normal  # noqa: E402


def delta_rs():
    import deltalake
    import pyarrow

    import arrow_rows

    def read(path, version):
        table = deltalake.DeltaTable(path, version=version)
        # Its Arrow data set knows no deletion vectors; its query engine does.
        if "deletionVectors" in (table.protocol().reader_features or []):
            query = deltalake.QueryBuilder().register("t", table).execute("select * from t")
            return arrow_rows.rows(pyarrow.table(query.read_all()))
        return arrow_rows.rows(table.to_pyarrow_table())

    return read


def duckdb_delta():
    import duckdb

    import arrow_rows

    connection = duckdb.connect(config={"autoload_known_extensions": False})
    connection.execute(f"LOAD '{duckdb_extension()}'")
    connection.execute("SET TimeZone = 'UTC'")

    def read(path, version):
        result = connection.execute("SELECT * FROM delta_scan(?, version => ?)" if version is not None else "SELECT * FROM delta_scan(?)", [path] if version is None else [path, version])
        table = result.fetch_arrow_table() if hasattr(result, "fetch_arrow_table") else result.arrow()
        return arrow_rows.rows(table)

    return read


def duckdb_extension():
    given = os.environ.get("DELTAWORKS_DUCKDB_DELTA_EXTENSION")
    if given:
        return given
    found = glob.glob(os.path.join(sys.prefix, "lib", "python*", "site-packages", "duckdb_extension_delta", "**", "delta.duckdb_extension*"), recursive=True)
    if not found:
        raise FileNotFoundError("there is no delta.duckdb_extension in this environment")
    return unpacked(found[0])


def unpacked(path):
    if not path.endswith(".gz"):
        return path
    import gzip
    import shutil

    target = path[: -len(".gz")]
    if not os.path.exists(target):
        with gzip.open(path, "rb") as source, open(target, "wb") as sink:
            shutil.copyfileobj(source, sink)
    return target


def spark():
    import readers_spark

    created = readers_spark.session()

    def read(path, version):
        return readers_spark.rows(created, path, version)

    return read


readers = {"delta-rs": delta_rs, "duckdb": duckdb_delta, "spark": spark}


def difference(expected, actual):
    wanted = collections.Counter(expected)
    found = collections.Counter(actual)
    if wanted == found:
        return None
    missing = list((wanted - found).elements())[:1]
    extra = list((found - wanted).elements())[:1]
    return f"{len(expected)} rows expected, {len(actual)} read; missing {missing}, instead {extra}"


def main():
    reader, manifest = sys.argv[1], json.load(open(sys.argv[2], encoding="utf-8"))
    try:
        read = readers[reader]()
    except Exception as error:  # the reader is not usable here: one answer for all
        print(json.dumps({"unavailable": f"{type(error).__name__}: {error}"}), flush=True)
        return
    for entry in manifest:
        try:
            with open(entry["expected"], encoding="utf-8") as lines:
                expected = [normal(line) for line in lines if line.strip()]
            actual = [normal(row) for row in read(entry["path"], entry.get("version"))]
            message = difference(expected, actual)
        except Exception as error:
            message = f"{type(error).__name__}: {error}"
            if os.environ.get("DEBUG"):
                traceback.print_exc()
        print(json.dumps({"name": entry["name"], "ok": message is None, "message": message}, ensure_ascii=False), flush=True)


main()
sys.stdout.flush()
# Threads of native readers may still run; the answers are out, so there is nothing to wait for.
os._exit(0)
