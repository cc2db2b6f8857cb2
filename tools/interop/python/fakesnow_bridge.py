"""fakesnow's server for snowflake-sdk, Snowflake's driver for Node.

The driver wants results as rows of JSON (fakesnow gives Arrow), asks for results of DML a second time by their query's id, and
puts files into a stage by a path if the stage is a local folder. fakesnow's encoders are replaced for the first, its answers
are kept for the second, and its stage is told as it is for the third. Temporary tables become plain ones, and settings of the
session are taken as done, as fakesnow has neither for our purpose.

usage: python fakesnow_bridge.py PORT
"""

import base64
import datetime
import decimal
import gzip
import json
import re
import sys

import uvicorn
import fakesnow.server as server
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
MICROSECOND = datetime.timedelta(microseconds=1)
answers = {}


def seconds(value, kind):
    """Timestamps: seconds and nine digits; with a zone, minutes from UTC shifted by a day behind them."""
    aware = value if value.tzinfo is not None else value.replace(tzinfo=datetime.timezone.utc)
    whole, micros = divmod((aware - EPOCH) // MICROSECOND, 1_000_000)
    text = f"{whole}.{micros:06d}000"
    return f"{text} 1440" if kind == "timestamp_tz" else text


def cell(value, kind):
    match value:
        case None:
            return None
        case bool():
            return "1" if value else "0"
        case datetime.datetime():
            return seconds(value, kind)
        case datetime.date():
            return str((value - EPOCH.date()).days)
        case bytes():
            return value.hex().upper()
        case decimal.Decimal():
            return format(value, "f")
        case dict() | list():
            return json.dumps(value)
        case _:
            return str(value)


def as_rows(table, rowtype):
    kinds = [column["type"].lower() for column in rowtype]
    columns = [[cell(value, kind) for value in column.to_pylist()] for column, kind in zip(table.columns, kinds)]
    return [list(row) for row in zip(*columns)]


server.to_sf = as_rows
server.to_ipc = lambda rows: json.dumps(rows).encode()
server.gcs_stage_info = lambda request, expression, put: put["stageInfo"]


connect = server.shared_fs.connect
# It knows no settings of a session; they are taken as done.
server.shared_fs.connect = lambda *names, nop_regexes=None, **options: connect(
    *names, nop_regexes=["^ALTER SESSION SET", *(nop_regexes or [])], **options
)


def with_rows(body):
    """The answer with its rows where the driver looks for them."""
    answer = json.loads(body)
    data = answer.get("data")
    if isinstance(data, dict) and "rowtype" in data:
        encoded = data.pop("rowsetBase64", None)
        if encoded is not None:
            data["rowset"] = json.loads(base64.b64decode(encoded)) if encoded else []
        data["queryResultFormat"] = "json"
        data["parameters"] = [*(data.get("parameters") or []), {"name": "BINARY_OUTPUT_FORMAT", "value": "HEX"}]
        data["returned"] = len(data["rowset"])
        data["total"] = max(data.get("total") or 0, data["returned"])
    return json.dumps(answer).encode()


async def with_plain_tables(request):
    """The request, its temporary tables made plain ones: fakesnow's COPY INTO does not find temporary tables."""
    body = await request.body()
    if request.headers.get("content-encoding") == "gzip":
        body = gzip.decompress(body)
    asked = json.loads(body)
    asked["sqlText"] = re.sub(r"^(CREATE (?:OR REPLACE )?)TEMPORARY (?=TABLE )", r"\1", asked["sqlText"])
    sent = json.dumps(asked).encode()

    async def receive():
        return {"type": "http.request", "body": sent, "more_body": False}

    headers = [(name, value) for name, value in request.scope["headers"] if name not in (b"content-encoding", b"content-length")]
    return Request({**request.scope, "headers": headers}, receive)


async def query(request):
    response = await server.query_request(await with_plain_tables(request))
    if response.status_code != 200:
        return response
    body = with_rows(response.body)
    query_id = (json.loads(body).get("data") or {}).get("queryId")
    if query_id:
        answers[query_id] = body
    return Response(body, media_type="application/json")


async def result(request):
    body = answers.get(request.path_params["query_id"])
    return Response(status_code=404) if body is None else Response(body, media_type="application/json")


routes = [
    Route("/queries/v1/query-request", query, methods=["POST"]),
    Route("/queries/{query_id}/result", result, methods=["GET"]),
    *(route for route in server.routes if route.path != "/queries/v1/query-request"),
]

if __name__ == "__main__":
    uvicorn.run(Starlette(routes=routes), host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
