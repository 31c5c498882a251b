"""Log lines: their form, and that no secret gets into one, whatever way it comes."""

import errno
import io
import json
import logging
import warnings
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from codex_lb import logs

JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJlLXNpZ25hdHVyZQ"


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    """The process's logging is as before after each test."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers, root.level = handlers, level
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param("to Bearer abc.def-123,", "to Bearer [redacted],", id="bearer"),
        pytest.param(
            "Authorization: Bearer abc.def", "Authorization: [redacted] [redacted]", id="its header"
        ),
        pytest.param("Authorization: Basic abc123==", "Authorization: [redacted]", id="basic"),
        pytest.param(
            "(b'authorization', b'bearer abcdef')", "b'[redacted] [redacted]'", id="raw header"
        ),
        pytest.param("key sk-clb-0123456789abcdef", "sk-clb-[redacted]", id="our key"),
        pytest.param("key sk-proj-0123456789abcdef", "sk-[redacted]", id="a key of OpenAI's"),
        pytest.param(f"token {JWT}.", "token [redacted]", id="a web token"),
        pytest.param("rt_AbCdEf0123456789.xyz", "[redacted]", id="a refresh token"),
        pytest.param('{"refresh_token": "opaque"}', '"refresh_token": "[redacted]"', id="JSON"),
        pytest.param(
            '{\\"id_token\\":\\"opaque\\"}', '\\"id_token\\":\\"[redacted]\\"', id="JSON in JSON"
        ),
        pytest.param("Credential(access_token='opaque')", "='[redacted]')", id="a repr"),
        pytest.param("code_verifier=opaque&x=1", "code_verifier=[redacted]", id="a form"),
        pytest.param("password=opaque", "password=[redacted]", id="a password"),
        pytest.param("Cookie: sid=opaque; b=opaque", "Cookie: [redacted]", id="a cookie"),
        pytest.param('{"set-cookie": ["sid=opaque"]}', '["[redacted]"]', id="a list of cookies"),
        pytest.param("(b'set-cookie', b'sid=opaque')", "b'[redacted]'", id="a raw cookie"),
        pytest.param("GET /v1/models?api_key=opaque", "/v1/models?[redacted]", id="a query"),
        pytest.param("https://x.test/cb?code=opaque", "x.test/cb?[redacted]", id="a URL"),
        pytest.param("path=/a?opaque rest", "/a?[redacted] rest", id="a query in a field"),
        pytest.param(
            "postgresql://lb:opaque@db/x", "postgresql://[redacted]@db/x", id="a password in a URL"
        ),
    ],
)
def test_redact(line: str, expected: str) -> None:
    redacted = logs.redact(line)
    assert expected in redacted
    for secret in ("opaque", "abc", "0123456789", "eyJ"):
        assert secret not in redacted


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("attempt judged account=acc_1 status=429 verdict=next", id="a usual line"),
        pytest.param("what? no, really?", id="a question"),
        pytest.param("input_tokens=12 output_tokens=7 cached_tokens=3", id="counts of tokens"),
        pytest.param("code=usage_limit_reached", id="an error code"),
        pytest.param("start_rt_counter_of_something_long", id="rt_ inside a word"),
    ],
)
def test_what_is_no_secret_stays(line: str) -> None:
    assert logs.redact(line) == line


def test_a_long_line_is_redacted_in_one_pass() -> None:
    line = "/" * 200_000 + " " + "a://" * 50_000 + " " + "eyJ" * 50_000
    assert len(logs.redact(line)) < len(line)


def test_text(stream: io.StringIO) -> None:
    log = logs.set_up("text", "info", stream)
    log.info("attempt judged", account="acc_1", status=429, share=0.5, code=None, why="too many")
    at, _, line = stream.getvalue().partition(" ")
    assert at.endswith("Z")
    assert line == (
        'info attempt judged account=acc_1 status=429 share=0.5 code=null why="too many"\n'
    )


def test_json(stream: io.StringIO) -> None:
    log = logs.set_up("json", "info", stream)
    log.info("attempt judged", account="acc_1", url="https://x.test/?opaque")
    line = json.loads(stream.getvalue())
    assert list(line) == ["at", "level", "event", "account", "url"]
    assert line["url"] == "https://x.test/?[redacted]"


@given(
    st.dictionaries(
        st.sampled_from(["password", "id_token", "cookie", "authorization", "url", "x"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
            max_leaves=5,
        )
        | st.sampled_from(["Bearer abcdefgh", "https://u:p@x.test/?q=1", JWT, "a cookie: b=1"]),
    )
)
def test_a_redacted_line_is_still_json(fields: dict[str, object]) -> None:
    stream = io.StringIO()
    logs.set_up("json", "info", stream).info("event", **fields)
    assert set(json.loads(stream.getvalue())) == {"at", "level", "event", *fields}


@given(st.text(max_size=50), st.text(max_size=50))
def test_a_line_is_one_line_however_hostile_its_values(event: str, value: str) -> None:
    stream = io.StringIO()
    logs.set_up("text", "info", stream).info(event, value=value)
    assert len(stream.getvalue().splitlines()) == 1


def test_a_traceback_follows_indented_and_without_secrets(stream: io.StringIO) -> None:
    log = logs.set_up("text", "info", stream)
    log.error("request crashed", exc_info=ValueError(f"{JWT}\n2026-01-01 info forged line"))
    first, *rest = stream.getvalue().splitlines()
    assert first.endswith("error request crashed")
    assert all(line.startswith("  ") for line in rest)
    assert "ValueError: [redacted]" in rest[-2]


@pytest.mark.parametrize(
    ("level", "ours", "theirs"),
    [
        pytest.param("warning", ["warning"], ["warning"], id="warnings only"),
        pytest.param("info", ["info", "warning"], ["warning"], id="libraries are quieter"),
        pytest.param(
            "debug", ["debug", "info", "warning"], ["info", "warning"], id="even when we debug"
        ),
    ],
)
def test_levels(stream: io.StringIO, level: logs.Level, ours: list[str], theirs: list[str]) -> None:
    log = logs.set_up("json", level, stream)
    for each in ("debug", "info", "warning"):
        getattr(log, each)("ours")
        getattr(logging.getLogger("library"), each)("theirs %s", "too")
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["level"] for line in lines if line["event"] == "ours"] == ours
    assert [line["level"] for line in lines if line["event"] == "theirs too"] == theirs


def test_warnings_of_libraries_are_lines_too(stream: io.StringIO) -> None:
    logs.set_up("json", "info", stream)
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        warnings.warn("Bearer opaque-token is deprecated", stacklevel=1)
    line = json.loads(stream.getvalue())
    assert line["logger"] == "py.warnings"
    assert "Bearer [redacted]" in line["event"]


class FullDisk(io.StringIO):
    is_full = True

    def flush(self) -> None:
        if self.is_full:
            raise OSError(errno.ENOSPC, "No space left on device")


def test_a_log_that_cannot_be_written_stops_nobody_and_says_so_later() -> None:
    stream = FullDisk()
    log = logs.set_up("json", "info", stream)
    log.info("first")
    log.info("second")
    stream.is_full = False
    log.info("third")
    log.info("fourth")
    *_, third, fourth = stream.getvalue().splitlines()
    assert json.loads(third)["lines_lost_before"] == 2
    assert "lines_lost_before" not in fourth
