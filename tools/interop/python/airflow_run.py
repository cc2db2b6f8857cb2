"""Runs a DAG of a folder in this process by `dag.test()` and writes what became of its tasks, as JSON lines, to a file.

usage: airflow_run.py DAGS_FOLDER DAG_ID LOGICAL_DATE FACTS_FILE
"""

import json
import sys
from datetime import datetime, timezone

from airflow import __version__

try:
    from airflow.dag_processing.dagbag import DagBag
except ImportError:
    from airflow.models.dagbag import DagBag

try:  # Airflow 2 takes a run away before it runs the same date again, and its notes refer to the users' table.
    import airflow.providers.fab.auth_manager.models  # noqa: F401
except ImportError:
    try:
        import airflow.auth.managers.fab.models  # noqa: F401  (2.7)
    except ImportError:
        pass


def main(folder, dag_id, date, facts):
    def emit(**fact):
        with open(facts, "a", encoding="utf-8") as lines:
            lines.write(json.dumps(fact, default=str) + "\n")

    sys.path.append(folder)  # as Airflow's own bundles do
    bag = DagBag(folder)
    for file, error in bag.import_errors.items():
        emit(import_error=file, message=str(error).strip().splitlines()[-1])
    dag = bag.dags.get(dag_id)
    if dag is None:
        return
    emit(airflow=__version__, dags=sorted(bag.dags), tasks=len(dag.tasks), edges=edges(dag))
    when = datetime.fromisoformat(date).replace(tzinfo=timezone.utc)
    run = dag.test(**{("execution_date" if __version__.startswith("2.") else "logical_date"): when})
    for task in run.get_task_instances():
        # A task that ended has its number of tries; Airflow 2 counts on in the attribute of a task that is read again.
        emit(task=task.task_id, state=str(task.state), tries=task.try_number, xcoms=xcoms(task))
    emit(state=str(run.state))


def edges(dag):
    return sorted(f"{task.task_id} > {after}" for task in dag.tasks for after in task.downstream_task_ids)


def xcoms(task):
    return {key: task.xcom_pull(task_ids=task.task_id, key=key) for key in ("runId", "status", "report", "error")}


main(*sys.argv[1:])
