"""The route of the models."""

from tests.dashboard.log_builders import caller_of

from codex_lb.dashboard.catalogue import routes


async def test_models_are_listed_with_their_efforts() -> None:
    full = {
        "id": "gpt-5.6-sol",
        "name": "GPT-5.6 Sol",
        "sourceOnly": False,
        "supportedReasoningEfforts": ["low", "high"],
        "defaultReasoningEffort": "low",
    }
    client = caller_of(routes(lambda: [full, {"id": "gpt-5.5", "name": "gpt-5.5"}]))

    assert (await client.get("/api/models")).json() == {
        "models": [
            full,
            {
                "id": "gpt-5.5",
                "name": "gpt-5.5",
                "sourceOnly": False,
                "supportedReasoningEfforts": [],
                "defaultReasoningEffort": None,
            },
        ]
    }


async def test_no_models_are_an_empty_list() -> None:
    assert (await caller_of(routes(list)).get("/api/models")).json() == {"models": []}
