"""Putting values into a TOML text."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_lb.core.toml_edit import CannotEditError, Values, put

WANTED: dict[str, Values] = {"": {"top": "a"}, "t.x-y": {"k": "v", "on": True, "gone": None}}
NEW = 'top = "a"\n\n[t.x-y]\nk = "v"\non = true\n'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", NEW, id="nothing there"),
        pytest.param(NEW, NEW, id="all there"),
        pytest.param(
            "# mine\nother = 1 # why\n\n[a]\nb = 2\n",
            '# mine\nother = 1 # why\ntop = "a"\n\n[a]\nb = 2\n\n[t.x-y]\nk = "v"\non = true\n',
            id="the rest stays",
        ),
        pytest.param(
            "top = 'b'\n[t.x-y]\ngone = true\nk = 'v' # as it was\nmore = 1\n\n# about z\n[z]\n",
            "top = \"a\"\n[t.x-y]\nk = 'v' # as it was\nmore = 1\non = true\n\n# about z\n[z]\n",
            id="only what differs is changed, in its place",
        ),
        pytest.param(
            "# about a\n[a]\n",
            'top = "a"\n\n# about a\n[a]\n\n[t.x-y]\nk = "v"\non = true\n',
            id="a comment stays with its table",
        ),
        pytest.param(
            'top = "a"\n[ t . "x-y" ] # here\n',
            'top = "a"\n[ t . "x-y" ] # here\nk = "v"\non = true\n',
            id="a header in another spelling",
        ),
    ],
)
def test_put(text: str, expected: str) -> None:
    assert put(text, WANTED) == expected
    assert put(expected, WANTED) == expected


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("top = ", id="no TOML"),
        pytest.param('t = { x-y = { k = "b" } }\n', id="an inline table"),
        pytest.param("t.x-y.k = 'b'\n", id="dotted keys"),
        pytest.param("top = [\n1]\n", id="a value of several lines"),
        pytest.param("t = 5\n", id="a number where a table should be"),
        pytest.param('note = """\ntop = "b"\n"""\n', id="a text that looks like the key"),
    ],
)
def test_what_cannot_be_edited_is_left_alone(text: str) -> None:
    with pytest.raises(CannotEditError):
        put(text, WANTED)


KEYS = st.sampled_from(["top", "k", "on", "gone", "z"])
TABLES = st.sampled_from(["t.x-y", "t", "a", "a.b"])
VALUES = st.sampled_from(['"a"', "1", "[1, [2]]", "true", "'v' # c"])
LONG = "long = [1,\n[2]]\n"


@given(st.dictionaries(KEYS, VALUES), st.dictionaries(TABLES, st.dictionaries(KEYS, VALUES)))
def test_everything_else_means_what_it_meant(
    top: dict[str, str], tables: dict[str, dict[str, str]]
) -> None:
    parts = [LONG, *(f"{key} = {value}\n" for key, value in top.items())]
    parts += [
        f"[{name}]\n" + "".join(f"{key} = {value}\n" for key, value in keys.items())
        for name, keys in tables.items()
    ]
    text = "".join(parts)
    expected = tomllib.loads(text) | {"top": "a"}
    inner = expected.setdefault("t", {}).setdefault("x-y", {})
    inner.pop("gone", None)
    inner |= {"k": "v", "on": True}
    assert tomllib.loads(put(text, WANTED)) == expected
