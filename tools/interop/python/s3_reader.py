"""Counts the rows of Delta tables in S3 with delta-rs: s3_reader.py ENDPOINT KEY SECRET URI..."""

import json
import os
import sys

try:
    from deltalake import DeltaTable
except ImportError as error:
    print(json.dumps({"unavailable": str(error)}))
    sys.exit(0)

endpoint, key, secret, *uris = sys.argv[1:]
options = {
    "AWS_ENDPOINT_URL": endpoint,
    "AWS_ACCESS_KEY_ID": key,
    "AWS_SECRET_ACCESS_KEY": secret,
    "AWS_REGION": "us-east-1",
    "AWS_ALLOW_HTTP": "true",
    "AWS_VIRTUAL_HOSTED_STYLE_REQUEST": "false",
}
for uri in uris:
    try:
        rows = DeltaTable(uri, storage_options=options).to_pyarrow_table().num_rows
        print(json.dumps({"name": uri, "rows": rows}))
    except Exception as error:  # what a reader throws is the finding
        print(json.dumps({"name": uri, "message": f"{type(error).__name__}: {error}"}))

# Without this the reader's own threads may abort the interpreter on its way out.
sys.stdout.flush()
os._exit(0)
