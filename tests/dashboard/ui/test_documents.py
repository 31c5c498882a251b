"""The pages' documents over a real store: their figures are those of the operator's API."""

import csv
import io
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import httpx2
import pytest
from tests.dashboard.builders import NOW, FakeSettings, entrance

from codex_lb.core import routing
from codex_lb.core.client_setup import CLIENTS, Facts, Model, configured
from codex_lb.core.keys import Terms
from codex_lb.core.limits import Rule
from codex_lb.core.model import (
    AccountEvent,
    Attempt,
    Cost,
    Credential,
    Identity,
    OpenedRequest,
    QuotaWindow,
    Receipt,
    Skipped,
    Usage,
)
from codex_lb.core.operator_settings import OperatorSettings
from codex_lb.core.pricing import ListPrice, Rates
from codex_lb.dashboard.app import Ports, build
from codex_lb.dashboard.bus import Bus
from codex_lb.dashboard.flows import Flows
from codex_lb.dashboard.house import House
from codex_lb.dashboard.stored_accounts import StoredAccounts
from codex_lb.dashboard.stored_firewall import StoredFirewall
from codex_lb.dashboard.ui import Installation, Variable
from codex_lb.settings import CLIENT_KEY
from codex_lb.store import Store

NOW_MS = int(NOW * 1000)
CREDENTIAL = Credential("access", "refresh", "id", NOW + 3600, NOW)
PRICE = ListPrice(Rates(2_500_000, 250_000, 15_000_000), estimated=True)
USAGE, COST = Usage(1_000, 200, 400, 50), Cost(100, 50, 850)
TRIED = Attempt("b", "sticky", 0, 40, 429, "usage_limit_reached", "next")
SERVED = Attempt(
    "a", "weight", 40, 900, 200, None, "relay", skipped=(Skipped("b", "5-hour limit"),)
)


def request(
    n: int, *, ago_s: float = 60.0, model: str = "gpt-5.4", **changes: Any
) -> tuple[OpenedRequest, Receipt]:
    at = NOW_MS - int(ago_s * 1000)
    opened = OpenedRequest(
        f"r{n}", at, "responses", "sse", model, "high", None, changes.pop("key", None), "thread",
        changes.pop("agent", "codex_exec/0.169.0 (Debian)"), "127.0.0.1",
    )  # fmt: skip
    receipt = Receipt(
        opened.id, "success", at + 900, "a", "plus", 200, usage=USAGE, cost=COST,
        attempts=(SERVED,), first_event_ms=300, duration_ms=900,
    )  # fmt: skip
    return opened, replace(receipt, **changes)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await Store.open(None, tmp_path, tmp_path / "key", clock=lambda: NOW)
    for id_, used in (("a", 0.25), ("b", 1.0)):
        account, _ = await opened.put_account(
            id_, Identity(id_, None, f"{id_}@example.com", "plus"), CREDENTIAL, now=NOW
        )
        window = QuotaWindow(300, used, NOW + 1800, NOW, "usage")
        await opened.put_readings(replace(account, windows=(window,)))
    key, _ = await opened.keys.create(
        Terms("laptop"), [Rule("total_tokens", "daily", 1_000)], now=NOW
    )
    rows = [
        request(1),
        request(2, attempts=(TRIED, SERVED), agent="curl/8", key=key.id, account_id="a"),
        request(3, status="error", error_code="overloaded", http_status=502, usage=None, cost=None),
        request(4, model="nobody-knows", ago_s=7_200.0, cost=None, unpriced=True),
    ]
    for row, receipt in rows:
        opened.requests.opened(row)
        opened.requests.closed(receipt)
    await opened.requests.flushed()
    await opened.add_account_events([AccountEvent("a", NOW - 5, "paused", "operator")])
    yield opened
    await opened.close()


@pytest.fixture
def bus() -> Bus:
    return Bus()


@pytest.fixture
def client(store: Store, bus: Bus) -> httpx2.AsyncClient:
    return visitor(store, bus)


def visitor(store: Store, bus: Bus, token: str | None = None) -> httpx2.AsyncClient:
    """A program on this machine; `token`: the operator's, if there is one."""
    sign_in = entrance(store.operators, lambda: NOW, token=token)
    app = build(
        Ports(
            StoredAccounts(store, lambda: NOW),
            store,
            FakeSettings(OperatorSettings(needs_api_key=True)),
            store.log,
            store.log,
            lambda: [{"id": "gpt-5.4", "name": "GPT-5.4"}],
            store.keys,
            sign_in,
            store.operators,
            StoredFirewall(store),
            cast("Flows", None),  # no test here signs in
            House(store.moves, lambda: NOW),
            bus=bus,
            list_price=lambda model: PRICE if model.startswith("gpt") else None,
            serves=lambda plan, model: (plan, model) == ("plus", "gpt-5.4"),
        ),
        installation=Installation(
            "9.9", "sqlite", "/data", [Variable("CODEX_LB_LOG_FORMAT", "json", "text")]
        ),
        clock=lambda: NOW,
    )
    transport = httpx2.ASGITransport(app, client=("127.0.0.1", 50_000))
    return httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:2455")


async def get(client: httpx2.AsyncClient, path: str) -> dict[str, Any]:
    answer = await client.get(f"/api/ui/{path}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_the_overview_answers_what_is_asked_first(client: httpx2.AsyncClient) -> None:
    page = await get(client, "overview")
    assert page["verdict"]["level"] == "degraded"
    assert (page["verdict"]["serving"], page["verdict"]["total"]) == (1, 2)
    (short,) = page["capacity"]
    assert short["leftPercent"] == 37.5
    assert short["nextReset"]["gainPercent"] == 12.5
    assert [segment["weight"] for segment in short["accounts"]] == [0.5, 0.5]
    assert {item["kind"] for item in page["attention"]} == {"limited", "key_spent", "unpriced"}
    assert [row["requestId"] for row in page["latest"]] == ["r3", "r2", "r1", "r4"]
    assert {top["key"]: top["requests"] for top in page["top"]["clients"]} == {
        "codex_exec": 3,
        "curl": 1,
    }
    assert page["setup"] == {"isSecured": False, "hasAccounts": True, "hasRequests": True}


@pytest.mark.parametrize(
    ("group", "totals"),
    [
        ("outcome", {"served": 2, "recovered": 1, "upstream_error": 1}),
        ("model", {"gpt-5.4": 3, "nobody-knows": 1}),
        ("client", {"codex_exec": 3, "curl": 1}),
    ],
)
async def test_traffic_is_grouped(
    client: httpx2.AsyncClient, group: str, totals: dict[str, int]
) -> None:
    traffic = (await get(client, f"overview?range=24h&group={group}"))["traffic"]
    assert {
        key: sum(values) for key, values in zip(traffic["keys"], traffic["values"], strict=True)
    } == totals
    assert all(len(values) == 24 for values in traffic["values"])


async def test_a_document_that_has_not_changed_is_not_sent_again(
    client: httpx2.AsyncClient, store: Store
) -> None:
    first = await client.get("/api/ui/keys")
    tag = {"if-none-match": first.headers["etag"]}
    assert (await client.get("/api/ui/keys", headers=tag)).status_code == 304
    await store.keys.create(Terms("another"), [], now=NOW)
    assert (await client.get("/api/ui/keys", headers=tag)).status_code == 200


async def test_accounts_have_their_figures_and_their_past(client: httpx2.AsyncClient) -> None:
    rows = (await get(client, "accounts"))["accounts"]
    assert {row["accountId"]: row["requests24h"] for row in rows} == {"a": 4, "b": 0}
    assert sum(rows[0]["spark24h"]) == 4
    assert rows[1]["statusReason"].startswith("5-hour limit until")
    detail = await get(client, "accounts/a")
    assert [event["kind"] for event in detail["events"]] == ["paused"]
    assert [row["requestId"] for row in detail["lastErrors"]] == ["r3"]
    assert (await client.get("/api/ui/accounts/nobody")).status_code == 404


async def test_a_request_that_passed_an_account_over_counts_once_for_each_reason(
    client: httpx2.AsyncClient, store: Store
) -> None:
    skipped = (Skipped("b", "usage limit reached until 2026-09-21 15:00 UTC"),)
    again = (*skipped, Skipped("a", routing.TRIED))  # that is no passing over: it was asked
    twice = (replace(SERVED, skipped=skipped), replace(SERVED, skipped=again))
    row, receipt = request(5, attempts=twice)
    store.requests.opened(row)
    store.requests.closed(receipt)
    await store.requests.flushed()
    detail = await get(client, "accounts/b")
    assert detail["passedOver"] == [
        {"reason": "5-hour limit", "requests": 4},
        {"reason": "usage limit reached", "requests": 1},
    ]
    assert detail["passedOverAmong"] == 5
    assert (await get(client, "accounts/a"))["passedOver"] == []


async def test_an_account_names_the_keys_that_are_bound_to_it(
    client: httpx2.AsyncClient, store: Store
) -> None:
    key, _ = await store.keys.create(Terms("ci", assigned_accounts=("a",)), [], now=NOW)
    assert (await get(client, "accounts/a"))["keys"] == [{"id": key.id, "name": "ci"}]
    assert (await get(client, "accounts/b"))["keys"] == []


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("", ["r3", "r2", "r1", "r4"]),
        ("model:gpt-5.4", ["r3", "r2", "r1"]),
        ("status:error", ["r3"]),
        ("code:overloaded", ["r3"]),
        ("client:curl", ["r2"]),
        ("-client:curl status:ok", ["r1", "r4"]),
        ("outcome:recovered", ["r2"]),
        ("outcome:upstream_error", ["r3"]),
        ("outcome:served", ["r1", "r4"]),
        ("key:lapt", ["r2"]),
        ("account:b@example", []),
        ("ttft:>250ms", ["r3", "r2", "r1", "r4"]),
        ("ttft:>2s", []),
        ("nobody", ["r4"]),
        ("outcome:nonsense", []),
    ],
)
async def test_requests_are_found_by_what_is_typed(
    client: httpx2.AsyncClient, query: str, ids: list[str]
) -> None:
    page = await get(client, f"requests?{httpx2.QueryParams({'q': query})}")
    assert [row["requestId"] for row in page["requests"]] == ids
    assert page["total"] == len(ids)
    assert sum(piece["requests"] for piece in page["histogram"]) == len(ids)


async def test_facets_count_what_occurs(client: httpx2.AsyncClient) -> None:
    page = await get(client, "requests")
    facets = {facet["name"]: facet["values"] for facet in page["facets"]}
    assert facets["client"] == [
        {"value": "codex_exec", "label": "codex_exec", "count": 3},
        {"value": "curl", "label": "curl", "count": 1},
    ]
    assert {(one["value"], one["count"]) for one in facets["outcome"]} == {
        ("served", 2),
        ("recovered", 1),
        ("upstream_error", 1),
    }
    (key,) = facets["key"]
    assert (key["label"], key["count"]) == ("laptop", 1)
    assert page["names"][key["value"]] == "laptop"


async def test_a_facet_tells_what_else_its_own_words_could_be(client: httpx2.AsyncClient) -> None:
    page = await get(client, "requests?q=client:curl+outcome:recovered")
    facets = {
        facet["name"]: {one["value"]: one["count"] for one in facet["values"]}
        for facet in page["facets"]
    }
    assert facets["client"] == {"curl": 1}  # nobody else was served after a retry
    assert facets["outcome"] == {"recovered": 1}
    page = await get(client, "requests?q=client:curl+model:gpt-5.4")
    facets = {facet["name"]: facet["values"] for facet in page["facets"]}
    assert [(one["value"], one["count"]) for one in facets["client"]] == [
        ("codex_exec", 2),
        ("curl", 1),
    ]
    assert page["facetsAreWhole"]
    assert page["total"] == 1


async def test_requests_of_a_time_are_found(client: httpx2.AsyncClient) -> None:
    hour_ago = "2026-09-21T13:40:00Z"
    assert NOW == 1_790_000_000.0  # 2026-09-21T14:13:20Z
    page = await get(client, f"requests?since={hour_ago}")
    assert [row["requestId"] for row in page["requests"]] == ["r3", "r2", "r1"]
    page = await get(client, f"requests?until={hour_ago}")
    assert [row["requestId"] for row in page["requests"]] == ["r4"]


async def test_a_request_is_shown_with_its_siblings(client: httpx2.AsyncClient) -> None:
    page = await get(client, "requests/r2")
    assert [attempt["accountId"] for attempt in page["request"]["attempts"]] == ["b", "a"]
    assert len(page["siblings"]) == 4
    assert (await client.get("/api/ui/requests/none")).status_code == 404


async def test_requests_are_taken_out_as_a_table(client: httpx2.AsyncClient, store: Store) -> None:
    odd = request(5, agent="=cmd|' /C calc'!A0", model="gpt-5.4", ago_s=1.0)
    store.requests.opened(odd[0])
    store.requests.closed(odd[1])
    await store.requests.flushed()
    answer = await client.get("/api/ui/requests/export?format=csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["request_id"] for row in rows] == ["r5", "r3", "r2", "r1", "r4"]
    assert rows[0]["useragent"].startswith("'=cmd")
    lines = (await client.get("/api/ui/requests/export?format=jsonl&q=client:curl")).text
    assert [json.loads(line)["requestId"] for line in lines.splitlines()] == ["r2"]


async def test_usage_adds_up_by_one_thing_at_a_time(client: httpx2.AsyncClient) -> None:
    for group, first in (("account", "a@example.com"), ("model", "gpt-5.4"), ("key", "laptop")):
        page = await get(client, f"usage?group={group}&days=7")
        assert page["total"]["requests"] == 4
        assert sum(each["total"]["requests"] for each in page["groups"]) == 4
        assert first in {each["label"] for each in page["groups"]}
        assert all(len(each["days"]) == 7 for each in page["groups"])
    assert page["unpricedModels"] == ["nobody-knows"]
    assert sum(map(sum, page["heat"])) == 4
    (budget,) = page["budgets"]
    assert budget["limits"][0]["currentValue"] == 1_200


DAY_S = 86_400.0


async def test_usage_of_days_gone_by_leaves_out_what_came_later(
    client: httpx2.AsyncClient, store: Store
) -> None:
    await log(store, request(8, ago_s=10 * DAY_S), request(9, ago_s=11 * DAY_S))
    last = datetime.fromtimestamp(NOW - 10 * DAY_S, UTC).date()
    page = await get(client, f"usage?days=2&until={last}")
    assert page["starts"][-1].startswith(str(last))
    assert [day["requests"] for day in page["groups"][0]["days"]] == [1, 1]
    assert sum(map(sum, page["heat"])) == 2
    today = await get(client, f"usage?days=2&until={datetime.fromtimestamp(NOW, UTC).date()}")
    assert today["total"]["requests"] == 4


@pytest.mark.parametrize(("oldest_days", "compared"), [(3, False), (13, True), (20, True)])
async def test_usage_is_compared_only_with_days_that_the_log_has(
    client: httpx2.AsyncClient, store: Store, oldest_days: int, compared: bool
) -> None:
    rows = [request(8, ago_s=8 * DAY_S), request(9, ago_s=oldest_days * DAY_S)]
    await log(store, *(rows if compared else rows[1:]))
    page = await get(client, "usage?days=7&compare=true")
    assert (page["previous"] is not None) == compared


async def log(store: Store, *rows: tuple[OpenedRequest, Receipt]) -> None:
    for row, receipt in rows:
        store.requests.opened(row)
        store.requests.closed(receipt)
    await store.requests.flushed()


async def test_what_a_new_client_needs_is_told(client: httpx2.AsyncClient, store: Store) -> None:
    await store.keys.create(Terms("off", is_active=False), [], now=NOW)
    page = await get(client, "connect")
    assert page["localUrl"] == "http://127.0.0.1:2455"
    assert page["isLocal"]
    assert page["needsKey"]
    assert [key["name"] for key in page["keys"]] == ["laptop"]
    assert [seen["client"] for seen in page["seen"]] == ["codex_exec", "curl"]
    assert page["seen"][0]["errorCode"] == "overloaded"
    assert page["models"] == [{"id": "gpt-5.4", "label": "GPT-5.4"}]


async def test_clients_are_told_what_setup_tells_them(client: httpx2.AsyncClient) -> None:
    told = {each["client"]: each for each in (await get(client, "connect"))["clients"]}
    facts = Facts("http://here/lb", CLIENT_KEY, (Model("gpt-5.4", "GPT-5.4"),), chosen=True)
    for name in CLIENTS:
        text = told[name]["text"].replace("%URL%", facts.url).replace("%MODEL%", facts.model)
        assert text == configured(name, "", facts)
    assert told["codex"]["file"] == "~/.codex/config.toml"
    assert told["codex"]["baseUrl"] == "%URL%/backend-api/codex"
    assert told["curl"]["file"] is None


async def test_whom_a_proxy_passes_on_is_not_local(store: Store, bus: Bus) -> None:
    client = visitor(store, bus, token="t0ken")
    client.headers |= {"authorization": "Bearer t0ken"}
    assert (await get(client, "connect"))["isLocal"]
    client.headers |= {"x-forwarded-for": "192.0.2.1"}
    assert not (await get(client, "connect"))["isLocal"]


async def test_each_setting_says_where_it_was_set(client: httpx2.AsyncClient) -> None:
    page = await get(client, "settings")
    fields = {each["name"]: each for each in [*page["operator"], *page["environment"]]}
    assert fields["apiKeyAuthEnabled"]["source"] == "operator"
    assert fields["stickyThreadsEnabled"]["source"] == "default"
    assert fields["CODEX_LB_LOG_FORMAT"] == {
        "name": "CODEX_LB_LOG_FORMAT",
        "value": "json",
        "default": "text",
        "source": "environment",
    }
    assert page["about"]["version"] == "9.9"


async def test_each_model_says_what_it_costs_and_which_plans_have_it(
    client: httpx2.AsyncClient,
) -> None:
    nameless, model = (await get(client, "settings"))["models"]
    assert nameless["id"] == "nobody-knows"  # not on offer, but asked for
    assert (nameless["rates"], nameless["own"]) == (None, False)
    assert model == {
        "id": "gpt-5.4",
        "name": "GPT-5.4",
        "plans": ["plus"],
        "rates": {"input": 2_500_000, "cached": 250_000, "output": 15_000_000, "estimated": True},
        "own": False,
    }
    own = {"gpt-5.4": {"input": 1, "cached": 1, "output": 1}}
    assert (await client.put("/api/settings", json={"modelPrices": own})).status_code == 200
    models = (await get(client, "settings"))["models"]
    assert {each["id"]: each["own"] for each in models} == {"gpt-5.4": True, "nobody-knows": False}


async def test_open_pages_are_told_when_an_operator_acts(
    client: httpx2.AsyncClient, bus: Bus
) -> None:
    before = bus.cursor
    await client.post("/api/api-keys", json={"name": "ci"})
    await client.post("/api/api-keys", json={})  # refused: nothing has changed
    (event,) = bus._missed(before)  # noqa: SLF001  what a page that comes back is told
    assert b'data: {"action":"create_api_key","what":"api-keys"}' in event
