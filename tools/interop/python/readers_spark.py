"""Spark with Delta, and its rows in canonical form."""

import datetime
import decimal
import json
import os
import re
import time

from canonical import pairs, plain, single

packages = "io.delta:delta-spark_4.1_2.13:4.4.0"


def session():
    os.environ["TZ"] = "UTC"
    time.tzset()
    from pyspark.sql import SparkSession

    builder = (
        SparkSession.builder.master("local[2]")
        .config("spark.jars.packages", packages)
        .config("spark.sql.extensions", "io.delta.sql.DeltaSparkSessionExtension")
        .config("spark.sql.catalog.spark_catalog", "org.apache.spark.sql.delta.catalog.DeltaCatalog")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.driver.memory", "2g")
        # Tables are tiny and statements many: neither is worth 50 tasks a snapshot, nor a compiler's best.
        .config("spark.databricks.delta.snapshotPartitions", "1")
        .config("spark.sql.codegen.wholeStage", "false")
        .config("spark.driver.extraJavaOptions", "-XX:TieredStopAtLevel=1")
    )
    created = builder.getOrCreate()
    created.sparkContext.setLogLevel("ERROR")
    return created


def variant_text(value):
    """JSON text without spaces, keys in code point order, numbers plain and without trailing zeros."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(key, ensure_ascii=False)}:{variant_text(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(variant_text(element) for element in value) + "]"
    if isinstance(value, decimal.Decimal):
        text = format(value, "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    return json.dumps(value, ensure_ascii=False)


def convert(kind, value):
    from pyspark.sql import types as t

    if value is None:
        return None
    if isinstance(kind, t.FloatType):
        return plain(single(value))
    if isinstance(kind, t.DecimalType):
        # The same number, but Spark hands over small ones with another scale than the type's.
        with decimal.localcontext(decimal.Context(prec=60)):
            return plain(value.quantize(decimal.Decimal(1).scaleb(-kind.scale)))
    if isinstance(kind, t.VariantType):
        # Python's client writes the fraction of a second with six digits, Spark itself with as many as there are.
        text = re.sub(r"(\d\d:\d\d:\d\d(?:\.\d*?[1-9])?)\.?0*((?:[+]00:00)?\")", r"\1\2", value.toJson())
        return variant_text(json.loads(text, parse_float=decimal.Decimal))
    if isinstance(kind, t.StructType):
        return {field.name: convert(field.dataType, value[field.name]) for field in kind}
    if isinstance(kind, t.MapType):
        return pairs((convert(kind.keyType, k), convert(kind.valueType, v)) for k, v in value.items())
    if isinstance(kind, t.ArrayType):
        return [convert(kind.elementType, element) for element in value]
    if isinstance(kind, t.TimestampType):
        return plain(value.replace(tzinfo=datetime.timezone.utc))
    return plain(value)


def rows(created, path, version):
    reader = created.read.format("delta")
    if version is not None:
        reader = reader.option("versionAsOf", version)
    frame = reader.load(path)
    return [convert(frame.schema, row) for row in frame.collect()]
