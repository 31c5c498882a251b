"""What a bundle changes where it arrives, record by record."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from codex_lb.core import operator_settings
from codex_lb.core.bundle import Bundle, BundleError, Line, Member, read, written
from codex_lb.core.firewall import Entry
from codex_lb.core.identity import local_id
from codex_lb.core.keys import ApiKey, Terms
from codex_lb.core.limits import Limit, Rule
from codex_lb.core.model import Account, Credential, Identity, OpenedRequest, Receipt
from codex_lb.core.move_plan import Here, Plan, plan

NOW = 1_800_000_000.0
HASH, OTHER_HASH = "a" * 64, "b" * 64
RULE = Rule("total_tokens", "daily", 1_000)


def member(email: str = "alice@example.com", at: float = NOW, **more: Any) -> Member:
    identity = Identity("acc-1", "user-1", email, "plus")
    fields = {"state": "active", "state_reason": None, "created_at": NOW} | more
    account = Account(
        local_id(identity), identity, refreshed_at=at, access_expires_at=None, **fields
    )
    return Member(account, Credential("access", f"refresh-{at:.0f}", "id", None, at))


def doubtful(one: Member) -> Member:
    return replace(one, in_doubt=True)


def key(id_: str = "k", hash_: str = HASH, *limits: Limit, **terms: Any) -> ApiKey:
    return ApiKey(
        id_, "sk-clb-abcdefgh", hash_, Terms(**{"name": "ci"} | terms), NOW, limits=limits
    )


def limit(
    used: int, resets_at: float = NOW, *, rule: Rule = RULE, id_: int = 0, held: int = 0
) -> Limit:
    return Limit(id_, rule, used, held, resets_at)


def row(id_: str) -> tuple[OpenedRequest, Receipt]:
    return OpenedRequest(id_, 1, "responses", "sse", "m"), Receipt(id_, "success", 2)


def here(*members: Member, **more: Any) -> Here:
    known = {each.account.id: each for each in members}
    return Here(
        **{"members": known, "keys": (), "settings": None, "firewall": (), "rows": ()} | more
    )


def planned(there: Here, **parts: Any) -> Plan:
    """With the bundle as it comes out of a file."""
    return plan(read(written(Bundle(NOW, **parts))), there)


ALICE, ALICE_LATER = member(), member(at=NOW + 60)
LOST, LOST_LATER = (
    member(at=at, state="reauth_required", state_reason="why") for at in (NOW, NOW + 60)
)


@pytest.mark.parametrize(
    ("given", "known", "fate", "detail"),
    [
        pytest.param(ALICE, None, "new", "", id="an account that is not here is new"),
        pytest.param(LOST, None, "new", "needs a new sign-in", id="so is one that is lost"),
        pytest.param(
            doubtful(ALICE), None, "new", "needs a new sign-in soon", id="and one in doubt, told so"
        ),
        pytest.param(ALICE, ALICE, "unchanged", "", id="the same sign-in changes nothing"),
        pytest.param(ALICE_LATER, ALICE, "replaces", "", id="a newer sign-in replaces"),
        pytest.param(ALICE, ALICE_LATER, "unchanged", "newer", id="an older one never does"),
        pytest.param(ALICE, LOST_LATER, "replaces", "", id="but where the one here is lost"),
        pytest.param(ALICE, doubtful(ALICE_LATER), "replaces", "", id="or in doubt"),
        pytest.param(LOST_LATER, ALICE, "unchanged", "needs a", id="a lost one replaces none"),
        pytest.param(LOST_LATER, LOST, "unchanged", "needs a", id="not even another lost one"),
        pytest.param(
            doubtful(ALICE_LATER), ALICE, "unchanged", "interrupted", id="nor does one in doubt"
        ),
        pytest.param(
            replace(ALICE, account=replace(ALICE.account, id="x")),
            None, "invalid", "its id", id="an id that is not its identity's",
        ),
        pytest.param(
            replace(ALICE, credential=replace(ALICE.credential, access_token="a\r\nb")),
            None, "invalid", "its tokens", id="a token that no header can carry",
        ),
    ],
)  # fmt: skip
def test_an_account(given: Member, known: Member | None, fate: str, detail: str) -> None:
    result = planned(here(*([known] if known else [])), members=[given])
    [line] = result.lines
    assert (line.kind, line.name, line.fate) == ("account", "alice@example.com", fate)
    assert detail in line.detail
    assert list(result.members) == ([given] if fate in ("new", "replaces") else [])


def test_accounts_are_told_apart_and_none_comes_twice() -> None:
    bob = member("bob@example.com", alias="Bob")
    result = planned(here(), members=[ALICE, bob, ALICE_LATER])
    assert [(line.name, line.fate) for line in result.lines] == [
        ("alice@example.com", "new"),
        ("Bob", "new"),
        ("alice@example.com", "invalid"),
    ]
    assert result.members == [ALICE, bob]
    assert [line.detail for line in result.invalid] == ["it is in the bundle twice"]


@pytest.mark.parametrize(
    ("given", "known", "fate", "detail"),
    [
        pytest.param(key(), [], "new", "", id="a key that is not here is new"),
        pytest.param(key(), [key()], "unchanged", "", id="the same key"),
        pytest.param(key(name="x"), [key()], "replaces", "its terms here", id="other terms"),
        pytest.param(
            key("k", OTHER_HASH), [key()], "replaces", "its secret here", id="another secret"
        ),
        pytest.param(key("k2"), [key()], "unchanged", "", id="the same secret under another id"),
        pytest.param(
            key("k", HASH, limit(5)), [key()], "replaces", "its limits here", id="a limit more"
        ),
        pytest.param(key(), [key("k", HASH, limit(5))], "replaces", "its limits", id="a limit less"),
        pytest.param(
            key("k", HASH, limit(5)), [key("k", HASH, limit(7, id_=3, held=2))],
            "unchanged", "", id="less used than here",
        ),
        pytest.param(
            key("k", OTHER_HASH), [key(), key("k2", OTHER_HASH)],
            "invalid", "two keys here", id="the id of one and the secret of another",
        ),
        pytest.param(key(name=" "), [], "invalid", "`name`", id="no name"),
        pytest.param(key("k", "secret"), [], "invalid", "no hash", id="no hash"),
        pytest.param(
            key("k", HASH, limit(5), limit(6)), [], "invalid", "two rules", id="a rule twice"
        ),
        pytest.param(key("k", HASH, limit(-1)), [], "invalid", "a figure", id="used less than none"),
        pytest.param(key("k", HASH, limit(2**63)), [], "invalid", "a figure", id="used beyond count"),
        pytest.param(
            key("k", HASH, limit(1, rule=replace(RULE, max_value=0))),
            [], "invalid", "a figure", id="a limit of nothing",
        ),
    ],
)  # fmt: skip
def test_a_key(given: ApiKey, known: list[ApiKey], fate: str, detail: str) -> None:
    result = planned(here(keys=known), keys=[given])
    [line] = result.lines
    assert (line.kind, line.fate) == ("api key", fate)
    assert detail in line.detail
    assert len(result.keys) == (fate in ("new", "replaces"))


@pytest.mark.parametrize(
    ("given", "known", "expected"),
    [
        pytest.param(limit(9), limit(5, id_=3, held=2), (9, NOW), id="the larger use"),
        pytest.param(limit(1), limit(5, id_=3, held=2), (5, NOW), id="also if it is here"),
        pytest.param(
            limit(1, NOW + 60), limit(5, id_=3, held=2), (1, NOW + 60), id="of the later window"
        ),
        pytest.param(limit(9, NOW - 60), limit(5, id_=3, held=2), (5, NOW), id="wherever it is"),
    ],
)
def test_no_counter_goes_back_and_what_runs_stays_held(
    given: Limit, known: Limit, expected: tuple[int, float]
) -> None:
    raised = replace(given, rule=replace(RULE, max_value=2_000))
    result = planned(here(keys=[key("k", HASH, known)]), keys=[key("k", HASH, raised)])
    [placed] = result.keys
    assert placed.limits == (Limit(3, raised.rule, expected[0], 2, expected[1]),)


def test_a_new_key_brings_its_counters_and_holds_nothing() -> None:
    [placed] = planned(here(), keys=[key("k", HASH, limit(5, id_=9, held=3))]).keys
    assert placed.limits == (limit(5),)


def test_a_key_comes_once() -> None:
    result = planned(here(), keys=[key(), key("k2"), key("k", OTHER_HASH)])
    assert [line.fate for line in result.lines] == ["new", "invalid", "invalid"]
    assert len(result.keys) == 1


def test_settings_that_differ_replace_those_here() -> None:
    stored = operator_settings.as_json(operator_settings.read({"version": 7}))
    given = stored | {"routingStrategy": "round_robin", "version": 99, "theme": "dark"}
    result = planned(here(settings=stored), settings=given)
    assert result.lines == [
        Line("setting", "theme", "left out", "unknown here"),
        Line("setting", "routingStrategy", "replaces", "capacity_weighted by round_robin"),
    ]
    assert result.settings is not None
    assert (result.settings.routing.strategy, result.settings.version) == ("round_robin", 8)
    assert planned(here(settings=stored), settings=stored).settings is None


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        pytest.param({"routingStrategy": "dice"}, "routingStrategy", id="no strategy"),
        pytest.param(
            {"routingStrategy": "single_account", "singleAccountId": "gone"},
            "there is no such account",
            id="an account that is not there, which would stop all traffic",
        ),
    ],
)
def test_settings_that_cannot_be(given: dict[str, object], fault: str) -> None:
    result = planned(here(), settings=given)
    [line] = result.invalid
    assert fault in line.name + line.detail
    assert result.settings is None


def test_the_one_account_may_come_with_the_bundle() -> None:
    given = {"routingStrategy": "single_account", "singleAccountId": ALICE.account.id}
    assert planned(here(), settings=given, members=[ALICE]).settings is not None


@pytest.mark.parametrize(
    ("given", "known", "fates"),
    [
        pytest.param([], [], [], id="none"),
        pytest.param([], ["10.0.0.1"], [], id="none never opens what is closed"),
        pytest.param(["10.0.0.1"], ["10.0.0.1"], [], id="the same"),
        pytest.param(["10.0.0.1"], [], ["new"], id="a first list"),
        pytest.param(["10.0.0.1"], ["10.0.0.2"], ["replaces"], id="another list"),
        pytest.param(["10.0.0.1/8"], [], ["invalid"], id="what is no network"),
    ],
)
def test_an_address_list(given: list[str], known: list[str], fates: list[str]) -> None:
    entries, old = ([Entry(network, NOW) for network in each] for each in (given, known))
    result = planned(here(firewall=old), firewall=entries)
    assert [line.fate for line in result.lines] == fates
    assert result.firewall == (entries if fates in (["new"], ["replaces"]) else None)


def test_requests_are_added_once() -> None:
    result = planned(here(rows={"a"}), rows=[row("a"), row("b"), row("b")])
    assert [opened.id for opened, _ in result.rows] == ["b"]
    assert result.lines == [Line("request log", "1 requests", "new", "2 more are here already")]
    assert planned(here(rows={"a"}), rows=[row("a")]).lines[0].fate == "unchanged"


def test_what_comes_out_of_a_document_is_what_went_in() -> None:
    bundle = Bundle(
        NOW, [ALICE], [key("k", HASH, limit(5))], {"version": 1}, [Entry("::1", NOW)], [row("a")]
    )
    assert read(written(bundle)) == replace(bundle, remarks=[])


def test_a_record_that_is_none_is_named_and_the_others_are_read() -> None:
    document = msgspec.json.decode(written(Bundle(NOW, [ALICE, ALICE], [key()])))
    document["members"][0]["account"]["state"] = "sleepy"
    document["keys"].append(7)
    bundle = read(msgspec.json.encode(document))
    assert (len(bundle.members), len(bundle.keys)) == (1, 1)
    assert [(line.kind, line.name, line.fate) for line in bundle.remarks] == [
        ("account", "number 1", "invalid"),
        ("api key", "number 2", "invalid"),
    ]
    assert "state" in bundle.remarks[0].detail


@pytest.mark.parametrize(
    "document", [b"", b"{", b"[]", b"{}", b"\xff", b'{"made_at": "x"}', b"[" * 9999]
)
def test_what_is_no_bundle(document: bytes) -> None:
    with pytest.raises(BundleError):
        read(document)
