"""What the operator sets about routing, between JSON and value."""

import math

import pytest

from codex_lb.core.routing_settings import DEFAULT, RoutingSettings, as_json, read

SET = RoutingSettings("single_account", False, "primary", 3.0, 2, "a", False)  # noqa: FBT003


@pytest.mark.parametrize("settings", [DEFAULT, SET])
def test_what_is_written_is_read_again(settings: RoutingSettings) -> None:
    assert read(as_json(settings)) == settings


def test_it_is_written_in_the_names_of_the_api() -> None:
    assert as_json(DEFAULT) == {
        "stickyThreadsEnabled": True,
        "preferEarlierResetAccounts": True,
        "preferEarlierResetWindow": "secondary",
        "routingStrategy": "capacity_weighted",
        "relativeAvailabilityPower": 2.0,
        "relativeAvailabilityTopK": 5,
        "singleAccountId": None,
    }


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, SET),
        ({"stickyThreadsEnabled": None}, SET),
        ({"totpConfigured": "whatever"}, SET),
        ({"routingStrategy": "fill_first", "singleAccountId": None},
         RoutingSettings("fill_first", False, "primary", 3.0, 2, None, False)),  # noqa: FBT003
    ],
    ids=["nothing", "null", "of others", "null clears the single account"],
)  # fmt: skip
def test_what_is_given_is_laid_over_what_was_set(
    given: dict[str, object], expected: RoutingSettings
) -> None:
    assert read(given, SET) == expected


@pytest.mark.parametrize(
    "given",
    [
        {"routingStrategy": "fastest"},
        {"preferEarlierResetWindow": "monthly"},
        {"relativeAvailabilityPower": 0},
        {"relativeAvailabilityPower": math.inf},
        {"relativeAvailabilityTopK": 21},
        {"relativeAvailabilityTopK": "5"},
        {"stickyThreadsEnabled": 1},
        {"singleAccountId": "x" * 256},
    ],
    ids=lambda given: next(iter(given)),
)
def test_what_makes_no_sense_is_refused_by_name(given: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(given))):
        read(given)


@pytest.mark.parametrize("given", [{"singleAccountId": None}, {"singleAccountId": ""}])
def test_a_single_account_needs_its_id(given: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="singleAccountId"):
        read(given, SET)
