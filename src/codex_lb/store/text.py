"""Bounding text that came from outside before it is kept: by length, and to what SQL can hold."""

from dataclasses import fields, replace
from typing import TypeVar

from codex_lb.core.model import AccountEvent, Attempt, OpenedRequest, Receipt, Skipped

LONGEST = 1_000  # characters; longer only if somebody means harm, or upstream sent a page of HTML

T = TypeVar("T", OpenedRequest, Receipt, Attempt, Skipped, AccountEvent)


_NAMES = {
    kind: tuple(field.name for field in fields(kind))
    for kind in (OpenedRequest, Receipt, Attempt, Skipped, AccountEvent)
}


def tidied(value: T) -> T:
    """`value` with every text clipped, without NUL (PostgreSQL) and lone surrogates (UTF-8)."""
    changed: dict[str, object] = {}
    for name in _NAMES[type(value)]:
        before = getattr(value, name)
        if isinstance(before, str):
            if len(before) > LONGEST or not before.isprintable():
                changed[name] = tidy(before)
        elif isinstance(before, tuple) and before:
            changed[name] = tuple(tidied(part) for part in before)
    return replace(value, **changed) if changed else value  # type: ignore[arg-type]  # same types


def tidy(text: str) -> str:
    clipped = text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
    return clipped.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
