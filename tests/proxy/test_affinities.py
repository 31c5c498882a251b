"""What is remembered of conversations and responses, and what of it is written."""

from codex_lb.core.affinity import TTL_S
from codex_lb.proxy.affinities import Affinities
from codex_lb.store.records import Affinity

NOW = 1_000_000.0


def row(key: str, account_id: str, at: float) -> Affinity:
    return Affinity("conversation", key, account_id, at + TTL_S)


def test_a_busy_conversation_is_written_once_a_minute() -> None:
    known = Affinities()
    written = []
    for second in range(181):
        known.keep("k", "a", NOW + second)
        written += known.changed()
    assert written == [row("k", "a", NOW + second) for second in (0, 60, 120, 180)]


def test_a_move_is_written_at_once() -> None:
    known = Affinities()
    known.keep("k", "a", NOW)
    known.changed()
    known.keep("k", "b", NOW + 1)
    assert known.changed() == [row("k", "b", NOW + 1)]
    assert known.changed() == []


def test_what_was_loaded_is_not_written_back() -> None:
    known = Affinities()
    known.load([row("k", "a", NOW)])
    known.keep("k", "a", NOW + 59)
    assert known.changed() == []
    known.keep("k", "a", NOW + 60)
    assert known.changed() == [row("k", "a", NOW + 60)]


def test_rows_of_another_kind_are_not_ours() -> None:
    known = Affinities()
    known.load([Affinity("file", "k", "a", NOW + 60)])
    assert known.home("k", NOW) is None


def test_a_conversation_is_forgotten_half_an_hour_after_its_last_use() -> None:
    known = Affinities()
    known.keep("k", "a", NOW)
    known.keep("k", "a", NOW + 10)
    assert known.home("k", NOW + TTL_S + 9) == "a"
    assert known.home("k", NOW + TTL_S + 10) is None
    assert known.home(None, NOW) is None


def test_what_the_operator_sets_of_it_counts_at_once() -> None:
    known = Affinities()
    known.keep("k", "a", NOW)
    known.ttl_s = 60
    assert known.home("k", NOW + 59) == "a"
    assert known.home("k", NOW + 60) is None


def test_memory_is_bounded_and_the_longest_unused_goes_first() -> None:
    known = Affinities()
    known.load([row("loaded", "a", NOW - 9)])
    known.keep("used", "a", NOW)
    for number in range(49_999):
        known.keep(str(number), "a", NOW)
        known.own(str(number), "a")
        known.keep("used", "a", NOW)
    assert known.home("loaded", NOW) is None
    assert known.home("used", NOW) == "a"
    assert known.home("0", NOW) == "a"
    known.own("x", "a")
    known.own("y", "b")
    assert (known.owner("0"), known.owner("1"), known.owner("y")) == (None, "a", "b")
