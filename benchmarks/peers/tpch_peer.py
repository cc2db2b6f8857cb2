"""TPC-H's queries on Polars or Spark, for benchmarks/dist/tpch/run.js.

python tpch_peer.py '<request as JSON>' polars|spark
Reads {"query": "...", "analyze": false} a line, and answers {"ms", "cpuMs", "rows"} or {"error"} a line.
"""

import json
import os
import sys
import time

request = json.loads(sys.argv[1])
threads = request["threads"]


def polars_engine():
    os.environ["POLARS_MAX_THREADS"] = str(threads)
    import polars

    context = polars.SQLContext()
    for name, path in request["tables"].items():
        scan = polars.scan_delta if request["format"] == "delta" else polars.scan_parquet
        context.register(name, scan(path))

    def run(query):
        return context.execute(query, eager=True).height

    return run


def spark_engine():
    from pyspark.sql import SparkSession

    builder = (
        SparkSession.builder.master(f"local[{threads}]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", str(threads * 2))
        .config("spark.driver.memory", "4g")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
    )
    if request["format"] == "delta":
        builder = builder.config("spark.sql.extensions", "io.delta.sql.DeltaSparkSessionExtension").config(
            "spark.sql.catalog.spark_catalog", "org.apache.spark.sql.delta.catalog.DeltaCatalog"
        )
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("OFF")
    for name, path in request["tables"].items():
        spark.read.format(request["format"]).load(path).createOrReplaceTempView(name)

    def run(query):
        return len(spark.sql(query.rstrip().rstrip(";")).collect())

    return run


run = {"polars": polars_engine, "spark": spark_engine}[sys.argv[2]]()
print(json.dumps({"ready": True}), flush=True)
for line in sys.stdin:
    query = json.loads(line)["query"]
    cpu, start = time.process_time(), time.perf_counter()
    try:
        rows = run(query)
        answer = {
            "ms": (time.perf_counter() - start) * 1000,
            "cpuMs": (time.process_time() - cpu) * 1000,
            "rows": rows,
        }
    except Exception as error:  # what the peer cannot run is told, not timed
        answer = {"error": str(error).split("\n")[0][:200]}
    print(json.dumps(answer), flush=True)
