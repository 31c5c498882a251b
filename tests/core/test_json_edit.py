"""Putting values into a JSON text."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_lb.core.json_edit import put
from codex_lb.core.toml_edit import CannotEditError

WANTED = {"a": {"b": 1, "c": [2]}, "d": "e"}
NEW = '{\n  "a": {\n    "b": 1,\n    "c": [\n      2\n    ]\n  },\n  "d": "e"\n}\n'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", NEW, id="nothing there"),
        pytest.param("{}\n", NEW, id="an empty object"),
        pytest.param(NEW, NEW, id="all there"),
        pytest.param('{"d": "e", "a": {"c":[2],"b":1}}', '{"d": "e", "a": {"c":[2],"b":1}}',
                     id="all there, otherwise spelled"),
        pytest.param(
            '{\n    // mine\n    "x": 1, /* why */\n    "a": {"b": 0, "y": 2}, // last\n}\n',
            '{\n    // mine\n    "x": 1, /* why */\n    "a": {"b": 1, "y": 2,\n        "c": [\n'
            '            2\n        ]}, // last\n    "d": "e"\n}\n',
            id="comments and the rest stay",
        ),
        pytest.param(
            '{\n\t"x": "// no comment" // one\n}', '{\n\t"x": "// no comment", // one\n\t"a": {\n\t\t'
            '"b": 1,\n\t\t"c": [\n\t\t\t2\n\t\t]\n\t},\n\t"d": "e"\n}',
            id="a comment behind the last member stays there",
        ),
        pytest.param(
            "{ // nothing yet\n}", '{ // nothing yet\n  "a": {\n    "b": 1,\n    "c": [\n      2\n    ]\n'
            '  },\n  "d": "e"\n}',
            id="a comment in an empty object",
        ),
        pytest.param('{"a": 5, "d": null}', '{"a": {\n    "b": 1,\n    "c": [\n      2\n    ]\n  }, '
                     '"d": "e"}', id="what is of another kind is replaced"),
    ],
)  # fmt: skip
def test_put(text: str, expected: str) -> None:
    assert put(text, WANTED) == expected
    assert put(expected, WANTED) == expected


@pytest.mark.parametrize(
    "text",
    ["[]", "{", '{"a": 1} x', "{a: 1}", "{'a': 1}", '{"a" 1}', '{"a": tru}', "{,}", "{5: 1}",
     "[" * 5000, '{"a": /* no end'],
)  # fmt: skip
def test_what_cannot_be_edited_is_left_alone(text: str) -> None:
    with pytest.raises(CannotEditError):
        put(text, WANTED)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["a", "b", "c", "d", '"'] ), inner, max_size=4),
    max_leaves=8,
)  # fmt: skip
OBJECTS = st.dictionaries(st.sampled_from(["a", "b", "c", "d"]), JSON, max_size=4)


def merged(old: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    inner = {
        key: merged(old[key], value)
        if isinstance(value, dict) and isinstance(old.get(key), dict)
        else value
        for key, value in wanted.items()
    }
    return old | inner


@given(OBJECTS, OBJECTS, st.sampled_from([None, 0, 2, "\t"]))
def test_everything_else_means_what_it_meant(
    old: dict[str, Any], wanted: dict[str, Any], indent: int | str | None
) -> None:
    text = put(json.dumps(old, indent=indent), wanted)
    assert json.loads(text) == merged(old, wanted)
    assert put(text, wanted) == text
