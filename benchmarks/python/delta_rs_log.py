"""delta-rs on a table's log: snapshot, file listing, filtered listing, checkpoint. One JSON line on stdout."""
import json
import resource
import sys
import time

from deltalake import DeltaTable

command, path = sys.argv[1], sys.argv[2]


def timed(work):
    start = time.perf_counter()
    result = work()
    return result, (time.perf_counter() - start) * 1000


if command == "checkpoint":
    DeltaTable(path).create_checkpoint()
    print("{}")
elif command == "replay":
    table, snapshot_ms = timed(lambda: DeltaTable(path))
    files, list_ms = timed(lambda: len(table.file_uris()))
    key, value = sys.argv[3], sys.argv[4]
    literal = f"'{value}'" if not value.lstrip("-").isdigit() else value
    actions, filtered_ms = timed(lambda: table.get_add_actions(flatten=True))
    print(json.dumps({
        "files": files,
        "snapshotMs": snapshot_ms,
        "listMs": list_ms,
        "addActionsMs": filtered_ms,
        "peakMb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }))
elif command == "vacuum":
    table = DeltaTable(path)
    doomed, ms = timed(lambda: table.vacuum(retention_hours=int(sys.argv[3]), dry_run=True, enforce_retention_duration=False, full=sys.argv[4] == "full"))
    print(json.dumps({"files": len(doomed), "ms": ms, "peakMb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
