"""Put values into a JSON text, and leave every other byte of it as it is.

Comments and trailing commas are taken as they come, because the programs that own such files take
them. Other liberties (single quotes, bare names) are not.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from codex_lb.core.foreign_json import JsonObject
from codex_lb.core.toml_edit import CannotEditError

_TOKEN = re.compile(
    r'"(?:[^"\\\n]|\\.)*"|//[^\n]*|/\*.*?\*/|[{}\[\],:]|[^\s{}\[\],:"/]+|\S', re.DOTALL
)
_TAIL = re.compile(r"[ \t]*(,?)[ \t]*(//[^\n]*)?")  # of a member, on its line
_INDENT = re.compile(r"\n([ \t]+)\S")


@dataclass(slots=True)
class _Node:
    start: int
    end: int
    value: object
    members: dict[str, "_Node"] = field(default_factory=dict)  # if it is an object


def put(text: str, wanted: Mapping[str, object]) -> str:
    """`wanted` is merged into the text, object by object. Raises `CannotEditError`."""
    try:
        return _put(text if text.strip() else "{}\n", wanted, ())
    except (ValueError, StopIteration, RecursionError) as error:
        raise CannotEditError(f"It is not JSON that can be edited: {error}") from error


def _put(text: str, wanted: Mapping[str, object], path: tuple[str, ...]) -> str:
    for name, value in wanted.items():
        node = _read(text)
        for step in path:
            node = node.members[step]
        held = node.members.get(name)
        if held is None:
            text = _added(text, node, name, value, len(path) + 1)
        elif isinstance(value, Mapping) and isinstance(held.value, dict):
            text = _put(text, value, (*path, name))
        elif held.value != value:
            said = _spelled(text, value, len(path) + 1)
            text = text[: held.start] + said + text[held.end :]
    return text


def _added(text: str, node: _Node, name: str, value: object, depth: int) -> str:
    said = f"{json.dumps(name)}: {_spelled(text, value, depth)}"
    line = "\n" + _unit(text) * depth + said
    if not node.members:
        closing = "\n" + _unit(text) * (depth - 1) + "}"
        inside = text[node.start + 1 : node.end - 1].rstrip()
        return text[: node.start + 1] + inside + line + closing + text[node.end :]
    last = list(node.members.values())[-1].end
    tail = _TAIL.match(text, last)
    end = tail.end() if tail else last
    comma = "" if tail and tail[1] else ","
    return text[:last] + comma + text[last:end] + line + text[end:]


def _spelled(text: str, value: object, depth: int) -> str:
    unit = _unit(text)
    return json.dumps(value, indent=unit, ensure_ascii=False).replace("\n", "\n" + unit * depth)


def _unit(text: str) -> str:
    found = _INDENT.search(text)
    return found[1] if found else "  "


# -- reading, with the places ------------------------------------------------------------------


def _read(text: str) -> _Node:
    """Raises `ValueError`, `StopIteration`."""
    tokens = (m for m in _TOKEN.finditer(text) if not m[0].startswith(("//", "/*")))
    root = _node(tokens, next(tokens))
    if not isinstance(root.value, dict) or next(tokens, None) is not None:
        raise ValueError("it is not one object")
    return root


def _node(tokens: Iterator[re.Match[str]], token: re.Match[str]) -> _Node:
    if token[0] == "{":
        return _object(tokens, token.start())
    if token[0] == "[":
        return _array(tokens, token.start())
    return _Node(token.start(), token.end(), json.loads(token[0]))


def _object(tokens: Iterator[re.Match[str]], start: int) -> _Node:
    members: dict[str, _Node] = {}
    while (token := next(tokens))[0] != "}":
        if token[0] == "," and members:
            continue
        name = json.loads(token[0])
        if not isinstance(name, str) or next(tokens)[0] != ":":
            raise ValueError(f"a name is missing at character {token.start()}")
        members[name] = _node(tokens, next(tokens))
    value: JsonObject = {name: node.value for name, node in members.items()}
    return _Node(start, token.end(), value, members)


def _array(tokens: Iterator[re.Match[str]], start: int) -> _Node:
    values: list[object] = []
    while (token := next(tokens))[0] != "]":
        if token[0] != "," or not values:
            values.append(_node(tokens, token).value)
    return _Node(start, token.end(), values)
