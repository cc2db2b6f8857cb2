"""Reads published tables as pandas frames at a version, and writes predictions back, with deltalake alone."""

import decimal
import json

import pandas as pd
from deltalake import CommitProperties, DeltaTable, write_deltalake


def table(lake: str, path: str, version: int | None = None) -> DeltaTable:
    """The table at a version; None: the newest. Keep `.version()` with the model: it names the very rows for ever."""
    return DeltaTable(f"{lake.rstrip('/')}/{path}", version=version)


def frame(source: DeltaTable, columns: list[str], filters: list[tuple] | None = None) -> pd.DataFrame:
    """Columns of a table. Filters reach the files: those without such rows are not read. Decimals become floats."""
    rows = source.to_pandas(columns=columns, filters=filters)
    for name in columns:
        values = rows[name].dropna()
        if len(values) > 0 and isinstance(values.iloc[0], decimal.Decimal):
            rows[name] = rows[name].astype(float)
    return rows


def write_predictions(lake: str, name: str, rows: pd.DataFrame, inputs: dict[str, DeltaTable]) -> DeltaTable:
    """Appends predictions to `ml/<name>`; the commit says which versions they were made from."""
    uri = f"{lake.rstrip('/')}/ml/{name}"
    versions = json.dumps({path: source.version() for path, source in inputs.items()})
    properties = CommitProperties(custom_metadata={"deltaworks.trainedFrom": versions})
    write_deltalake(uri, rows, mode="append", commit_properties=properties)
    return DeltaTable(uri)
