"""No secret is found in what a service writes or answers; and the search for them does find."""

from pathlib import Path
from typing import Any

import aiohttp
import pyotp
import pytest
from tests.journeys import wire
from tests.journeys.disclosure import HANDED_OVER, disclosures
from tests.journeys.pool import Pool
from tests.journeys.service import Service

PASSWORD = "made-up-password"
JWT = b"eyJhbGciOiJSUzI1NiJ9.eyJlbWFpbCI6ImEifQ.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        pytest.param(b"key=sk-clb-" + b"a_b-C" * 8 + b"xyz ", "an API key", id="an API key"),
        pytest.param(b'{"token":"' + JWT + b'"}', "an access or id token", id="a token"),
        pytest.param(b"\x00rt_" + b"0a" * 32, "a refresh token", id="a refresh token"),
        pytest.param(b"pw: made-up-password\n", "a secret of the test", id="a password"),
        pytest.param(b"cookie: c00kie;", "of handed-over", id="what was handed over once"),
        pytest.param(b"...K3y=...", "of encryption.key", id="the encryption key"),
    ],
)
def test_a_secret_is_found_in_any_file_but_its_own(
    content: bytes, kind: str, tmp_path: Path
) -> None:
    data = tmp_path / "service" / "data"
    data.mkdir(parents=True)
    (data / "encryption.key").write_bytes(b"K3y=\n")
    (tmp_path / "service" / HANDED_OVER).write_bytes(b"c00kie\nJBSWY3DP\n")
    (data / "store.db").write_bytes(b"sk-clb-AbCdEfGh" + b"0123456789abcdef" * 4)
    assert disclosures([tmp_path]) == []

    (data / "store.db-wal").write_bytes(content)
    assert disclosures([tmp_path]) == [f"{data / 'store.db-wal'}: {kind}"]
    (data / "store.db-wal").unlink()  # the search after this module need not find it too


@pytest.mark.journey
@pytest.mark.asyncio(loop_scope="module")
async def test_what_operators_and_clients_show_or_get_once_is_kept_nowhere(
    service: Service, pool: Pool
) -> None:
    await pool.add()
    cookies: list[str] = []
    jar = aiohttp.CookieJar(unsafe=True)  # for an address without a name
    async with aiohttp.ClientSession(service.url, cookie_jar=jar) as session:

        async def ask(method: str, path: str, wanted: int = 200, **body: object) -> Any:
            async with session.request(method, path, json=body) as reply:
                answered = service.heard(await reply.text(), reply.cookies)
                cookies.extend(each.value for each in reply.cookies.values() if each.value)
                assert reply.status == wanted, answered
                return answered

        sign_in = "/api/dashboard-auth"
        await ask("POST", f"{sign_in}/password/setup", password=PASSWORD)
        secret = (await ask("POST", f"{sign_in}/totp/setup/start"))["secret"]
        code = pyotp.TOTP(secret).now()
        enrolled = await ask("POST", f"{sign_in}/totp/setup/confirm", secret=secret, code=code)
        await ask("PUT", "/api/settings", totpRequiredOnLogin=True)
        await ask("POST", f"{sign_in}/logout")
        await ask("POST", f"{sign_in}/password/login", 401, password=PASSWORD + "-wrong")
        await ask("POST", f"{sign_in}/password/login", password=PASSWORD)
        await ask("POST", f"{sign_in}/totp/verify", code=enrolled["recoveryCodes"][0])
        key = (await ask("POST", "/api/api-keys", name="secret"))["key"]
        for path in (wire.CODEX, wire.OPENAI, "/v1/nothing"):
            login = {"authorization": f"Bearer {key}"}
            reply = await wire.send(
                service, b'{"model":"gpt-5.5","input":[]}', path=path, headers=login
            )
            assert reply.status in (200, 404)
        for path in ("accounts", "api-keys", "settings", "request-logs", "audit-logs"):
            await ask("GET", f"/api/{path}")
        await ask("DELETE", f"{sign_in}/password", password=PASSWORD)

    handed_over = set((service.folder / HANDED_OVER).read_text().split())
    assert {secret, key, *enrolled["recoveryCodes"], *cookies} < handed_over
    assert len(cookies) == 4
    assert disclosures([service.folder]) == []
