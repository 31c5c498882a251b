"""The figures of the last minutes."""

from codex_lb.core.live import Live, Now, TurnedAway, filled
from codex_lb.core.model import Attempt, Receipt, RequestStatus, Usage

NOW = 1_800_000_030.0


def receipt(
    ago_s: float,
    status: RequestStatus = "success",
    *,
    first_ms: int | None = 100,
    code: str | None = None,
    http: int = 200,
    attempts: int = 1,
) -> Receipt:
    return Receipt(
        "r",
        status,
        int((NOW - ago_s) * 1000),
        http_status=http,
        error_code=code,
        usage=Usage(100, 20),
        attempts=(Attempt("a", "", 0, 1, 200, None, "relay"),) * attempts,
        first_event_ms=first_ms,
    )


def test_nothing_happened() -> None:
    assert Live().now(NOW) == Now(0, 0, None, None, None, is_burst=False)


def test_rates_are_of_the_last_minute_and_latencies_of_the_last_five() -> None:
    live = filled(
        [
            receipt(400, first_ms=9_000),
            receipt(120, first_ms=300),
            receipt(59, first_ms=200),
            receipt(1, first_ms=100),
        ]
    )
    now = live.now(NOW)
    assert (now.requests_per_minute, now.tokens_per_minute) == (2, 240)
    assert (now.first_event_p50_ms, now.first_event_p95_ms) == (200, 300)


def test_a_burst_of_failures_is_several_and_a_good_share() -> None:
    failed = [receipt(n, "error", code="overloaded", http=502) for n in range(5)]
    assert filled(failed).now(NOW).is_burst
    assert not filled(failed[:4]).now(NOW).is_burst
    assert not filled([*failed, *(receipt(n) for n in range(40))]).now(NOW).is_burst


def test_what_the_client_did_wrong_is_no_burst() -> None:
    assert not filled([receipt(1, "error", code="x", http=400)] * 9).now(NOW).is_burst


def test_sixty_minutes_are_told_idle_ones_included() -> None:
    live = filled([receipt(61), receipt(1, attempts=2), receipt(0, "cancelled")])
    minutes = live.minutes(NOW)
    assert len(minutes) == 60
    assert [minute.at for minute in minutes[-2:]] == [1_799_999_940, 1_800_000_000]
    assert minutes[-2].outcomes == {"served": 1}
    assert minutes[-1].outcomes == {"recovered": 1, "cancelled": 1}
    assert minutes[-1].tokens == 240


def test_older_minutes_are_forgotten() -> None:
    live = filled(receipt(60 * n) for n in reversed(range(200)))
    assert sum(minute.outcomes.get("served", 0) for minute in live.minutes(NOW)) == 60
    assert len(live._minutes) == 60  # noqa: SLF001  what it holds is bounded


def turned_away(client: str, code: str = "invalid_api_key", at: float = NOW) -> TurnedAway:
    return TurnedAway(at, client, "127.0.0.1", "/v1/responses", 401, code, "No.")


def test_the_newest_of_each_kind_that_was_turned_away_is_known() -> None:
    live = Live()
    for one in (turned_away("curl"), turned_away("codex"), turned_away("curl", at=NOW + 1)):
        live.turn_away(one)
    assert [(one.client, one.at) for one in live.turned_away()] == [
        ("curl", NOW + 1),
        ("codex", NOW),
    ]


def test_whoever_knocks_in_many_names_takes_no_more_room() -> None:
    live = Live()
    for name in range(1_000):
        live.turn_away(turned_away(str(name)))
    assert [one.client for one in live.turned_away()] == [str(n) for n in range(999, 979, -1)]
