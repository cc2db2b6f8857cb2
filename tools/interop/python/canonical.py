"""Canonical lines of rows, so that what different readers make of a table can be compared.

One JSON object a row, keys in schema order. Decimals are text with their scale, binary is hex, dates and timestamps are ISO
text (UTC, microseconds), maps are lists of pairs sorted by key, non-finite floats are text.
"""

import datetime
import decimal
import json
import math


def plain(value):
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        if math.isnan(value):
            return "NaN"
        if math.isinf(value):
            return "Infinity" if value > 0 else "-Infinity"
        return 0.0 if value == 0 else value
    if isinstance(value, decimal.Decimal):
        return format(value, "f")
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value).hex()
    if isinstance(value, datetime.datetime):
        if value.tzinfo is None:
            return value.strftime("%Y-%m-%dT%H:%M:%S.%f").rjust(26, "0")
        utc = value.astimezone(datetime.timezone.utc)
        return utc.strftime("%Y-%m-%dT%H:%M:%S.%f").rjust(26, "0") + "Z"
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, dict):
        return {name: plain(member) for name, member in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(element) for element in value]
    raise TypeError(f"no canonical form of {type(value)}")


def pairs(items):
    """A map as a list of pairs, sorted by the key's JSON text."""
    return sorted(([plain(k), plain(v)] for k, v in items), key=lambda p: json.dumps(p[0]))


def normal(line_or_row):
    """A row as comparable text: floats as Python writes them."""
    row = json.loads(line_or_row) if isinstance(line_or_row, str) else line_or_row
    return json.dumps(floats(row), ensure_ascii=False, separators=(",", ":"))


def floats(value):
    if isinstance(value, float):
        return 0.0 if value == 0 else value
    if isinstance(value, list):
        return [floats(element) for element in value]
    if isinstance(value, dict):
        return {name: floats(member) for name, member in value.items()}
    return value


def single(value):
    """The shortest double that reads back to a 32-bit float."""
    if value is None or not math.isfinite(value):
        return value
    import struct

    for digits in range(1, 10):
        text = float(f"{value:.{digits}g}")
        if struct.unpack("f", struct.pack("f", text))[0] == value:
            return text
    return value
