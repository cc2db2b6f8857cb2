"""What the DAGs have in common: the commands of Deltaworks as tasks of Airflow 2.7 to 3.

Settings come from the environment of the workers:

    DELTAWORKS_BIN        folder of the commands (default: found by PATH)
    DELTAWORKS_LAKEHOUSE  shipped lakehouse or path of a module (default: retail)
    DELTAWORKS_ENV        environment (default: dev)
    DELTAWORKS_ROOT       URI of the lake
    DELTAWORKS_LANDING    URI of the landing zone
    DELTAWORKS_REPORTS    folder for run reports
    DELTAWORKS_ALERT_URL  webhook that is told of failures (optional)
"""

import json
import os
import subprocess
import urllib.request

try:  # Airflow 3
    from airflow.providers.standard.operators.python import PythonOperator
except ImportError:  # Airflow 2
    from airflow.operators.python import PythonOperator
try:
    from airflow.sdk.exceptions import AirflowException, AirflowFailException
except ImportError:
    from airflow.exceptions import AirflowException, AirflowFailException

# Exit codes of the commands: see the README. What a second try cannot mend fails at once.
QUALITY_FAILED = 3
USAGE = 2


def setting(name, default=None):
    return os.environ.get(f"DELTAWORKS_{name}", default)


def command(app, *words):
    """The words of a command of an app, with the options that all of them take."""
    folder = setting("BIN")
    program = f"deltaworks-{app}"
    return [
        os.path.join(folder, program) if folder else program,
        *words,
        "--lakehouse", setting("LAKEHOUSE", "retail"),
        "--env", setting("ENV", "dev"),
        "--root", setting("ROOT", "lake"),
        "--json",
    ]  # fmt: skip


def graph():
    """Steps of the lakehouse and what they depend on, from the same definitions that the commands use."""
    file = setting("GRAPH")
    if file:
        with open(file, encoding="utf-8") as text:
            return json.load(text)["steps"]
    ended = subprocess.run(command("batch", "graph"), capture_output=True, text=True, check=True)
    return json.loads(ended.stdout)["steps"]


def execute(words, ti=None):
    """Runs a command. Its JSON becomes XComs: runId, status, report. An error carries step, code and exit code."""
    ended = subprocess.run(words, capture_output=True, text=True, check=False)
    output = last_json(ended.stdout)
    if ti is not None:
        for key in ("runId", "status"):
            if key in output:
                ti.xcom_push(key=key, value=output[key])
    report = report_of(words, output)
    if report:
        print(f"Report of the run: {report}")
        if ti is not None:
            ti.xcom_push(key="report", value=report)
    print(ended.stdout[-4000:])
    if ended.returncode == 0:
        return output.get("status", "done")
    error = last_json(ended.stderr).get("error", {})
    code = error.get("code", "unknown")
    message = error.get("message", ended.stderr.strip()[-500:])
    if ti is not None:
        ti.xcom_push(key="error", value={"code": code, "message": message, "exitCode": ended.returncode})
    text = f"{code} (exit code {ended.returncode}): {message}"
    final = ended.returncode in (USAGE, QUALITY_FAILED)
    raise AirflowFailException(text) if final else AirflowException(text)


def report_of(words, output):
    """Where the page is that the command wrote of its run, if it was asked for one."""
    if "--report" not in words or "runId" not in output:
        return None
    return os.path.join(words[words.index("--report") + 1], f"run-{output['runId']}.html")


def last_json(text):
    for line in reversed(text.strip().splitlines()):
        try:
            value = json.loads(line)
        except ValueError:
            continue
        if isinstance(value, dict):
            return value
    return {}


def on_failure(context):
    """Tells a webhook which run, task and error it was: once a task, after its last try."""
    url = setting("ALERT_URL")
    if not url:
        return
    task = context["task_instance"]
    error = task.xcom_pull(task_ids=task.task_id, key="error") or {}
    body = {
        "dag": task.dag_id,
        "run": context["run_id"],
        "task": task.task_id,
        "tries": task.try_number,
        "code": error.get("code"),
        "text": error.get("message") or type(context.get("exception")).__name__,
    }
    data = json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers={"content-type": "application/json"})
    urllib.request.urlopen(request, timeout=10).close()


def task(task_id, words, **settings):
    return PythonOperator(task_id=task_id, python_callable=execute, op_args=[words], **settings)
