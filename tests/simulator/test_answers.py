"""Answers at the wire: what each kind of answer looks like to a client."""

from tests.simulator.calls import post

from codex_lb.simulator import SimAccount, Simulator


async def test_an_unscripted_call_gets_the_whole_life_of_a_short_text(
    sim: Simulator, account: SimAccount
) -> None:
    answer = await post(sim, account)

    assert answer.status == 200
    assert answer.kinds == [
        "codex.rate_limits",
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        *["response.output_text.delta"] * 5,
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
