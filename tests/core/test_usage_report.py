"""Upstream's report on one account, with every field that can be missing or odd."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_lb.core import usage_report
from codex_lb.core.model import Credits, ExtraLimit, QuotaWindow
from codex_lb.core.usage_report import UsageReport

NOW = 1_790_000_000.0
FIVE_HOURS, WEEK, MONTH = 300, 10_080, 43_200


def told(minutes: int, percent: object, **rest: object) -> dict[str, object]:
    return {
        "used_percent": percent,
        "limit_window_seconds": minutes * 60,
        "reset_at": NOW + 60,
    } | rest


def window(minutes: int, used: float, resets_at: float | None = NOW + 60) -> QuotaWindow:
    return QuotaWindow(minutes, used, resets_at, NOW, "usage")


def read(**fields: Any) -> UsageReport:
    report = usage_report.read(json.dumps({"plan_type": "plus"} | fields).encode(), NOW)
    assert report is not None
    return report


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        pytest.param(
            {"primary_window": told(FIVE_HOURS, 25), "secondary_window": told(WEEK, 40)},
            (window(FIVE_HOURS, 0.25), window(WEEK, 0.4)), id="both",
        ),
        pytest.param(
            {"primary_window": told(WEEK, 40), "secondary_window": told(FIVE_HOURS, 25)},
            (window(FIVE_HOURS, 0.25), window(WEEK, 0.4)), id="both in the other order",
        ),
        pytest.param(
            {"primary_window": told(WEEK, 40), "secondary_window": None},
            (window(WEEK, 0.4),), id="a free plan's week in the first place",
        ),
        pytest.param({"primary_window": told(MONTH, 7)}, (window(MONTH, 0.07),), id="a month alone"),
        pytest.param({"primary_window": None, "secondary_window": None}, (), id="none"),
        pytest.param({}, (), id="nothing said"),
        pytest.param(
            {"primary_window": told(FIVE_HOURS, "25.0", reset_at=str(NOW + 60))},
            (window(FIVE_HOURS, 0.25),), id="numbers as text",
        ),
        pytest.param(
            {"primary_window": told(FIVE_HOURS, 25, reset_at=None, reset_after_seconds=60)},
            (window(FIVE_HOURS, 0.25),), id="a reset in seconds",
        ),
        pytest.param(
            {"primary_window": told(FIVE_HOURS, 25, reset_at=(NOW + 60) * 1000)},
            (window(FIVE_HOURS, 0.25, None),), id="a reset in milliseconds is ignored",
        ),
        pytest.param(
            {"primary_window": told(FIVE_HOURS, 25, reset_at=NOW - 1)},
            (window(FIVE_HOURS, 0.25, None),), id="a reset in the past is ignored",
        ),
        pytest.param({"primary_window": told(FIVE_HOURS, 130)}, (window(FIVE_HOURS, 1.0),),
                     id="more than all is all"),
    ],
)  # fmt: skip
def test_windows(limit: dict[str, object], expected: tuple[QuotaWindow, ...]) -> None:
    report = read(rate_limit=limit)
    assert (report.windows, report.is_complete) == (expected, True)


@pytest.mark.parametrize(
    ("fields", "is_complete"),
    [
        ({"rate_limit": None}, True),
        ({}, False),
        ({"rate_limit": "x"}, False),
        ({"rate_limit": {"primary_window": told(WEEK, None)}}, False),
        ({"rate_limit": {"primary_window": 5}}, False),
    ],
    ids=["null means none", "not told", "odd", "a window without a share", "an odd window"],
)
def test_what_could_not_be_read_ends_no_known_window(
    fields: dict[str, object], *, is_complete: bool
) -> None:
    report = read(**fields)
    assert (report.windows, report.is_complete) == ((), is_complete)


def test_all_that_upstream_tells_is_read() -> None:
    report = read(
        plan_type="Pro",
        rate_limit={"limit_reached": True, "primary_window": told(WEEK, 100)},
        credits={"has_credits": True, "unlimited": False, "balance": "12.5"},
        additional_rate_limits=[
            {
                "limit_name": "GPT-5.3-Codex-Spark",
                "metered_feature": "codex_bengalfox",
                "rate_limit": {"primary_window": told(FIVE_HOURS, 10), "secondary_window": None},
            }
        ],
        rate_limit_reset_credits={"available_count": 2},
    )
    assert report == UsageReport(
        plan="pro",
        windows=(window(WEEK, 1.0),),
        is_complete=True,
        limit_reached=True,
        credits=Credits(has=True, unlimited=False, balance=12.5, measured_at=NOW),
        extras=(ExtraLimit("codex_bengalfox", "GPT-5.3-Codex-Spark", (window(FIVE_HOURS, 0.1),)),),
        reset_credits=2,
    )


def test_what_upstream_does_not_tell_is_none() -> None:
    report = read(plan_type=None, rate_limit={"allowed": False})
    assert report == UsageReport(
        plan=None,
        windows=(),
        is_complete=True,
        limit_reached=True,
        credits=None,
        extras=None,
        reset_credits=None,
    )


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("ProLite ", "prolite"),
        ("a plan of next year", "a plan of next year"),
        ("evil\r\nx-evil: 1", None),
        ("a\0b", None),
        ("日本", None),
        ("p" * 65, None),
        (" ", None),
        (7, None),
    ],
)
def test_a_plan_is_a_word_that_a_header_can_carry(told: object, expected: str | None) -> None:
    assert read(plan_type=told).plan == expected


@pytest.mark.parametrize(("told", "expected"), [(-1, 0), ("3", 3), (5e9, 1_000), (1e300, 1_000)])
def test_banked_resets_are_a_number_that_a_column_holds(told: object, expected: int) -> None:
    assert read(rate_limit_reset_credits={"available_count": told}).reset_credits == expected


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b"<html>", b"\xff", b"{}", b'{"detail":"Not Found"}'],
)  # fmt: skip
def test_anything_else_is_no_report(body: bytes) -> None:
    assert usage_report.read(body, NOW) is None


ODD = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)
WHOLE: dict[str, Any] = {
    "plan_type": "plus",
    "rate_limit": {"primary_window": told(FIVE_HOURS, 25), "secondary_window": told(WEEK, 40)},
    "credits": {"has_credits": True, "unlimited": False, "balance": "1"},
    "additional_rate_limits": [],
    "rate_limit_reset_credits": {"available_count": 2},
}
READ_FROM = {
    "plan_type": {"plan"},
    "rate_limit": {"windows", "is_complete", "limit_reached"},
    "credits": {"credits"},
    "additional_rate_limits": {"extras"},
    "rate_limit_reset_credits": {"reset_credits"},
}


@given(st.sampled_from(sorted(WHOLE)), ODD)
def test_one_odd_field_never_costs_the_others(field: str, odd: object) -> None:
    whole, spoilt = read(**WHOLE), read(**(WHOLE | {field: odd}))
    for name in set(UsageReport.__dataclass_fields__) - READ_FROM[field]:
        assert getattr(spoilt, name) == getattr(whole, name)


@given(st.sampled_from(["used_percent", "limit_window_seconds", "reset_at"]), ODD)
def test_one_odd_window_never_costs_the_other(field: str, odd: object) -> None:
    spoilt = told(FIVE_HOURS, 25) | {field: odd}
    report = read(rate_limit={"primary_window": told(WEEK, 40), "secondary_window": spoilt})
    assert window(WEEK, 0.4) in report.windows or len(report.windows) == 1
