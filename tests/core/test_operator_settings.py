"""The operator's settings: read, changed, refused."""

import math

import pytest

from codex_lb.core import operator_settings
from codex_lb.core.operator_settings import (
    Amounts,
    InvalidSettingError,
    OperatorSettings,
    OwnPrice,
    as_json,
)
from codex_lb.core.pricing import ListPrice, ModelPrice, Prices, Rates, Tariff, list_price
from codex_lb.core.routing_settings import RoutingSettings

SET = OperatorSettings(
    RoutingSettings("single_account", False, "primary", 3.0, 2, "a", False, 60),  # noqa: FBT003
    version=7,
    needs_api_key=True,
    hides_quota=True,
    forbids_fast=True,
    session_s=3_600,
    stream_limit=3,
    log_days=0,
    sample_days=45,
    prices={"GPT-x": OwnPrice(1_000_000, 100_000, 5_000_000)},
)
ENVIRONMENT = Amounts(stream_limit=8, log_days=90, sample_days=90)
IN_JSON = {
    "stickyThreadsEnabled": False,
    "preferEarlierResetAccounts": False,
    "preferEarlierResetWindow": "primary",
    "routingStrategy": "single_account",
    "relativeAvailabilityPower": 3.0,
    "relativeAvailabilityTopK": 2,
    "singleAccountId": "a",
    "openaiCacheAffinityMaxAgeSeconds": 60,
    "apiKeyAuthEnabled": True,
    "hideUpstreamQuotaFromApiKeys": True,
    "prohibitFastMode": True,
    "dashboardSessionTtlSeconds": 3_600,
    "proxyAccountStreamLimit": 3,
    "requestLogRetentionOverrideDays": 0,
    "usageHistoryRetentionOverrideDays": 45,
    "modelPrices": {"GPT-x": {"input": 1_000_000, "cached": 100_000, "output": 5_000_000}},
    "version": 7,
}


def changed(given: dict[str, object], current: OperatorSettings = SET) -> dict[str, object]:
    """In JSON, with the accounts a and b in the pool."""
    return as_json(
        operator_settings.changed(current, given, account_ids=["a", "b"], environment=ENVIRONMENT)
    )


def test_they_are_one_flat_object_with_the_names_of_the_api() -> None:
    assert as_json(SET) == IN_JSON


@pytest.mark.parametrize("settings", [SET, OperatorSettings()])
def test_what_is_written_is_read_back(settings: OperatorSettings) -> None:
    assert operator_settings.read(as_json(settings)) == settings


def test_what_was_never_written_is_the_default() -> None:
    assert operator_settings.read(None) == OperatorSettings()


@pytest.mark.parametrize(
    "stored",
    [
        pytest.param([1], id="no object"),
        pytest.param({"routingStrategy": "fill_first"}, id="no version"),
        pytest.param({"routingStrategy": "newer", "version": 3}, id="of another release"),
    ],
)
def test_what_cannot_be_read_is_refused(stored: object) -> None:
    with pytest.raises(ValueError, match=r"version|routingStrategy"):
        operator_settings.read(stored)


@pytest.mark.parametrize(
    ("given", "changes"),
    [
        ({}, {}),
        ({"stickyThreadsEnabled": None, "proxyAccountStreamLimit": None}, {}),
        ({"totpConfigured": "whatever", "routing": 3, "version": 99}, {}),
        (
            {"routingStrategy": "fill_first", "singleAccountId": None},
            {"routingStrategy": "fill_first", "singleAccountId": None},
        ),
        ({"singleAccountId": "b"}, {"singleAccountId": "b"}),
        (
            {"requestLogRetentionOverrideDays": None, "usageHistoryRetentionOverrideDays": None},
            {"requestLogRetentionOverrideDays": None, "usageHistoryRetentionOverrideDays": None},
        ),
        ({"proxyAccountStreamLimit": 9}, {"proxyAccountStreamLimit": 9}),
        ({"proxyAccountStreamLimit": 8}, {"proxyAccountStreamLimit": None}),
    ],
    ids=[
        "nothing",
        "nulls",
        "names of others",
        "null clears the single account",
        "another single account",
        "null clears what overrides the environment",
        "an amount of the operator's own",
        "the environment's amount is followed",
    ],
)
def test_what_is_given_is_laid_over_what_was_set(
    given: dict[str, object], changes: dict[str, object]
) -> None:
    assert changed(given) == IN_JSON | changes | {"version": 8}


def test_the_operators_word_stands_over_the_environments() -> None:
    assert OperatorSettings().amounts(ENVIRONMENT) == ENVIRONMENT
    assert SET.amounts(ENVIRONMENT) == Amounts(stream_limit=3, log_days=0, sample_days=45)


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
        {"singleAccountId": None},
        {"singleAccountId": ""},
        {"singleAccountId": "c"},
        {"openaiCacheAffinityMaxAgeSeconds": 0},
        {"proxyAccountStreamLimit": 0},
        {"dashboardSessionTtlSeconds": 3_599},
        {"requestLogRetentionOverrideDays": 29},
        {"usageHistoryRetentionOverrideDays": 44},
        {"usageHistoryRetentionOverrideDays": 3_651},
        {"modelPrices": {"gpt-x": {"input": 1, "cached": 1}}},
        {"modelPrices": {"gpt-x": {"input": -1, "cached": 1, "output": 1}}},
        {"modelPrices": {"gpt-x": {"input": 1, "cached": 1, "output": 1.5}}},
        {"modelPrices": {"": {"input": 1, "cached": 1, "output": 1}}},
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused_by_name(given: dict[str, object]) -> None:
    with pytest.raises(InvalidSettingError, match=next(iter(given))):
        changed(given)


def test_a_single_account_that_has_left_is_no_obstacle_to_other_changes() -> None:
    kept = operator_settings.changed(
        SET, {"apiKeyAuthEnabled": False}, account_ids=[], environment=ENVIRONMENT
    )
    assert kept.routing == SET.routing


@pytest.mark.parametrize(
    ("stored", "is_closed"),
    [
        ({"apiKeyAuthEnabled": True, "routingStrategy": "newer"}, True),
        ({"apiKeyAuthEnabled": False}, False),
        (["nonsense"], False),
    ],
)
def test_what_cannot_be_read_does_not_open_the_door(stored: object, is_closed: bool) -> None:
    assert operator_settings.fallback(stored) == OperatorSettings(needs_api_key=is_closed)


def test_an_own_price_is_found_whatever_its_letters_and_is_no_estimate() -> None:
    shipped = Prices({"gpt-y": ModelPrice(Tariff(Rates(1, 1, 1)))})
    prices = shipped.with_overrides(SET.model_prices())
    assert list_price("gpt-X", prices) == ListPrice(
        Rates(1_000_000, 100_000, 5_000_000), estimated=False
    )
    assert changed({"modelPrices": {}})["modelPrices"] == {}
