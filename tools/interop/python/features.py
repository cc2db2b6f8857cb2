"""Reads tables of features, does to them what the manifest says, and tells what came of it.

usage: features.py READER MANIFEST
The manifest is JSON: a list of what `Entry` of src/features.ts has.
Prints one JSON line a check: {"name", "ok", "message"}, or {"name", "unsupported"} where the reader does not claim to be able.
"""

import collections
import json
import os
import sys

sys.path.insert(0, os.path.dirname(__file__))

from canonical import normal  # noqa: E402


def say(table, name, message):
    print(json.dumps({"table": table, "name": name, "ok": message is None, "message": message}, ensure_ascii=False), flush=True)


def lines_of(path):
    with open(path, encoding="utf-8") as lines:
        return [normal(line) for line in lines if line.strip()]


def difference(expected, actual):
    wanted, found = collections.Counter(expected), collections.Counter(actual)
    if wanted == found:
        return None
    missing = list((wanted - found).elements())[:1]
    extra = list((found - wanted).elements())[:1]
    return f"{len(expected)} rows expected, {len(actual)} read; missing {missing}, instead {extra}"


def told(error):
    return f"{type(error).__name__}: {str(error)[:400]}"


def delta_rs(entries):
    import deltalake
    import pyarrow

    import arrow_rows

    for entry in entries:
        name = entry["name"]
        try:
            for version in entry["versions"]:
                table = deltalake.DeltaTable(entry["path"], version=version["version"])
                if "variantType" in (table.protocol().reader_features or []):
                    raise NotImplementedError("gives the two binary values of a variant as they are")
                query = deltalake.QueryBuilder().register("t", table).execute("select * from t")
                read = [normal(row) for row in arrow_rows.rows(pyarrow.table(query.read_all()))]
                message = difference(lines_of(version["expected"]), read)
                if message is not None:
                    break
            say(name, f"reads {name}", None if message is None else f"version {version['version']}: {message}")
        except Exception as error:
            print(json.dumps({"table": name, "name": f"reads {name}", "unsupported": told(error)}), flush=True)


def spark(entries):
    from readers_spark import convert, rows, session

    s = session()
    # Log compactions are read only when asked for.
    s.conf.set("spark.databricks.delta.deltaLog.minorCompaction.useForReads", "true")
    for entry in entries:
        name, path = entry["name"], entry["path"]
        check = checker(name)
        for version in entry["versions"]:
            check(f"reads {name} v{version['version']}", lambda: difference(lines_of(version["expected"]), [normal(row) for row in rows(s, path, version["version"])]))
        check(f"{name}: our checksum", lambda: checksum(s, path))
        check(f"{name}: history", lambda: history(s, path, entry["history"]))
        if entry["changes"] is not None:
            check(f"reads changes of {name}", lambda: changes(s, path, entry["changes"], convert))
        if entry["rowIds"] is not None:
            check(f"{name}: row ids", lambda: row_ids(s, path, entry["rowIds"], convert))
        for skip in entry["skips"]:
            check(f"{name}: files for {skip['where']}", lambda: skipping(s, path, skip))
        for step in entry["steps"]:
            sql, fails = step["sql"].replace("{t}", f"delta.`{path}`"), step.get("fails")
            try:
                s.sql(sql).collect()
                say(name, f"{name}: {step['sql']}", None if fails is None else "was not refused")
            except Exception as error:
                say(name, f"{name}: {step['sql']}", None if fails is not None and fails in str(error) else told(error))
        try:
            with open(entry["after"], "w", encoding="utf-8") as sink:
                for row in rows(s, path, None):
                    sink.write(normal(row) + "\n")
        except Exception as error:
            say(name, f"reads {name} after its steps", told(error))


def checker(name):
    def check(what, task):
        try:
            say(name, what, task())
        except Exception as error:
            say(name, what, told(error))

    return check


def changes(s, path, wanted, convert):
    feed = s.read.format("delta").option("readChangeFeed", "true").option("startingVersion", wanted["from"]).load(path).drop("_commit_timestamp")
    return difference(lines_of(wanted["expected"]), [normal(convert(feed.schema, row)) for row in feed.collect()])


def row_ids(s, path, expected, convert):
    frame = s.read.format("delta").load(path)
    frame = frame.selectExpr("*", "_metadata.row_id AS _row_id", "_metadata.row_commit_version AS _row_commit_version")
    return difference(lines_of(expected), [normal(convert(frame.schema, row)) for row in frame.collect()])


def log_of(s, path):
    return s._jvm.org.apache.spark.sql.delta.DeltaLog.forTable(s._jsparkSession, path)


def checksum(s, path):
    """Spark computes the state anew and compares it with the version's checksum file."""
    s._jvm.org.apache.spark.sql.delta.DeltaLog.clearCache()
    snapshot = log_of(s, path).unsafeVolatileSnapshot()
    if snapshot.checksumOpt().isEmpty():
        return "Spark found no checksum"
    return None if snapshot.validateChecksum(s._jvm.scala.Predef.Map().empty()) else "Spark computes another state"


def history(s, path, expected):
    shown = [{"version": row["version"], "operation": row["operation"]} for row in s.sql(f"DESCRIBE HISTORY delta.`{path}`").collect()]
    return None if shown == expected else f"Spark shows {shown}"


def skipping(s, path, skip):
    opened = len(s.read.format("delta").load(path).where(skip["where"]).inputFiles())
    return None if opened == skip["files"] else f"Spark opens {opened} files, we {skip['files']}"


if __name__ == "__main__":
    try:
        {"delta-rs": delta_rs, "spark": spark}[sys.argv[1]](json.load(open(sys.argv[2], encoding="utf-8")))
    except Exception as error:
        print(json.dumps({"unavailable": told(error)}), flush=True)
    sys.stdout.flush()
    os._exit(0)
