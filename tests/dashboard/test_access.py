"""Who gets to the operator's API, and what every answer carries."""

from collections.abc import AsyncIterator

import httpx2
import pytest
from tests.dashboard.builders import AuthFile, FakeAccounts, caller

from codex_lb.store import StoreError


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        pytest.param({}, 200, None, id="a program on this machine"),
        pytest.param({"host": "localhost:9"}, 200, None, id="under another local name"),
        pytest.param(
            {"origin": "http://127.0.0.1:2455", "sec-fetch-site": "same-origin"},
            200,
            None,
            id="our own page",
        ),
        pytest.param(
            {"host": "attacker.example"}, 401, "bootstrap_required", id="a rebound host name"
        ),
        pytest.param(
            {"x-forwarded-for": "127.0.0.1"}, 401, "bootstrap_required", id="through a proxy"
        ),
        pytest.param({"forwarded": "for=[::1]"}, 401, "bootstrap_required", id="by the standard"),
        pytest.param(
            {"origin": "https://attacker.example"}, 403, "cross_site_request", id="a foreign page"
        ),
        pytest.param({"origin": "null"}, 403, "cross_site_request", id="a sandboxed page"),
        pytest.param(
            {"sec-fetch-site": "cross-site"}, 403, "cross_site_request", id="as the browser says"
        ),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_the_operator_is_who_works_on_this_machine(
    client: httpx2.AsyncClient,
    accounts: FakeAccounts,
    auth_file: AuthFile,
    method: str,
    headers: dict[str, str],
    status: int,
    code: str | None,
) -> None:
    account_id = (await _import(client, auth_file)).json()["accountId"]
    path = {
        "GET": "/api/accounts",
        "POST": f"/api/accounts/{account_id}/pause",
        "DELETE": f"/api/accounts/{account_id}",
    }[method]
    answer = await client.request(method, path, headers=headers)
    assert answer.status_code == status
    if code is not None:
        assert answer.json()["error"]["code"] == code
        assert accounts.rows[account_id].state == "active"


async def test_a_foreign_page_cannot_add_its_account(
    client: httpx2.AsyncClient, accounts: FakeAccounts, auth_file: AuthFile
) -> None:
    answer = await _import(client, auth_file, {"origin": "https://attacker.example"})
    assert answer.status_code == 403
    assert not accounts.rows


async def test_another_machine_is_refused_before_its_body_is_read(
    remote: httpx2.AsyncClient,
) -> None:
    read = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal read
        while True:
            read += 1
            yield b"x" * 65_536

    answer = await remote.post("/api/accounts/import", content=body())
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "bootstrap_required"
    assert read == 0


async def test_the_api_describes_itself_to_the_operator_alone(
    client: httpx2.AsyncClient, remote: httpx2.AsyncClient
) -> None:
    described = (await client.get("/api/openapi.json")).json()
    assert {path for path in described["paths"] if not path.startswith("/api/ui/")} == {
        "/api/accounts",
        "/api/accounts/import",
        "/api/accounts/import/preview",
        "/api/accounts/{account_id}",
        "/api/accounts/{account_id}/alias",
        "/api/accounts/{account_id}/daily",
        "/api/accounts/{account_id}/events",
        "/api/accounts/{account_id}/export/auth",
        "/api/accounts/{account_id}/pause",
        "/api/accounts/{account_id}/probe",
        "/api/accounts/{account_id}/reactivate",
        "/api/accounts/{account_id}/routing-policy",
        "/api/accounts/{account_id}/trends",
        "/api/api-keys",
        "/api/api-keys/{key_id}",
        "/api/api-keys/{key_id}/regenerate",
        "/api/audit-logs",
        "/api/bundle/export",
        "/api/bundle/import",
        "/api/dashboard-auth/logout",
        "/api/dashboard-auth/password",
        "/api/dashboard-auth/password/change",
        "/api/dashboard-auth/password/login",
        "/api/dashboard-auth/password/setup",
        "/api/dashboard-auth/session",
        "/api/dashboard-auth/sessions",
        "/api/dashboard-auth/sessions/{session_id}",
        "/api/dashboard-auth/totp/disable",
        "/api/dashboard-auth/totp/setup/confirm",
        "/api/dashboard-auth/totp/setup/start",
        "/api/dashboard-auth/totp/verify",
        "/api/dashboard/overview",
        "/api/firewall/ips",
        "/api/firewall/ips/{ip}",
        "/api/forecast",
        "/api/models",
        "/api/oauth/cancel",
        "/api/oauth/complete",
        "/api/oauth/manual-callback",
        "/api/oauth/start",
        "/api/oauth/status",
        "/api/request-logs",
        "/api/request-logs/options",
        "/api/request-logs/{request_id}",
        "/api/settings",
        "/api/usage/daily",
        "/api/usage/history",
        "/api/usage/summary",
        "/api/usage/window",
    }
    assert (await remote.get("/api/openapi.json")).status_code == 401
    assert (await client.get("/docs")).status_code == 404


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({"content-type": "text/plain"}, 415, id="text"),
        pytest.param({"content-type": "application/x-www-form-urlencoded"}, 415, id="a form"),
        pytest.param({}, 415, id="nothing said"),
        pytest.param({"content-type": "application/json; charset=utf-8"}, 404, id="JSON"),
    ],
)
async def test_json_comes_under_its_own_name(
    client: httpx2.AsyncClient, headers: dict[str, str], status: int
) -> None:
    answer = await client.post("/api/accounts/nobody/pause", content=b"{}", headers=headers)
    assert answer.status_code == status


async def test_an_empty_form_is_no_body(client: httpx2.AsyncClient) -> None:
    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = await client.post("/api/accounts/nobody/pause", content=b"", headers=headers)
    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api", 404, "http_404"),
        ("GET", "/api/nothing", 404, "http_404"),
        ("POST", "/api/nothing", 404, "http_404"),
        ("PUT", "/api/accounts", 405, "http_405"),
        ("GET", "/v1/nothing", 404, "http_404"),
        ("GET", "/backend-api", 404, "http_404"),
        ("GET", "/health/x", 404, "http_404"),
        ("POST", "/nothing", 404, "http_404"),
    ],
)
async def test_programs_get_json_also_where_nothing_is(
    client: httpx2.AsyncClient, method: str, path: str, status: int, code: str
) -> None:
    answer = await client.request(method, path)
    assert answer.status_code == status
    assert answer.json()["error"]["code"] == code


@pytest.mark.parametrize("path", ["/api/accounts", "/api/nothing", "/api/accounts/x/pause"])
async def test_every_answer_is_kept_from_stores_and_frames(
    client: httpx2.AsyncClient, remote: httpx2.AsyncClient, path: str
) -> None:
    for answer in (await client.get(path), await remote.get(path)):
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-app-version"] == "9.9"
        assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        pytest.param({"x-request-id": "mine"}, "mine", id="the caller's own is repeated"),
        pytest.param({"request-id": "mine"}, "mine", id="under its other name too"),
        pytest.param({"x-request-id": "a b"}, None, id="but not with spaces"),
        pytest.param({"x-request-id": "a" * 129}, None, id="nor without end"),
        pytest.param({}, None, id="without one there is a new one"),
    ],
)
async def test_request_id(
    client: httpx2.AsyncClient, headers: dict[str, str], expected: str | None
) -> None:
    told = [(await client.get("/api/accounts", headers=headers)).headers["x-request-id"]]
    told.append((await client.get("/api/accounts", headers=headers)).headers["x-request-id"])
    if expected is None:
        assert len(set(told)) == 2
        assert all(len(one) == 36 for one in told)
    else:
        assert told == [expected] * 2


async def test_a_crash_is_a_plain_500(client: httpx2.AsyncClient, accounts: FakeAccounts) -> None:
    accounts.broken = RuntimeError("s3cr3t")
    answer = await client.get("/api/accounts")
    assert answer.status_code == 500
    assert answer.json()["error"]["code"] == "internal_error"
    assert "s3cr3t" not in answer.text
    assert answer.headers["cache-control"] == "no-store"


async def test_a_store_that_fails_says_why(
    client: httpx2.AsyncClient, accounts: FakeAccounts
) -> None:
    accounts.broken = StoreError("the database failed: database or disk is full")
    answer = await client.get("/api/accounts")
    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "store_unavailable"
    assert "disk is full" in answer.json()["error"]["message"]


async def _import(
    client: httpx2.AsyncClient, auth_file: AuthFile, headers: dict[str, str] | None = None
) -> httpx2.Response:
    files = {"auth_json": auth_file.document()}
    return await client.post("/api/accounts/import", files=files, headers=headers)


TOKEN = "correct horse"


@pytest.mark.parametrize(
    ("shown", "status", "code"),
    [
        pytest.param(f"Bearer {TOKEN}", 200, None, id="the token"),
        pytest.param(f"bearer  {TOKEN} ", 200, None, id="in another spelling"),
        pytest.param(None, 401, "authentication_required", id="nothing"),
        pytest.param(f"Basic {TOKEN}", 401, "authentication_required", id="another scheme"),
        pytest.param("Bearer wrong", 401, "invalid_admin_token", id="another token"),
        pytest.param("Bearer ", 401, "authentication_required", id="an empty token"),
        pytest.param("Bearer \xfc", 401, "invalid_admin_token", id="one beyond ASCII"),
    ],
)
@pytest.mark.parametrize("peer", ["127.0.0.1", "192.0.2.1"])
async def test_with_an_admin_token_only_who_shows_it_is_the_operator(
    accounts: FakeAccounts, peer: str, shown: str | None, status: int, code: str | None
) -> None:
    client = caller(accounts, peer=peer, admin_token=TOKEN)
    headers = {b"authorization": shown.encode("latin-1")} if shown else {}
    answer = await client.get("/api/accounts", headers=headers)
    assert answer.status_code == status
    if code is not None:
        assert answer.json()["error"]["code"] == code


async def test_the_admin_token_does_not_help_a_foreign_page(accounts: FakeAccounts) -> None:
    client = caller(accounts, peer="127.0.0.1", admin_token=TOKEN)
    headers = {"authorization": f"Bearer {TOKEN}", "origin": "https://attacker.example"}
    answer = await client.get("/api/accounts", headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "cross_site_request")


async def test_a_body_without_end_is_not_read_to_its_end(client: httpx2.AsyncClient) -> None:
    chunks = iter(range(100))

    async def endless() -> AsyncIterator[bytes]:
        for _ in chunks:
            yield b" " * 65_536

    answer = await client.post(
        "/api/dashboard-auth/password/login",
        content=endless(),
        headers={"content-type": "application/json"},
    )

    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "payload_too_large")
    assert len(list(chunks)) > 60


async def test_every_route_announces_our_envelope_for_its_refusals(
    client: httpx2.AsyncClient,
) -> None:
    document = (await client.get("/api/openapi.json")).json()

    announced = [
        {
            status: told["content"]["application/json"]["schema"]["$ref"]
            for status, told in operation["responses"].items()
            if status >= "400"
        }
        for operations in document["paths"].values()
        for operation in operations.values()
    ]
    assert all(
        {"400", "401", "403", "413", "415", "422", "429", "503"} <= set(a) for a in announced
    )
    assert {ref for each in announced for ref in each.values()} == {
        "#/components/schemas/ErrorBody"
    }
