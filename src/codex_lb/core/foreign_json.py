"""What stands in JSON that others wrote, if it is JSON at all? Nothing here ever raises.

Upstream, its login host and sign-in files may hold anything. msgspec says so in three ways that
have no common base: a text that does not parse, bytes that are not UTF-8, nesting too deep.
"""

import sys
from typing import Any, TypeVar

import msgspec

JsonObject = dict[str, Any]
T = TypeVar("T")

_LARGEST = sys.float_info.max
_LONGEST_WORD = 64

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def decode(data: bytes, shape: type[T]) -> T | None:
    """`data` as a `shape`, or None if it is not one."""
    try:
        return msgspec.json.decode(data, type=shape)
    except UNREADABLE:
        return None


def json_object(data: bytes) -> JsonObject | None:
    """`data` as a JSON object, or None if it is not one."""
    return decode(data, JsonObject)


def text(value: object) -> str | None:
    """`value` if it is a text with something in it."""
    return value if isinstance(value, str) and value else None


def word(value: object) -> str | None:
    """`value` in lower case if it is a short text of printable ASCII, which a header can carry."""
    found = value.strip().lower() if isinstance(value, str) else ""
    fits = found.isascii() and found.isprintable() and len(found) <= _LONGEST_WORD
    return found if found and fits else None


def number(value: object) -> float | None:
    """`value` if it is a finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) <= _LARGEST else None  # NaN compares false


def spelled_number(text: str | None) -> float | None:
    """The finite number that a header spells; None for a date, and for no header."""
    try:
        return None if text is None else number(float(text))
    except ValueError:
        return None


def figure(value: object) -> float | None:
    """The finite number that `value` is or spells; upstream writes quota in both ways."""
    return spelled_number(value) if isinstance(value, str) else number(value)


def truth(value: object) -> bool | None:
    """The yes or no that `value` is or spells, None for anything else."""
    if isinstance(value, str):
        return {"true": True, "1": True, "false": False, "0": False}.get(value.strip().lower())
    return value if isinstance(value, bool) else None


def member(value: object, name: str) -> JsonObject:
    """The object under `name` if `value` is an object that has one there, else an empty one."""
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}
