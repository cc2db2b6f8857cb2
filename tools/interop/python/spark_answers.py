"""Answers SELECTs of one column: python spark_answers.py FILE; a JSON object a question, {"name", "rows" | "error"}."""

import json
import sys

from pyspark.sql import SparkSession

spark = (
    SparkSession.builder.master("local[1]")
    .config("spark.sql.session.timeZone", "UTC")
    .config("spark.ui.enabled", "false")
    .config("spark.sql.shuffle.partitions", "1")
    .getOrCreate()
)
spark.sparkContext.setLogLevel("OFF")
for question in json.load(open(sys.argv[1], encoding="utf-8")):
    try:
        answer = {"rows": [row[0] for row in spark.sql(question["sql"]).collect()]}
    except Exception as error:  # noqa: BLE001: whatever it is, Spark has no answer
        answer = {"error": str(error).splitlines()[0]}
    print(json.dumps({"name": question["name"], **answer}), flush=True)
