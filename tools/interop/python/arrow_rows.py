"""Rows of an Arrow table as canonical rows, by type."""

import pyarrow as pa

from canonical import pairs, plain, single


def rows(table):
    columns = []
    for name, column in zip(table.schema.names, table.columns):
        kind = table.schema.field(name).type
        columns.append((name, [convert(kind, value.as_py() if not pa.types.is_timestamp(kind) else timestamp(value, kind)) for value in column]))
    for i in range(table.num_rows):
        yield {name: values[i] for name, values in columns}


def timestamp(scalar, kind):
    import datetime

    if not scalar.is_valid:
        return None
    unit = {"s": 1_000_000, "ms": 1000, "us": 1, "ns": 0}[kind.unit]
    micros = scalar.value * unit if unit else scalar.value // 1000
    zone = datetime.timezone.utc if kind.tz is not None else None
    return datetime.datetime(1970, 1, 1, tzinfo=zone) + datetime.timedelta(microseconds=micros)


def convert(kind, value):
    if value is None:
        return None
    if pa.types.is_dictionary(kind):
        return convert(kind.value_type, value)
    if pa.types.is_float32(kind):
        return plain(single(value))
    if pa.types.is_struct(kind):
        return {field.name: convert(field.type, value[field.name]) for field in kind}
    if pa.types.is_map(kind):
        items = value.items() if isinstance(value, dict) else value
        return pairs((convert(kind.key_type, k), convert(kind.item_type, v)) for k, v in items)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return [convert(kind.value_type, element) for element in value]
    return plain(value)
