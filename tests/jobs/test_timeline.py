"""What happens to accounts is told soon and once, and waits for a database that fails."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from codex_lb.core.model import AccountEvent
from codex_lb.jobs.timeline import CAPACITY, Timeline

NOW = 1_800_000_000.0
EVENT = AccountEvent("a", NOW, "limited", "upstream", "spent")


class Table:
    """Takes events, or raises while `is_down`."""

    def __init__(self) -> None:
        self.rows: list[AccountEvent] = []
        self.is_down = False
        self.written = asyncio.Event()

    async def write(self, events: Sequence[AccountEvent]) -> None:
        if self.is_down:
            raise OSError("no database")
        self.rows += events
        self.written.set()


async def test_what_is_noted_is_written_by_itself() -> None:
    table = Table()
    timeline = Timeline(table.write)
    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        work = group.create_task(timeline.run())
        timeline.note(EVENT)
        await table.written.wait()
        work.cancel()
    assert table.rows == [EVENT]


async def test_events_wait_for_a_database_that_fails() -> None:
    table = Table()
    timeline = Timeline(table.write)
    table.is_down = True
    timeline.note(EVENT)
    assert not await timeline.flush()
    later = replace(EVENT, kind="recovered")
    timeline.note(later)

    table.is_down = False
    assert await timeline.flush()
    assert await timeline.flush()

    assert table.rows == [EVENT, later]


async def test_what_is_noted_during_a_write_comes_with_the_next() -> None:
    table = Table()
    later = replace(EVENT, kind="recovered")

    async def slow(events: Sequence[AccountEvent]) -> None:
        timeline.note(later)
        await table.write(events)

    timeline = Timeline(slow)
    timeline.note(EVENT)
    await timeline.flush()
    assert table.rows == [EVENT]
    await timeline.flush()
    assert table.rows == [EVENT, later]


async def test_beyond_the_bound_the_oldest_are_dropped_with_one_warning() -> None:
    table = Table()
    timeline = Timeline(table.write)
    events = [replace(EVENT, at=NOW + n, detail=str(n)) for n in range(CAPACITY + 5)]
    with capture_logs() as logs:
        for event in events:
            timeline.note(event)
    await timeline.flush()

    assert table.rows == events[5:]
    assert sum(line["event"] == "oldest account events dropped" for line in logs) == 1


@pytest.mark.parametrize(
    ("again", "times"),
    [
        pytest.param(EVENT, 1, id="the same moment"),
        pytest.param(replace(EVENT, at=NOW + 59), 1, id="the same within a minute"),
        pytest.param(replace(EVENT, at=NOW + 60), 2, id="the same after a minute is told again"),
        pytest.param(replace(EVENT, at=NOW - 999), 2, id="nor does a clock set back silence it"),
        pytest.param(replace(EVENT, detail="why not"), 2, id="another reason is another event"),
        pytest.param(replace(EVENT, account_id="b"), 2, id="as is another account"),
        pytest.param(replace(EVENT, kind="paused"), 2, id="and another kind"),
    ],
)
async def test_repetition_is_bounded(again: AccountEvent, times: int) -> None:
    table = Table()
    timeline = Timeline(table.write)
    timeline.note(EVENT)
    timeline.note(again)
    await timeline.flush()
    assert len(table.rows) == times


def test_the_log_warns_of_what_a_person_must_act_on() -> None:
    timeline = Timeline(Table().write)
    lost = replace(EVENT, kind="reauth_required", detail="revoked")
    with capture_logs() as lines:
        for event in (EVENT, lost, lost):
            timeline.note(event)
    assert [(line["log_level"], line["kind"], line["detail"]) for line in lines] == [
        ("info", "limited", "spent"),
        ("warning", "reauth_required", "revoked"),
    ]
