"""One operation of delta-rs on a table. One JSON line on stdout: milliseconds of the operation, peak memory of the process."""
import json
import resource
import sys
import time

from deltalake import DeltaTable, convert_to_deltalake

operation, path = sys.argv[1], sys.argv[2]
extra = sys.argv[3:]


def run():
    if operation == "convert":
        convert_to_deltalake(path)
        return {}
    table = DeltaTable(path)
    if operation == "checkpoint":
        table.create_checkpoint()
        return {}
    if operation == "replay":
        return {"version": table.version()}
    if operation == "optimize":
        return table.optimize.compact()
    if operation == "zorder":
        return table.optimize.z_order(extra)
    if operation == "delete":
        return table.delete(extra[0])
    if operation == "merge":
        import pyarrow.parquet as parquet

        source = parquet.read_table(extra[0])
        return (
            table.merge(source, "t.transaction_key = s.transaction_key", source_alias="s", target_alias="t")
            .when_matched_update_all()
            .when_not_matched_insert_all()
            .execute()
        )
    if operation == "vacuum":
        return {"files": len(table.vacuum(retention_hours=0, dry_run=True, enforce_retention_duration=False, full=True))}
    raise SystemExit(f"no operation {operation}")


start, start_cpu = time.perf_counter(), time.process_time()
metrics = run()
ms = (time.perf_counter() - start) * 1000
cpu_ms = (time.process_time() - start_cpu) * 1000
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"ms": ms, "cpuMs": cpu_ms, "peakMb": peak, "metrics": metrics}, default=str))
