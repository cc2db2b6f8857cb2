"""Parses a JSON list of statements in a dialect: which are refused, and which are taken for commands without a look inside.

usage: python parse_sql.py DIALECT FILE
"""

import collections
import json
import logging
import sys

import sqlglot
from sqlglot import exp

logging.disable(logging.CRITICAL)
dialect, file = sys.argv[1:]
refused, commands = [], collections.Counter()
# Redshift's own, which no grammar that we know reads.
UNKNOWN = ("ATTACH MASKING POLICY",)
for sql in json.load(open(file, encoding="utf-8")):
    if sql.startswith(UNKNOWN):
        commands["ATTACH"] += 1
        continue
    try:
        tree = sqlglot.parse_one(sql, dialect=dialect)
        if isinstance(tree, exp.Command):
            commands[sql.split()[0]] += 1
    except sqlglot.errors.SqlglotError as error:
        refused.append(f"{str(error).splitlines()[0]}: {sql[:300]}")
print(json.dumps({"refused": refused, "commands": commands}))
