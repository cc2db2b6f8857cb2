"""Counts the rows of Delta tables in an object store with delta-rs: store_reader.py OPTIONS_AS_JSON URI..."""

import json
import os
import sys

try:
    from deltalake import DeltaTable
except ImportError as error:
    print(json.dumps({"unavailable": str(error)}))
    sys.exit(0)

options = json.loads(sys.argv[1])
for uri in sys.argv[2:]:
    try:
        rows = DeltaTable(uri, storage_options=options).to_pyarrow_table().num_rows
        print(json.dumps({"name": uri, "rows": rows}))
    except Exception as error:  # what a reader throws is the finding
        print(json.dumps({"name": uri, "message": f"{type(error).__name__}: {error}"}))

# Without this the reader's own threads may abort the interpreter on its way out.
sys.stdout.flush()
os._exit(0)
