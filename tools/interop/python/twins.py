"""Runs SQL in Spark, on tables of its own, and tells what rows each version has; reads tables of ours as well.

usage: twins.py MANIFEST
The manifest is JSON: [{"name", "path", "ours", "statements"}]. Prints a JSON line for each version of either table: {"name", "of": "spark" | "ours",
"version", "rows", "message"}; `rows` are canonical lines.
"""

import json
import os
import sys

sys.path.insert(0, os.path.dirname(__file__))

from canonical import normal  # noqa: E402


def main(manifest):
    from readers_spark import rows, session

    s = session()
    for twin in manifest:
        message = None
        for statement in twin["statements"]:
            try:
                s.sql(statement.replace("{t}", f"delta.`{twin['path']}`")).collect()
            except Exception as error:
                message = f"{statement}: {type(error).__name__}: {str(error)[:300]}"
                break
        for of, path in (("spark", twin["path"]), ("ours", twin["ours"])):
            try:
                latest = s.sql(f"DESCRIBE HISTORY delta.`{path}` LIMIT 1").collect()[0]["version"]
                for version in range(latest + 1):
                    read = [normal(row) for row in rows(s, path, version)]
                    print(json.dumps({"name": twin["name"], "of": of, "version": version, "rows": read, "message": message}), flush=True)
            except Exception as error:
                print(json.dumps({"name": twin["name"], "of": of, "version": None, "rows": [], "message": f"{type(error).__name__}: {str(error)[:300]}"}), flush=True)


if __name__ == "__main__":
    try:
        main(json.load(open(sys.argv[1], encoding="utf-8")))
    except Exception as error:
        print(json.dumps({"unavailable": f"{type(error).__name__}: {error}"}), flush=True)
    sys.stdout.flush()
    os._exit(0)
