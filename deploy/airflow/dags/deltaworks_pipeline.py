"""Landing files to raw, processed and analytics tables, then the warehouse: a task a table, in the order of the definitions."""

from datetime import datetime, timedelta

import deltaworks_steps as steps

try:
    from airflow.sdk import DAG
except ImportError:
    from airflow import DAG

with DAG(
    dag_id="deltaworks_pipeline",
    description="Landing files to analytics tables and the warehouse",
    schedule=steps.setting("SCHEDULE", "0 5 * * *"),
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    default_args={
        "retries": int(steps.setting("RETRIES", "2")),
        "retry_delay": timedelta(seconds=int(steps.setting("RETRY_SECONDS", "60"))),
        "retry_exponential_backoff": True,
        "execution_timeout": timedelta(hours=2),
        "on_failure_callback": steps.on_failure,
    },
    tags=["deltaworks"],
) as dag:
    landing = ["--landing", steps.setting("LANDING", "landing")]
    # The clock of a run is the time that it is for: a task that is done again makes the same rows.
    clock = ["--now", "{{ ts }}"]
    reports = steps.setting("REPORTS")
    report = ["--report", reports] if reports else []
    validate = steps.task("validate", steps.command("batch", "validate"))
    tables = {}
    for step in steps.graph():
        name = step["table"]
        words = [*steps.command("batch", "run"), "--only", name, *landing, *clock, *report]
        tables[name] = steps.task(f"{step['kind']}_{name}", words)
        for other in step["dependsOn"]:
            tables[other] >> tables[name]
        if not step["dependsOn"]:
            validate >> tables[name]
    publish = steps.task("publish", steps.command("batch", "publish"))
    list(tables.values()) >> publish
    target = steps.setting("TARGET")
    if target:
        kind = steps.setting("WAREHOUSE", "duckdb")
        publish >> steps.task("export", [*steps.command("export", kind), "--target", target])
