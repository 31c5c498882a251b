"""Codex CLI 0.169 over a WebSocket: what its user sees, and that it never falls back to HTTP."""

from pathlib import Path

import pytest
from tests.journeys import codex
from tests.journeys.pool import Pool
from tests.journeys.service import Service

from codex_lb.simulator.steps import (
    Close,
    CutAfter,
    ErrorEvent,
    FailedEvent,
    NoTerminal,
    Parting,
    Refuse,
    Reset,
    Silence,
    Status,
    Step,
    Text,
    Tool,
    UsageLimit,
)

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="module")]

ECHO = Tool("exec_command", {"cmd": "echo tool-ran-$((40+2))"})
DONE = Text("The tool has run.")


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return {
        "CODEX_LB_FIRST_EVENT_TIMEOUT_SECONDS": "2",
        "CODEX_LB_STREAM_IDLE_TIMEOUT_SECONDS": "3",
    }


@pytest.fixture
def home(service: Service, tmp_path: Path) -> Path:
    return codex.with_socket(service, tmp_path / "codex")


async def test_hello(home: Path, pool: Pool) -> None:
    await pool.add()
    pool.sim.script(Text("Hello from the pool."))

    run = await codex.run(home, "say hello")

    assert run.is_undisturbed, run
    assert "Hello from the pool." in run.answer
    rows = await pool.rows(2)
    assert [(row["endpoint"], row["transport"], row["status"]) for row in rows] == [
        ("prewarm", "websocket", "success"),
        ("responses", "websocket", "success"),
    ]
    assert pool.calls() == [], "nothing went over HTTP"


async def test_a_tool_round_trip_is_one_chain_on_one_connection(home: Path, pool: Pool) -> None:
    await pool.add_two()
    for _ in range(3):
        pool.sim.script(Tool("exec_command", {"cmd": "echo tool-ran"}, again=True), times=1)
    pool.sim.script(DONE)

    run = await codex.run(home, "run the tool")

    assert run.is_undisturbed, run
    assert DONE.text in run.answer
    turns = pool.turns()
    assert len(turns) == 4
    assert len({turn.connection_id for turn in turns}) == 1
    assert all("previous_response_id" in turn.json for turn in turns)


async def test_a_conversation_is_taken_up_again(home: Path, pool: Pool) -> None:
    await pool.add_two()
    await codex.run(home, "say hello")
    pool.sim.script(Text("And again."))

    run = await codex.run(home, "say it again", "resume", "--last")

    assert run.is_undisturbed, run
    assert "And again." in run.answer
    assert len({turn.account.email for turn in pool.turns() if turn.account}) == 1


async def test_a_long_conversation_is_compacted(
    service: Service, pool: Pool, tmp_path: Path
) -> None:
    home = codex.with_socket(service, tmp_path / "codex", compact_at=20_000)
    await pool.add_two()
    pool.sim.script(Text("A long answer.", input_tokens=30_000), times=1)
    await codex.run(home, "talk long")
    pool.sim.script(Text("A summary."), times=1)
    pool.sim.script(Text("All the same."))

    run = await codex.run(home, "go on", "resume", "--last")

    assert run.is_undisturbed, run
    assert "All the same." in run.answer
    assert pool.calls() == []
    assert "A summary." in str(pool.turns()[-1].json["input"])


BEFORE_CONTENT = [
    pytest.param(UsageLimit(resets_in_s=3600), id="it has reached its usage limit"),
    pytest.param(Refuse("rate_limit"), id="it is rate limited"),
    pytest.param(Refuse("overloaded"), id="it is overloaded"),
    pytest.param(Status(500), id="it answers 500"),
    pytest.param(FailedEvent("server_error"), id="its turn fails"),
    pytest.param(ErrorEvent("server_error"), id="it sends an error without a status"),
    pytest.param(ErrorEvent("server_error", status=500), id="it sends an error with one"),
    *(pytest.param(Close(code), id=f"it closes with {code}") for code in (1000, 1008, 1011, 1012)),
    pytest.param(Reset(), id="its connection is reset"),
    pytest.param(CutAfter("created", "fin"), id="its connection is cut"),
    pytest.param(NoTerminal("created", code=1011), id="it closes after the beginning"),
    pytest.param(Silence("start"), id="it is silent"),
]


@pytest.mark.parametrize("trouble", BEFORE_CONTENT)
async def test_the_user_sees_nothing_of_an_account_in_trouble_at_the_first_turn(
    trouble: Step, home: Path, pool: Pool
) -> None:
    await pool.add_two()
    pool.sim.script(trouble, times=1)
    pool.sim.script(Text("Served all the same."))

    run = await codex.run(home, "say hello")

    assert run.is_undisturbed, run
    assert "Served all the same." in run.answer
    assert pool.calls() == [], "nothing went over HTTP"


@pytest.mark.parametrize("trouble", BEFORE_CONTENT)
async def test_the_user_sees_nothing_of_an_account_in_trouble_at_the_third_turn(
    trouble: Step, home: Path, pool: Pool
) -> None:
    await pool.add_two()
    for _ in range(2):
        pool.sim.script(Tool("exec_command", {"cmd": "echo tool-ran"}, again=True), times=1)
    pool.sim.script(trouble, times=1)
    pool.sim.script(DONE)

    run = await codex.run(home, "run the tool")

    assert run.is_undisturbed, run
    assert DONE.text in run.answer
    assert pool.calls() == [], "nothing went over HTTP"
    assert len(pool.turns()) <= 5


async def test_a_dry_account_hands_over_in_mid_conversation(home: Path, pool: Pool) -> None:
    """Every later turn too: a limit that stays, not one refusal."""
    await pool.add_two()
    for _ in range(2):
        pool.sim.script(Tool("exec_command", {"cmd": "echo tool-ran"}, again=True), times=1)
    pool.sim.script(UsageLimit(resets_in_s=3600), times=1)
    pool.sim.script(Tool("exec_command", {"cmd": "echo tool-ran"}, again=True), times=1)
    pool.sim.script(DONE)

    run = await codex.run(home, "run the tool")

    assert run.is_undisturbed, run
    assert DONE.text in run.answer
    served = [turn.account.email for turn in pool.turns() if turn.account]
    assert served[0] == served[1] == served[2] != served[3] == served[4]


@pytest.mark.parametrize("code", [1000, 1001, 1006, 1012])
async def test_a_connection_that_ends_between_two_turns_is_not_noticed(
    code: int, home: Path, pool: Pool
) -> None:
    await pool.add()
    pool.sim.script(Parting(code, ECHO), times=1)
    pool.sim.script(DONE)

    run = await codex.run(home, "run the tool")

    assert run.is_undisturbed, run
    assert DONE.text in run.answer


async def test_a_connection_that_is_too_old_is_not_noticed(home: Path, pool: Pool) -> None:
    await pool.add()
    pool.sim.script(ECHO, times=1)
    pool.sim.script(Refuse("connection_limit"), times=1)
    pool.sim.script(DONE)

    run = await codex.run(home, "run the tool")

    assert run.is_undisturbed, run
    assert DONE.text in run.answer


async def test_what_breaks_off_after_its_beginning_is_asked_again(home: Path, pool: Pool) -> None:
    await pool.add_two()
    pool.sim.script(NoTerminal(8, code=1011), times=1)
    pool.sim.script(Text("Whole at last."))

    run = await codex.run(home, "say hello")

    assert run.exit_code == 0, run
    assert "Whole at last." in run.answer
    assert "Falling back" not in run.shown


async def test_an_exhausted_pool_is_told_as_a_usage_limit(home: Path, pool: Pool) -> None:
    await pool.add(used_5h=1.0)
    await pool.add(used_5h=1.0)

    run = await codex.run(home, "say hello")

    assert run.exit_code == 1
    assert "usage limit" in run.shown
    assert pool.client_requests() <= 3


async def test_a_pool_that_runs_dry_in_mid_conversation_says_so(home: Path, pool: Pool) -> None:
    await pool.add()
    pool.sim.script(ECHO, times=1)
    pool.sim.script(UsageLimit(resets_in_s=3600))

    run = await codex.run(home, "run the tool")

    assert run.exit_code == 1
    assert "usage limit" in run.shown
    assert pool.client_requests() <= 6


async def test_without_a_websocket_upstream_codex_speaks_http_and_says_nothing(
    home: Path, pool: Pool
) -> None:
    await pool.add()
    pool.sim.script(Refuse("upgrade_required"), endpoint="websocket")
    pool.sim.script(Text("Over HTTP."))

    run = await codex.run(home, "say hello")

    assert run.is_undisturbed, run
    assert "Over HTTP." in run.answer


@pytest.mark.parametrize(
    ("trouble", "most"),
    [
        pytest.param(Refuse("overloaded"), 6, id="is overloaded"),
        pytest.param(Status(500), 13, id="answers 500"),
        pytest.param(Refuse("unauthorized"), 13, id="refuses every login"),
        pytest.param(Close(1011), 13, id="closes every connection"),
        pytest.param(Refuse("firewall"), 13, id="is behind a firewall"),
    ],
)
async def test_there_is_no_storm_of_requests_when_every_account(
    trouble: Step, most: int, home: Path, pool: Pool
) -> None:
    """Codex tries six times on each transport, whatever a passing fault is called."""
    await pool.add_two()
    pool.sim.script(trouble)

    run = await codex.run(home, "say hello")

    assert run.exit_code == 1
    assert 1 <= pool.client_requests() <= most, run.shown
    assert len(pool.turns()) + len(pool.calls()) <= 3 * pool.client_requests()
