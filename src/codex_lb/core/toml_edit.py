"""Put values into a TOML text, and leave every other byte of it as it is.

Line by line, so it knows no more of TOML than headers and keys. What it makes is read again and
compared with what it should be; where that fails (a key inside an inline table, say) nothing is
made at all.
"""

import json
import re
import tomllib
from collections.abc import Mapping

Values = Mapping[str, str | bool | None]  # None: the key is to go

_HEADER = re.compile(r"\s*(\[[^\[\],]+\]|\[\[[^\[\],]+\]\])\s*(#.*)?$")


class CannotEditError(Exception):
    """The text is not what we can edit; a sentence for its owner."""


def put(text: str, tables: Mapping[str, Values]) -> str:
    """`tables` by their dotted names, "" for the top. Raises `CannotEditError`."""
    try:
        for table, values in tables.items():
            text = _put(text, table, values)
    except (tomllib.TOMLDecodeError, AttributeError) as error:
        raise CannotEditError(f"It is not TOML that can be edited: {error}") from error
    return text


def _put(text: str, table: str, values: Values) -> str:
    document = tomllib.loads(text)
    held = document
    for name in table.split(".") if table else ():
        held = held.setdefault(name, {})
    changes = {key: value for key, value in values.items() if held.get(key) != value}
    edited = _edited(text, table, changes) if changes else text
    for key, value in changes.items():
        held.pop(key, None)
        if value is not None:
            held[key] = value
    if tomllib.loads(edited) != document:
        raise CannotEditError("It is written in a way that cannot be edited.")
    return edited


def _edited(text: str, table: str, changes: Values) -> str:
    lines = text.removesuffix("\n").split("\n") if text else []
    start, end = _section(lines, table)
    if start is None:
        lines += [""] if lines and lines[-1].strip() else []
        lines += [f"[{table}]"]
        start = end = len(lines)
    for key, value in changes.items():
        places = [i for i in range(start, end) if re.match(rf'\s*"?{key}"?\s*=', lines[i])]
        said = [] if value is None else [f"{key} = {_spelled(value)}"]
        at = places[0] if places else _behind_last(lines, start, end)
        if said and not places and at < len(lines) and lines[at].strip():
            said.append("")
        lines[at : at + len(places)] = said
        end += len(said) - len(places)
    return "\n".join(lines) + "\n"


def _section(lines: list[str], table: str) -> tuple[int | None, int]:
    """Where the table's keys stand; a start of None: there is no such table."""
    headers = [i for i, line in enumerate(lines) if _HEADER.match(line)]
    start = 0 if not table else None
    if table:
        name = r"\s*\.\s*".join(rf"[\"']?{re.escape(part)}[\"']?" for part in table.split("."))
        found = [i for i in headers if re.match(rf"\s*\[\s*{name}\s*\]", lines[i])]
        start = found[0] + 1 if found else None
    return start, next((i for i in headers if i >= (start or 0)), len(lines))


def _behind_last(lines: list[str], start: int, end: int) -> int:
    """Before the blank lines that end a section, and what is said there of the next one."""
    while end > start and (not lines[end - 1].strip() or lines[end - 1].startswith("#")):
        end -= 1
    return end


def _spelled(value: object) -> str:
    """A text or a yes or no; JSON spells both as TOML does."""
    return json.dumps(value, ensure_ascii=False)
