"""Reads CSV files by Spark's options: python spark_csv.py FILE; a JSON object a case, {"name", "rows" | "error"}."""

import datetime
import json
import os
import sys
import time

from canonical import plain
from pyspark.sql import SparkSession

# Spark gives instants as readings of this process's clock.
os.environ["TZ"] = "UTC"
time.tzset()


def line(row):
    utc = datetime.timezone.utc
    values = {
        name: value.replace(tzinfo=utc) if isinstance(value, datetime.datetime) else value
        for name, value in row.asDict().items()
    }
    return json.dumps(plain(values), ensure_ascii=False, separators=(",", ":"))


spark = (
    SparkSession.builder.master("local[1]")
    .config("spark.sql.session.timeZone", "UTC")
    .config("spark.ui.enabled", "false")
    .getOrCreate()
)
spark.sparkContext.setLogLevel("OFF")
for case in json.load(open(sys.argv[1], encoding="utf-8")):
    try:
        rows = spark.read.schema(case["columns"]).options(**case["spark"]).csv(case["path"]).collect()
        answer = {"rows": [line(row) for row in rows]}
    except Exception as error:  # noqa: BLE001: whatever it is, Spark refuses the file
        answer = {"error": str(error).splitlines()[0]}
    print(json.dumps({"name": case["name"], **answer}), flush=True)
