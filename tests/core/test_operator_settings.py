"""The operator's settings: read, changed, refused."""

import pytest

from codex_lb.core import operator_settings
from codex_lb.core.operator_settings import InvalidSettingError, OperatorSettings
from codex_lb.core.routing_settings import RoutingSettings


def test_what_is_written_is_read_back() -> None:
    routing = RoutingSettings(strategy="single_account", single_account_id="a", sticky=False)
    settings = OperatorSettings(routing, 7, needs_api_key=True)
    assert operator_settings.read(operator_settings.as_json(settings)) == settings


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


def test_a_change_keeps_the_rest_and_raises_the_version() -> None:
    current = OperatorSettings(RoutingSettings(relative_top_k=3, single_account_id="a"), 4)
    given = {"routingStrategy": "fill_first", "relativeAvailabilityTopK": None, "unknown": 1}
    changed = operator_settings.changed(current, given, [])
    wanted = RoutingSettings(strategy="fill_first", relative_top_k=3, single_account_id="a")
    assert changed == OperatorSettings(wanted, 5)
    cleared = operator_settings.changed(current, {"singleAccountId": None}, [])
    assert cleared.routing.single_account_id is None


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"relativeAvailabilityPower": 0}, "relativeAvailabilityPower"),
        ({"relativeAvailabilityTopK": 21}, "relativeAvailabilityTopK"),
        ({"routingStrategy": "single_account"}, "singleAccountId"),
        ({"routingStrategy": "single_account", "singleAccountId": "b"}, "singleAccountId"),
    ],
)
def test_what_cannot_be_is_refused_by_name(given: dict[str, object], named: str) -> None:
    with pytest.raises(InvalidSettingError, match=named):
        operator_settings.changed(OperatorSettings(), given, ["a"])
