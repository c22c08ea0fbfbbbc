"""A table as TOML. Python reads TOML and does not write it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any


def value_text(value: Any) -> str:
    """One value, on one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        # JSON's escapes are TOML's, but for the delete character.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, Mapping):
        items = (f"{json.dumps(key)} = {value_text(item)}" for key, item in value.items())
        return "{" + ", ".join(items) + "}"
    if isinstance(value, Sequence):
        return "[" + ", ".join(value_text(item) for item in value) + "]"
    if hasattr(value, "item"):  # a number of NumPy
        return value_text(value.item())
    raise TypeError(f"{value!r} has no form in a recipe")


def table_text(name: str, table: Mapping[str, Any]) -> str:
    """A table of a recipe."""
    lines = (f"{json.dumps(key)} = {value_text(value)}\n" for key, value in table.items())
    return f"[{name}]\n" + "".join(lines)
