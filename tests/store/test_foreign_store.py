"""What is read of a data directory of the public codex-lb."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from tests.dashboard.builders import AuthFile
from tests.foreign import Foreign, models

from codex_lb.core import keys
from codex_lb.core.bundle import Line, read, written
from codex_lb.core.keys import Terms
from codex_lb.core.limits import Limit, Rule
from codex_lb.core.move_plan import Here, plan
from codex_lb.store import KeyFileError, StoreError
from codex_lb.store.foreign_store import read as read_foreign

NOW = 1_800_000_000.0
DAY_AT = 1_793_527_200.0  # 2026-11-01 10:00 UTC
RESET_AT = 1_796_083_200.0  # 2026-12-01
ALICE_ID = "acc-1_ff8d9819"
SECRET = "sk-clb-" + "x" * 43
NOBODY = Here(members={}, keys=(), settings=None, firewall=(), rows=())


@pytest.fixture
def foreign(tmp_path: Path) -> Foreign:
    made = Foreign(tmp_path / "foreign")
    made.settings()
    return made


def lines(foreign: Foreign) -> list[Line]:
    """What becomes of each record where nothing is yet, but for the standing remarks."""
    bundle = read(written(read_foreign(foreign.directory, NOW)))
    return [
        line
        for line in plan(bundle, NOBODY).lines
        if line.kind != "other" and not line.name.startswith("password_hash")
    ]


def test_an_account_comes_with_its_tokens_under_the_id_that_an_import_gives(
    foreign: Foreign,
) -> None:
    tokens = AuthFile().tokens
    foreign.account("acc-1_ff8d9819", tokens, alias="Mine", routing_policy="preserve")
    [member] = read_foreign(foreign.directory, NOW).members
    account = member.account
    assert (account.id, account.identity.email) == (ALICE_ID, "alice@example.com")
    assert (account.alias, account.priority, account.state) == ("Mine", "preserve", "active")
    assert (account.identity.plan, account.created_at, account.refreshed_at) == (
        "pro",
        DAY_AT,
        DAY_AT,
    )
    assert member.credential.refresh_token == tokens["refresh_token"]
    assert member.credential.expires_at == account.access_expires_at == 1_800_000_000
    assert member.is_good


@pytest.mark.parametrize(
    ("status", "state", "reason"),
    [
        ("active", "active", None),
        ("rate_limited", "active", None),
        ("quota_exceeded", "active", None),
        ("paused", "paused", "why"),
        ("reauth_required", "reauth_required", "why"),
        ("deactivated", "deactivated", "why"),
    ],
)
def test_what_passes_by_itself_is_no_state(
    foreign: Foreign, status: str, state: str, reason: str | None
) -> None:
    foreign.account("x", AuthFile().tokens, status=status, deactivation_reason="why")
    [member] = read_foreign(foreign.directory, NOW).members
    assert (member.account.state, member.account.state_reason) == (state, reason)


def test_of_copies_of_an_account_the_newest_comes(foreign: Foreign) -> None:
    for number, day in enumerate((3, 9, 5)):
        tokens = AuthFile().tokens | {"refresh_token": f"rt-{day}"}
        id_ = f"acc-1_ff8d9819__copy{number}"
        foreign.account(id_, tokens, last_refresh=f"2026-11-0{day} 00:00:00")
    foreign.api_key(SECRET, account_assignment_scope_enabled=1)
    foreign.put("api_key_accounts", api_key_id="id-of-xxxx", account_id="acc-1_ff8d9819__copy2")
    bundle = read_foreign(foreign.directory, NOW)
    assert [member.credential.refresh_token for member in bundle.members] == ["rt-9"]
    assert [line.detail for line in bundle.remarks[:2]] == ["an older copy of the account"] * 2
    assert bundle.keys[0].terms.assigned_accounts == (ALICE_ID,), "it is known by its new id"


def test_an_account_that_was_being_deleted_stays_behind(foreign: Foreign) -> None:
    foreign.account("x", AuthFile().tokens, delete_requested_at="2026-11-01")
    assert lines(foreign) == []


@pytest.mark.parametrize(
    ("row", "why"),
    [
        pytest.param(
            {"refresh_token_encrypted": Fernet(Fernet.generate_key()).encrypt(b"rt")},
            "its refresh token cannot be opened", id="another key",
        ),
        pytest.param({"access_token_encrypted": None}, "its access token", id="no token"),
        pytest.param({"last_refresh": "soon"}, "its last_refresh is no time", id="no time"),
        pytest.param({"chatgpt_account_id": "a\nb"}, "account id", id="no account id"),
    ],
)  # fmt: skip
def test_an_account_that_cannot_be_read_is_named(
    foreign: Foreign, row: dict[str, Any], why: str
) -> None:
    foreign.account("x", AuthFile().tokens, **row)
    foreign.account("y", AuthFile(email="bob@example.com").tokens)
    bad, good = lines(foreign)
    assert (bad.name, bad.fate, good.fate) == ("as@in.the.token", "invalid", "new")
    assert why in bad.detail
    assert "rt_s3cr3t" not in str(bad)


def test_a_key_is_found_by_the_same_secret_with_the_same_terms_and_limits(foreign: Foreign) -> None:
    foreign.api_key(
        SECRET,
        ("total_tokens", "weekly", 2_500_000, 9_000, None),
        ("cost_usd", "5h", 1_000_000, 5, "gpt-5.4"),
        allowed_models=models("gpt-5.4", "gpt-5.5"),
        allowed_reasoning_efforts=models("low", "HIGH"),
        enforced_service_tier="fast",
        apply_to_codex_model=1,
        expires_at="2027-01-01 00:00:00.000000",
        last_used_at="2026-11-01 10:00:00.000000",
        is_active=0,
    )
    [key] = read_foreign(foreign.directory, NOW).keys
    assert (key.hash, key.prefix) == (keys.hashed(SECRET), SECRET[:15])
    assert len(key.prefix) == keys.SHOWN
    assert key.terms == Terms(
        "ops",
        allowed_models=("gpt-5.4", "gpt-5.5"),
        allowed_efforts=("low", "high"),
        enforced_tier="priority",
        shows_hidden=True,
        expires_at=1_798_761_600.0,
        is_active=False,
    )
    assert key.limits == (
        Limit(0, Rule("total_tokens", "weekly", 2_500_000), 9_000, 0, RESET_AT),
        Limit(0, Rule("cost_usd", "5h", 1_000_000, "gpt-5.4"), 5, 0, RESET_AT),
    )
    assert (key.created_at, key.last_used_at) == (DAY_AT, DAY_AT)
    assert [line.fate for line in lines(foreign)] == ["new"]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        pytest.param({"allowed_models": "gpt-5.4"}, "its allowed_models cannot be", id="no list"),
        pytest.param({"allowed_models": "[1]"}, "its allowed_models cannot be", id="of numbers"),
        pytest.param({"account_assignment_scope_enabled": 1}, "no account at all", id="no account"),
        pytest.param({"key_hash": None}, "it has no hash", id="no hash"),
        pytest.param({"name": ""}, "`name`", id="no name"),
        pytest.param({"enforced_reasoning_effort": "huge"}, "must be one of", id="no effort"),
    ],
)
def test_a_key_never_comes_to_allow_more(foreign: Foreign, row: dict[str, Any], why: str) -> None:
    foreign.api_key(SECRET, **row)
    [line] = lines(foreign)
    assert line.fate == "invalid"
    assert why in line.detail


def test_a_limit_of_an_unknown_kind_is_named(foreign: Foreign) -> None:
    foreign.api_key(SECRET, ("credits", "weekly", 5, 0, None))
    assert lines(foreign)[0] == Line(
        "api key", "limit credits weekly of ops", "left out", "unknown here"
    )


def test_settings_that_are_known_here_come_and_the_others_are_named(tmp_path: Path) -> None:
    foreign = Foreign(tmp_path / "foreign")
    foreign.account("theirs", AuthFile().tokens)
    foreign.settings(
        sticky_threads_enabled=0,
        routing_strategy="single_account",
        single_account_id="theirs",
        relative_availability_top_k=99,
        api_key_auth_enabled=1,
        warmup_model="gpt-5.4-mini",
    )
    bundle = read_foreign(foreign.directory, NOW)
    assert bundle.settings == {
        "version": 1,
        "stickyThreadsEnabled": False,
        "routingStrategy": "single_account",
        "singleAccountId": ALICE_ID,
        "apiKeyAuthEnabled": True,
    }
    too_large, unknown, _ = bundle.remarks
    assert (too_large.name, too_large.fate) == ("relativeAvailabilityTopK", "left out")
    assert (unknown.name, unknown.fate) == ("password_hash, warmup_model", "left out")
    assert plan(bundle, NOBODY).settings is not None


def test_the_address_list_comes(foreign: Foreign) -> None:
    foreign.put("api_firewall_allowlist", ip_address="10.0.0.1", created_at="2026-11-01 10:00:00")
    [entry] = read_foreign(foreign.directory, NOW).firewall
    assert (entry.network, entry.created_at) == ("10.0.0.1", DAY_AT)
    foreign.put("api_firewall_allowlist", ip_address="everywhere")
    assert "invalid" in {line.fate for line in lines(foreign)}


def test_other_tables_are_counted(foreign: Foreign) -> None:
    last = read_foreign(foreign.directory, NOW).remarks[-1]
    assert last == Line("other", "1 tables", "left out", "request_logs (2)")


def test_nothing_in_the_directory_is_changed(foreign: Foreign) -> None:
    foreign.account("x", AuthFile().tokens)
    before = {path.name: path.read_bytes() for path in foreign.directory.iterdir()}
    read_foreign(foreign.directory, NOW)
    assert {path.name: path.read_bytes() for path in foreign.directory.iterdir()} == before


def test_what_is_no_such_directory_says_why(foreign: Foreign, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"there is no store\.db"):
        read_foreign(tmp_path, NOW)
    (tmp_path / "store.db").write_bytes(b"")
    shutil.copy(foreign.directory / "encryption.key", tmp_path)
    with pytest.raises(StoreError, match="is not a store of the public codex-lb"):
        read_foreign(tmp_path, NOW)
    (foreign.directory / "encryption.key").unlink()
    with pytest.raises(KeyFileError, match="is missing"):
        read_foreign(foreign.directory, NOW)
