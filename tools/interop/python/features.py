"""Reads tables of features, does to them what the manifest says, and tells what came of it.

usage: features.py READER MANIFEST
The manifest is JSON: [{"name", "path", "expected", "changes": {"from", "expected"} | null, "steps": [{"sql", "fails"?}], "after"}].
Prints one JSON line a check: {"name", "ok", "message"}, or {"name", "unsupported"} where the reader does not claim to be able.
"""

import collections
import json
import os
import sys

sys.path.insert(0, os.path.dirname(__file__))

from canonical import normal  # noqa: E402


def say(name, message):
    print(json.dumps({"name": name, "ok": message is None, "message": message}, ensure_ascii=False), flush=True)


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
        try:
            table = deltalake.DeltaTable(entry["path"])
            query = deltalake.QueryBuilder().register("t", table).execute("select * from t")
            read = arrow_rows.rows(pyarrow.table(query.read_all()))
        except Exception as error:
            print(json.dumps({"name": entry["name"], "unsupported": told(error)}), flush=True)
            continue
        say(f"reads {entry['name']}", difference(lines_of(entry["expected"]), [normal(row) for row in read]))


def spark(entries):
    from readers_spark import convert, rows, session

    s = session()
    for entry in entries:
        name, path = entry["name"], entry["path"]
        try:
            read = [normal(row) for row in rows(s, path, None)]
            say(f"reads {name}", difference(lines_of(entry["expected"]), read))
            if entry["changes"] is not None:
                feed = s.read.format("delta").option("readChangeFeed", "true").option("startingVersion", entry["changes"]["from"]).load(path).drop("_commit_timestamp")
                read = [normal(convert(feed.schema, row)) for row in feed.collect()]
                say(f"reads changes of {name}", difference(lines_of(entry["changes"]["expected"]), read))
        except Exception as error:
            say(f"reads {name}", told(error))
        for step in entry["steps"]:
            sql, fails = step["sql"].replace("{t}", f"delta.`{path}`"), step.get("fails")
            try:
                s.sql(sql).collect()
                say(f"{name}: {step['sql']}", None if fails is None else "was not refused")
            except Exception as error:
                say(f"{name}: {step['sql']}", None if fails is not None and fails in str(error) else told(error))
        try:
            with open(entry["after"], "w", encoding="utf-8") as sink:
                for row in rows(s, path, None):
                    sink.write(normal(row) + "\n")
        except Exception as error:
            say(f"reads {name} after its steps", told(error))


if __name__ == "__main__":
    try:
        {"delta-rs": delta_rs, "spark": spark}[sys.argv[1]](json.load(open(sys.argv[2], encoding="utf-8")))
    except Exception as error:
        print(json.dumps({"unavailable": told(error)}), flush=True)
    sys.stdout.flush()
    os._exit(0)
