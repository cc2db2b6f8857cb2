"""OPTIMIZE, ZORDER, VACUUM and checkpoints, as the definitions ask for them: on weekends, within a window."""

from datetime import datetime, timedelta

import deltaworks_steps as steps

try:
    from airflow.sdk import DAG
except ImportError:
    from airflow import DAG

with DAG(
    dag_id="deltaworks_maintenance",
    description="Maintenance of the lake's tables",
    schedule=steps.setting("MAINTENANCE_SCHEDULE", "0 2 * * 6"),
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    default_args={
        "retries": 1,
        "retry_delay": timedelta(minutes=5),
        "execution_timeout": timedelta(hours=6),
        "on_failure_callback": steps.on_failure,
    },
    tags=["deltaworks"],
) as dag:
    steps.task("maintain", steps.command("maintenance", "run"))
