"""Bounding text that came from outside before it is kept: by length, and to what SQL can hold."""

from dataclasses import fields, replace
from typing import TypeVar

from codex_lb.core.model import Attempt, OpenedRequest, Receipt

LONGEST = 1_000  # characters; longer only if somebody means harm, or upstream sent a page of HTML

T = TypeVar("T", OpenedRequest, Receipt, Attempt)


def tidied(value: T) -> T:
    """`value` with every text clipped, without NUL (PostgreSQL) and lone surrogates (UTF-8)."""
    changed: dict[str, object] = {}
    for field in fields(value):
        before = getattr(value, field.name)
        after = _tidy(before)
        if after is not before:
            changed[field.name] = after
    return replace(value, **changed) if changed else value  # type: ignore[arg-type]  # same types


def _tidy(value: object) -> object:
    if isinstance(value, str):
        if len(value) <= LONGEST and value.isprintable():
            return value
        clipped = value if len(value) <= LONGEST else value[: LONGEST - 1] + "…"
        return clipped.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
    if isinstance(value, tuple):
        return tuple(tidied(part) for part in value) if value else value
    return value
