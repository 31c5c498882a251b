"""A plan is told to lack a model only on fresh proof; what is kept comes back as it was."""

import msgspec
import pytest

from codex_lb.core import registry
from codex_lb.core.foreign_json import JsonObject
from codex_lb.core.registry import NOTHING, VALID_S

NOW = 1_000_000.0


def entries(*slugs: str) -> list[JsonObject]:
    return [{"slug": slug} for slug in slugs]


@pytest.mark.parametrize(
    ("plan", "model", "expected"),
    [
        pytest.param("pro", "large", True, id="its catalogue has it"),
        pytest.param("plus", "large", False, id="it lacks what another plan has"),
        pytest.param("plus", "unlisted", None, id="what no plan has is tried"),
        pytest.param("team", "large", None, id="a plan of which nothing is known is tried"),
        pytest.param("prolite", "large", True, id="Pro Lite has what Pro has"),
        pytest.param("prolite", "other", False, id="Pro Lite lacks what Pro lacks"),
        pytest.param("free", "large", None, id="old knowledge does not speak against a plan"),
        pytest.param("free", "old", True, id="old knowledge speaks for a plan"),
        pytest.param("plus", "old", None, id="old knowledge of another plan proves nothing"),
    ],
)
def test_whether_a_plan_serves_a_model(plan: str, model: str, *, expected: bool | None) -> None:
    known = (
        NOTHING.told("free", entries("small", "old"), NOW - VALID_S)
        .told("plus", entries("small", "other"), NOW)
        .told("pro", entries("small", "large"), NOW)
    )
    assert known.serves(plan, model, NOW) is expected


def test_the_union_lists_the_larger_plan_first_and_believes_it() -> None:
    small: list[JsonObject] = [{"slug": "a", "context_window": 1}, {"slug": "c"}]
    large: list[JsonObject] = [{"slug": "b"}, {"slug": "a", "context_window": 2}]
    for first, second in ((("plus", small), ("pro", large)), (("pro", large), ("plus", small))):
        known = NOTHING.told(*first, NOW).told(*second, NOW)
        assert known.entries({"plus", "pro", "team"}) == [*large, {"slug": "c"}]
    assert known.entries({"plus"}) == small


def test_a_plan_that_left_the_pool_is_forgotten() -> None:
    known = NOTHING.told("plus", entries("a"), NOW).told("pro", entries("b"), NOW)
    left = known.without_others({"plus"})
    assert left.plans.keys() == {"plus"}
    assert left.serves("plus", "b", NOW) is None


def test_what_is_kept_comes_back_as_it_was() -> None:
    known = NOTHING.told("plus", entries("a"), NOW).told("pro", [{"slug": "b", "x": [1]}], NOW + 1)
    assert registry.from_json(msgspec.json.decode(msgspec.json.encode(known.as_json()))) == known


@pytest.mark.parametrize(
    "value", [None, 1, [], {"plus": 1}, {"plus": {"fetched_at": "x", "entries": []}}]
)
def test_what_was_never_kept_is_nothing(value: object) -> None:
    assert registry.from_json(value) == NOTHING
