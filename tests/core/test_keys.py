"""API keys as tables: what opens the door, what a call may, what an operator may set."""

import re
from dataclasses import replace

import msgspec
import pytest

from codex_lb.core.keys import (
    ApiKey,
    InvalidKeyError,
    Terms,
    allows,
    check,
    check_rules,
    hashed,
    imposed,
    new_secret,
    refused,
    refused_call,
    tidied,
)
from codex_lb.core.limits import Rule
from codex_lb.core.responses import Dialect, read

NOW = 1_800_000_000.0


def key(**terms: object) -> ApiKey:
    return ApiKey("k", "sk-clb-AAAAAAAA", "hash", Terms("k", **terms), NOW)  # type: ignore[arg-type]


def test_a_key_has_its_form_and_can_be_found_by_its_hash() -> None:
    secret = new_secret(bytes(range(32)))
    assert re.fullmatch(r"sk-clb-[\w-]{43}", secret.key)
    assert secret.prefix == secret.key[:15]
    assert secret.hash == hashed(secret.key)
    assert re.fullmatch(r"[0-9a-f]{64}", secret.hash)


def test_neither_key_nor_hash_is_shown_by_accident() -> None:
    secret = new_secret(bytes(32))
    assert secret.key not in repr(secret)
    assert secret.hash not in repr(replace(key(), hash=secret.hash))


@pytest.mark.parametrize("presented", ["", "ünïcode", "x" * 20_000, "' OR 1=1 --", "\udcff"])
def test_whatever_is_presented_has_a_hash(presented: str) -> None:
    assert len(hashed(presented)) == 64


@pytest.mark.parametrize(
    ("presented", "says"),
    [
        pytest.param(None, "Invalid", id="a key that is not known"),
        pytest.param(key(is_active=False), "Invalid", id="one that is switched off"),
        pytest.param(key(expires_at=NOW), "expired", id="one whose time is over"),
    ],
)
def test_what_does_not_open_the_door(presented: ApiKey | None, says: str) -> None:
    answer = refused(presented, NOW)
    assert answer is not None
    assert (answer.status, answer.code) == (401, "invalid_api_key")
    assert says in answer.message


@pytest.mark.parametrize("presented", [key(), key(expires_at=NOW + 1)])
def test_a_good_key_opens_the_door(presented: ApiKey) -> None:
    assert refused(presented, NOW) is None


@pytest.mark.parametrize(
    ("terms", "model", "effort", "code"),
    [
        pytest.param({}, "any", "any", None, id="without lists everything may be asked"),
        pytest.param({"allowed_models": ("a",)}, "a", None, None, id="a listed model"),
        pytest.param({"allowed_models": ("a",)}, "b", None, "model_not_allowed", id="another one"),
        pytest.param(
            {"allowed_models": ("gpt-5.5-high-fast",)}, "gpt-5.5", None, None,
            id="effort and speed in the name do not matter",
        ),
        pytest.param({"allowed_efforts": ("low",)}, "a", "low", None, id="a listed effort"),
        pytest.param(
            {"allowed_efforts": ("low",)}, "a", "high", "reasoning_effort_not_allowed",
            id="another one",
        ),
        pytest.param({"allowed_efforts": ("low",)}, "a", None, None, id="the model's own effort"),
        pytest.param(
            {"allowed_efforts": ("ultra",)}, "a", "max", None, id="an effort as it is sent upstream"
        ),
    ],
)  # fmt: skip
def test_what_a_call_may(
    terms: dict[str, object], model: str, effort: str | None, code: str | None
) -> None:
    answer = refused_call(key(**terms), model, effort)
    assert (answer.code if answer else None) == code
    assert answer is None or answer.status == 403


def test_a_model_that_is_imposed_is_the_only_one_listed() -> None:
    terms = Terms("k", allowed_models=("a", "b"), enforced_model="a")
    assert [name for name in ("a", "b", "c") if allows(terms, name)] == ["a"]


BODY = b'{"model":"gpt-5.4","input":[],"x":[1, 2],"reasoning":{"effort":"low","summary":"auto"}}'


def test_a_key_that_imposes_nothing_changes_nothing() -> None:
    call = read(BODY, Dialect.CODEX)
    assert imposed(key(), call) is call


def test_what_a_key_imposes_replaces_what_was_asked() -> None:
    strict = key(enforced_model="gpt-5.5-high", enforced_effort="ultra", enforced_tier="priority")
    call = imposed(strict, read(BODY, Dialect.CODEX))
    assert (call.model, call.effort, call.service_tier) == ("gpt-5.5", "max", "priority")
    assert msgspec.json.decode(call.body) == {
        "model": "gpt-5.5",
        "input": [],
        "x": [1, 2],
        "reasoning": {"effort": "max", "summary": "auto"},
        "service_tier": "priority",
        "store": False,
        "stream": True,
    }
    assert b"[1, 2]" in call.body


def test_what_is_set_is_kept_tidy() -> None:
    given = Terms(
        " ops ",
        allowed_models=("a ", "a"),
        allowed_efforts=("LOW",),
        enforced_model=" ",
        enforced_effort="High",
        enforced_tier="Fast",
    )
    assert tidied(given) == Terms(
        "ops",
        allowed_models=("a",),
        allowed_efforts=("low",),
        enforced_effort="high",
        enforced_tier="priority",
    )


@pytest.mark.parametrize(
    ("terms", "names"),
    [
        pytest.param({"name": ""}, "name", id="no name"),
        pytest.param({"name": "x" * 129}, "name", id="a name too long"),
        pytest.param({"allowed_models": ("",)}, "allowedModels", id="an empty model"),
        pytest.param({"allowed_efforts": ("huge",)}, "allowedReasoningEfforts", id="no effort"),
        pytest.param({"enforced_effort": "huge"}, "enforcedReasoningEffort", id="nor imposed"),
        pytest.param({"enforced_tier": "gold"}, "enforcedServiceTier", id="no tier"),
        pytest.param({"assigned_accounts": ("b",)}, "assignedAccountIds", id="no such account"),
        pytest.param(
            {"enforced_model": "b", "allowed_models": ("a",)}, "enforcedModel",
            id="a model imposed but not allowed",
        ),
        pytest.param(
            {"enforced_effort": "low", "allowed_efforts": ("high",)}, "enforcedReasoningEffort",
            id="an effort imposed but not allowed",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_set_names_its_field(terms: dict[str, object], names: str) -> None:
    wanted = replace(Terms("k"), **terms)  # type: ignore[arg-type]
    with pytest.raises(InvalidKeyError, match=f"`{names}`"):
        check(wanted, {"a"})


def test_what_fits_together_can_be_set() -> None:
    check(
        Terms(
            "k",
            allowed_models=("gpt-5.5",),
            enforced_model="gpt-5.5-low",
            assigned_accounts=("a",),
            enforced_tier="flex",
            expires_at=1.0,
        ),
        {"a"},
    )


DAILY = Rule("total_tokens", "daily", 1)


@pytest.mark.parametrize(
    "rules",
    [
        pytest.param([DAILY, replace(DAILY, max_value=2)], id="the same twice"),
        pytest.param([replace(DAILY, model="")], id="an empty model"),
    ],
)
def test_rules_that_cannot_be(rules: list[Rule]) -> None:
    with pytest.raises(InvalidKeyError, match="`limits`"):
        check_rules(rules)


def test_rules_may_differ_in_type_window_or_model() -> None:
    check_rules([DAILY, replace(DAILY, window="5h"), replace(DAILY, model="a")])
