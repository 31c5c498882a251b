"""What upstream says of an account's quota, by whatever way it says it."""

import json
from dataclasses import replace

import pytest

from codex_lb.core import quota
from codex_lb.core.model import Credits, QuotaWindow

NOW = 1_000_000.0
WEEK = QuotaWindow(10_080, 0.4, NOW + 500, NOW, "headers")
FIVE_HOURS = QuotaWindow(300, 0.25, NOW + 100, NOW, "headers")


def spoken(
    primary: dict[str, object], secondary: dict[str, object] | None = None
) -> dict[str, str]:
    return {
        f"x-codex-{position}-{name}": str(value)
        for position, window in (("primary", primary), ("secondary", secondary or {}))
        for name, value in window.items()
    }


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        pytest.param({}, (), id="nothing said"),
        pytest.param(
            spoken(
                {"used-percent": 25, "window-minutes": 300, "reset-at": int(NOW + 100)},
                {"used-percent": "40.0", "window-minutes": 10_080, "reset-at": int(NOW + 500)},
            ),
            (FIVE_HOURS, WEEK),
            id="both windows",
        ),
        pytest.param(
            spoken({"used-percent": 40, "window-minutes": 10_080, "reset-at": int(NOW + 500)}),
            (WEEK,),
            id="a weekly window alone in the first place is weekly",
        ),
        pytest.param(
            spoken({"used-percent": 25, "window-minutes": 300, "reset-after-seconds": 100}),
            (FIVE_HOURS,),
            id="a reset told in seconds",
        ),
        pytest.param(
            spoken({"used-percent": 130, "window-minutes": 300, "reset-at": 5}),
            (QuotaWindow(300, 1.0, None, NOW, "headers"),),
            id="more than all is all, and a reset in the past is none",
        ),
        pytest.param(spoken({"used-percent": "x", "window-minutes": 300}), (), id="no number"),
        pytest.param(spoken({"used-percent": "nan", "window-minutes": 300}), (), id="not a number"),
        pytest.param(spoken({"used-percent": 5}), (), id="no length"),
        pytest.param(spoken({"used-percent": 5, "window-minutes": 0}), (), id="length zero"),
        pytest.param(spoken({"used-percent": 5, "window-minutes": 1e300}), (), id="length absurd"),
        pytest.param(
            spoken(
                {
                    "used-percent": 25,
                    "window-minutes": 300,
                    "reset-at": (NOW + 9) * 1000,
                    "reset-after-seconds": 100,
                }
            ),
            (FIVE_HOURS,),
            id="an absurd reset makes way for the seconds",
        ),
        pytest.param(
            {"x-codex-active-limit": "premium"}
            | spoken({"used-percent": 25, "window-minutes": 300, "reset-at": NOW + 100}),
            (FIVE_HOURS,),
            id="the account's own limit under its other name",
        ),
        pytest.param(
            {"x-codex-active-limit": "codex_bengalfox"}
            | spoken({"used-percent": 25, "window-minutes": 300, "reset-at": NOW + 100}),
            (),
            id="a feature's windows are not the account's",
        ),
        pytest.param(
            {
                "x-codex-bengalfox-primary-used-percent": "25",
                "x-codex-bengalfox-primary-window-minutes": "300",
            },
            (),
            id="nor are those under a feature's own names",
        ),
    ],
)
def test_headers(headers: dict[str, str], expected: tuple[QuotaWindow, ...]) -> None:
    assert quota.windows_in_headers(headers, NOW) == expected


@pytest.mark.parametrize(
    ("event", "minutes"),
    [
        pytest.param(
            {"rate_limits": {"primary": {"used_percent": 5, "window_minutes": 300}}}, [300],
            id="one window",
        ),
        pytest.param(
            {"rate_limits": {"primary": {"used_percent": 5, "window_minutes": 300},
                             "secondary": {"used_percent": 6, "window_minutes": 10_080}}},
            [300, 10_080], id="two",
        ),
        pytest.param(
            {"limit_name": "codex_other", "rate_limits": {
                "primary": {"used_percent": 5, "window_minutes": 300}}}, [],
            id="another limit's windows are not the account's",
        ),
        pytest.param(
            {"metered_limit_name": "codex", "limit_name": "anything", "rate_limits": {
                "primary": {"used_percent": "5", "window_minutes": 300.0}}}, [300],
            id="the metered name is the one that counts, and numbers may be spelled",
        ),
        pytest.param(
            {"rate_limits": {"primary": 5, "secondary": {
                "used_percent": 6, "window_minutes": 10_080}}}, [10_080],
            id="an odd window does not cost the other",
        ),
        pytest.param({"rate_limits": None}, [], id="none"),
        pytest.param({"rate_limits": {"primary": {"used_percent": None}}}, [], id="unmeasured"),
        pytest.param({"rate_limits": 5}, [], id="odd"),
    ],
)  # fmt: skip
def test_events(event: dict[str, object], minutes: list[int]) -> None:
    windows = quota.windows_in_event(json.dumps(event).encode(), NOW)
    assert [window.minutes for window in windows] == minutes


@pytest.mark.parametrize(
    ("window", "left"),
    [(WEEK, 0.6), (QuotaWindow(300, 1.0, NOW, NOW, "usage"), 1.0),
     (QuotaWindow(300, 1.0, None, NOW, "usage"), 0.0),
     (QuotaWindow(300, 1.0, None, NOW - 18_000, "usage"), 1.0)],
    ids=["what is not used", "whole again at its reset", "without a reset it stays",
         "but no longer than it lasts"],
)  # fmt: skip
def test_left(window: QuotaWindow, left: float) -> None:
    assert quota.left(window, NOW) == pytest.approx(left)


CREDITS = {"x-codex-credits-has-credits": "True", "x-codex-credits-unlimited": "False"}


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        pytest.param({}, None, id="nothing said"),
        pytest.param(
            CREDITS | {"x-codex-credits-balance": "12.5"}, Credits(has=True, unlimited=False, balance=12.5, measured_at=NOW),
            id="all said",
        ),
        pytest.param(CREDITS, Credits(has=True, unlimited=False, balance=None, measured_at=NOW), id="no balance"),
        pytest.param(
            {"x-codex-credits-unlimited": "1"}, Credits(has=False, unlimited=True, balance=None, measured_at=NOW), id="one is enough"
        ),
        pytest.param({"x-codex-credits-has-credits": "perhaps"}, None, id="neither yes nor no"),
        pytest.param({"x-codex-credits-balance": "5"}, None, id="a balance alone says nothing"),
    ],
)  # fmt: skip
def test_credits_in_headers(headers: dict[str, str], expected: Credits | None) -> None:
    assert quota.credits_in_headers(headers, NOW) == expected


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"has_credits": True, "unlimited": False, "balance": "3.5"},
         Credits(has=True, unlimited=False, balance=3.5, measured_at=NOW)),
        ({"has_credits": False, "unlimited": True, "balance": None},
         Credits(has=False, unlimited=True, balance=None, measured_at=NOW)),
        (None, None),
        ([], None),
    ],
    ids=["a balance as text", "no balance", "null", "odd"],
)  # fmt: skip
def test_credits_in_an_event(told: object, expected: Credits | None) -> None:
    event = json.dumps({"type": "codex.rate_limits", "credits": told}).encode()
    assert quota.credits_in_event(event, NOW) == expected


@pytest.mark.parametrize(
    ("name", "feature"),
    [("codex", None), ("premium", None), ("", None), ("Codex-Bengalfox", "codex_bengalfox")],
)
def test_a_limit_beside_the_account_s_own_is_named(name: str, feature: str | None) -> None:
    assert quota.limit_named({"x-codex-active-limit": name}) == feature
    assert quota.limit_named({}) is None


def test_a_full_report_ends_windows_that_it_does_not_list() -> None:
    assert quota.merge([FIVE_HOURS], [WEEK]) == (FIVE_HOURS, WEEK)
    assert quota.merge([replace(FIVE_HOURS, measured_at=NOW - 5)], [WEEK], complete=True) == (WEEK,)
    assert quota.merge([FIVE_HOURS], [], complete=True) == ()
    newer = replace(FIVE_HOURS, measured_at=NOW + 1)
    assert quota.merge([newer], [WEEK], complete=True) == (newer, WEEK)


def test_the_newest_reading_of_each_length_counts() -> None:
    old = QuotaWindow(300, 0.9, None, NOW - 5, "usage")
    assert quota.merge([old, WEEK], [FIVE_HOURS]) == (FIVE_HOURS, WEEK)
    assert quota.merge([FIVE_HOURS], [old]) == (FIVE_HOURS,)


def test_plans_weigh_what_they_hold() -> None:
    assert quota.weight("pro") > quota.weight("plus") > quota.weight("free")
    assert quota.weight("brand new") == quota.weight("free")
