"""Parses a JSON list of statements in a dialect: which are refused, and which are taken for commands without a look inside.

sqlglot reads them, but for those of Redshift's masking policies, which it does not know: sqlfluff's grammar reads these.

usage: python parse_sql.py DIALECT FILE
"""

import collections
import json
import logging
import sys

import sqlfluff.core
import sqlglot
from sqlglot import exp

logging.disable(logging.CRITICAL)
dialect, file = sys.argv[1:]
refused, commands = [], collections.Counter()
linter = sqlfluff.core.Linter(dialect=dialect)
fluffed = 0
for sql in json.load(open(file, encoding="utf-8")):
    if dialect == "redshift" and sql.startswith("ATTACH MASKING POLICY"):
        fluffed += 1
        refused += [f"{error.desc()}: {sql[:300]}" for error in linter.parse_string(sql + ";").violations[:1]]
        continue
    try:
        tree = sqlglot.parse_one(sql, dialect=dialect)
        if isinstance(tree, exp.Command):
            commands[sql.split()[0]] += 1
    except sqlglot.errors.SqlglotError as error:
        refused.append(f"{str(error).splitlines()[0]}: {sql[:300]}")
print(json.dumps({"refused": refused, "commands": commands, "sqlfluff": fluffed}))
