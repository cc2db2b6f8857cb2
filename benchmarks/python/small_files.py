"""DuckDB's read_csv over a glob and one delta-rs write: python small_files.py GLOB TABLE. Prints the rows and the seconds of CPU."""

import resource
import sys

import duckdb
from deltalake import write_deltalake

glob, table = sys.argv[1:]
connection = duckdb.connect()
rows = connection.execute(
    f"""select *, filename as source_file from read_csv('{glob}', header = true, filename = true, columns = {{
      'id': 'BIGINT', 'customer': 'VARCHAR', 'day': 'DATE', 'amount': 'DECIMAL(12, 2)', 'note': 'VARCHAR'}})"""
).to_arrow_table()
write_deltalake(table, rows)
usage = resource.getrusage(resource.RUSAGE_SELF)
print(rows.num_rows, usage.ru_utime + usage.ru_stime)
