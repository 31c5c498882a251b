"""Refusals at the wire: every row of the table, over HTTP and over a WebSocket."""

import msgspec
import pytest
from tests.simulator.calls import START, JsonObject, open_socket, post, turn

from codex_lb.simulator import SimAccount, Simulator
from codex_lb.simulator.refusals import CASES
from codex_lb.simulator.steps import Burst, Refuse, Status, Step, UsageLimit


@pytest.mark.parametrize("case", sorted(CASES))
async def test_every_case_arrives_as_it_stands_in_the_table(
    sim: Simulator, account: SimAccount, case: str
) -> None:
    sim.script(Refuse(case))
    answer = await post(sim, account)
    row = CASES[case]
    assert (answer.status, answer.body) == (row.status, row.body)
    assert answer.headers["content-type"] == row.content_type


@pytest.mark.parametrize("case", sorted(CASES))
async def test_every_case_is_an_error_frame_with_a_numeric_status(
    sim: Simulator, account: SimAccount, case: str
) -> None:
    sim.script(Refuse(case))
    async with open_socket(sim, account) as socket:
        [frame] = await turn(socket)
    assert (frame["type"], frame["status"]) == ("error", CASES[case].status)
    assert set(frame["error"]) >= {"type", "message"}


@pytest.mark.parametrize(
    ("step", "status", "body"),
    [
        pytest.param(
            UsageLimit(resets_in_s=90),
            429,
            {
                "error": {
                    "type": "usage_limit_reached",
                    "message": "The usage limit has been reached",
                    "plan_type": "plus",
                    "eligible_promo": None,
                    "resets_at": START + 90,
                    "resets_in_seconds": 90,
                }
            },
            id="a usage limit has a type and no code",
        ),
        pytest.param(
            UsageLimit(resets_in_s=None),
            429,
            {
                "error": {
                    "type": "usage_limit_reached",
                    "message": "The usage limit has been reached",
                    "plan_type": "plus",
                    "eligible_promo": None,
                }
            },
            id="a usage limit may name no time",
        ),
        pytest.param(
            Refuse("insufficient_quota"),
            429,
            {
                "error": {
                    "type": "insufficient_quota",
                    "code": "insufficient_quota",
                    "message": (
                        "You exceeded your current quota, "
                        "please check your plan and billing details."
                    ),
                    "param": None,
                }
            },
            id="a spent quota",
        ),
        pytest.param(
            Refuse("token_expired"),
            401,
            {
                "error": {
                    "message": (
                        "Provided authentication token is expired. Please try signing in again."
                    ),
                    "type": None,
                    "code": "token_expired",
                    "param": None,
                }
            },
            id="an expired token",
        ),
        pytest.param(
            Refuse("encrypted_unverified"),
            400,
            {
                "error": {
                    "message": (
                        "The encrypted content for item rs_simulated could not be verified. "
                        "Reason: Encrypted content could not be decrypted or parsed."
                    ),
                    "type": "invalid_request_error",
                    "code": None,
                    "param": None,
                }
            },
            id="ciphertext refused in words alone",
        ),
        pytest.param(
            Refuse("invalid_grant", status=500),
            500,
            {
                "error": "invalid_grant",
                "error_description": "The provided grant is invalid or expired.",
            },
            id="known words under another status",
        ),
        pytest.param(Status(418, {"detail": "tea"}), 418, {"detail": "tea"}, id="any status"),
    ],
)
async def test_bodies(
    sim: Simulator, account: SimAccount, step: Step, status: int, body: JsonObject
) -> None:
    sim.script(step)
    answer = await post(sim, account)
    assert (answer.status, answer.json) == (status, body)


@pytest.mark.parametrize(
    ("step", "header", "value"),
    [
        pytest.param(
            UsageLimit(), "x-codex-primary-used-percent", "100", id="the full window is in headers"
        ),
        pytest.param(
            UsageLimit(window_minutes=10_080),
            "x-codex-secondary-used-percent",
            "100",
            id="the week may be the full one",
        ),
        pytest.param(
            UsageLimit(resets_in_s=90),
            "x-codex-primary-reset-at",
            str(round(START + 90)),
            id="headers and body agree on the reset",
        ),
        pytest.param(
            UsageLimit(resets_at=START + 77),
            "x-codex-primary-reset-at",
            str(round(START + 77)),
            id="also when the moment is given",
        ),
        pytest.param(
            UsageLimit(resets_in_s=None),
            "x-codex-primary-reset-at",
            str(round(START + 9_000)),
            id="without a time in the body the headers keep the window's own",
        ),
        pytest.param(Burst(7), "retry-after", "7", id="a burst names its wait"),
        pytest.param(
            Burst(), "x-codex-primary-used-percent", "10", id="a burst leaves the windows alone"
        ),
        pytest.param(
            Status(503, headers={"retry-after": "3"}), "retry-after", "3", id="own headers"
        ),
    ],
)
async def test_headers(
    sim: Simulator, account: SimAccount, step: Step, header: str, value: str
) -> None:
    sim.script(step)
    assert (await post(sim, account)).headers[header] == value


async def test_an_absurd_reset_is_sent_verbatim(sim: Simulator, account: SimAccount) -> None:
    sim.script(UsageLimit(resets_at=4_102_444_800_000))
    answer = await post(sim, account)
    assert answer.json["error"]["resets_at"] == 4_102_444_800_000


async def test_a_limit_frame_carries_the_quota_headers(sim: Simulator, account: SimAccount) -> None:
    sim.script(UsageLimit())
    async with open_socket(sim, account) as socket:
        [frame] = await turn(socket)
    assert frame["status"] == 429
    assert frame["error"]["type"] == "usage_limit_reached"
    assert frame["headers"]["x-codex-primary-used-percent"] == "100"


async def test_the_age_limit_of_a_socket_is_a_frame_and_then_its_end(
    sim: Simulator, account: SimAccount
) -> None:
    sim.script(Refuse("connection_limit"))
    async with open_socket(sim, account) as socket:
        [frame] = await turn(socket)
        assert frame["error"]["code"] == "websocket_connection_limit_reached"
        await socket.receive()
        assert socket.closed


def test_every_case_that_looks_like_json_is_json() -> None:
    for row in CASES.values():
        if row.content_type == "application/json":
            assert isinstance(msgspec.json.decode(row.body), dict)
