"""Signing in at the wire: password, one-time codes, sessions, and what guessing meets."""

import asyncio
import base64
import json
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pyotp
import pytest
from fastapi import FastAPI
from tests.dashboard.builders import (
    NOW,
    FakeAccounts,
    FakeOperators,
    Time,
    calling,
    entrance,
    plane,
)

from codex_lb.core.operator import IDLE_S, LIFE_S
from codex_lb.dashboard.callers import COOKIE
from codex_lb.dashboard.sign_in import SignIn
from codex_lb.store import StoreError

PASSWORD = "correct horse"
REMOTE = "192.0.2.7"
AUTH = "/api/dashboard-auth"


@dataclass
class House:
    """One control plane, and callers from anywhere. Each caller is a browser of its own."""

    token: str | None = None
    proxies: tuple[str, ...] = ()
    operators: FakeOperators = field(default_factory=FakeOperators)
    time: Time = field(default_factory=Time)
    sign_in: SignIn = field(init=False)
    app: FastAPI = field(init=False)

    def __post_init__(self) -> None:
        self.sign_in = entrance(self.operators, self.time, proxies=self.proxies, token=self.token)
        self.app = plane(
            FakeAccounts(), operators=self.operators, sign_in=self.sign_in, clock=self.time
        )

    def browser(self, peer: str = REMOTE, cookie: str | None = None) -> httpx2.AsyncClient:
        return calling(self.app, peer=peer, cookies={COOKIE: cookie} if cookie else None)

    async def with_password(self) -> httpx2.AsyncClient:
        """The browser of whoever has set it."""
        browser = self.browser("127.0.0.1")
        answer = await browser.post(f"{AUTH}/password/setup", json={"password": PASSWORD})
        assert answer.status_code == 200, answer.text
        return browser

    async def with_codes(self) -> tuple[httpx2.AsyncClient, str, list[str]]:
        """With codes needed; the secret and the recovery codes."""
        browser = await self.with_password()
        secret = (await browser.post(f"{AUTH}/totp/setup/start")).json()["secret"]
        answer = await browser.post(
            f"{AUTH}/totp/setup/confirm", json={"secret": secret, "code": self.code(secret)}
        )
        assert answer.status_code == 200, answer.text
        await browser.put("/api/settings", json={"totpRequiredOnLogin": True})
        return browser, secret, answer.json()["recoveryCodes"]

    def code(self, secret: str) -> str:
        return pyotp.TOTP(secret).at(int(self.time.now))


async def reads(browser: httpx2.AsyncClient) -> tuple[int, str | None]:
    """What becomes of an ordinary request: its status and error code."""
    answer = await browser.get("/api/accounts")
    return answer.status_code, answer.json().get("error", {}).get("code")


async def logs_in(browser: httpx2.AsyncClient, password: str = PASSWORD) -> httpx2.Response:
    return await browser.post(f"{AUTH}/password/login", json={"password": password})


def told(answer: httpx2.Response) -> tuple[int, Any]:
    return answer.status_code, answer.json().get("error", {}).get("code")


# -- the session object -------------------------------------------------------------------------


async def test_a_fresh_installation_is_open_to_this_machine_and_says_so() -> None:
    house = House()
    assert (await house.browser("127.0.0.1").get(f"{AUTH}/session")).json() == {
        "authenticated": True,
        "passwordRequired": False,
        "totpRequiredOnLogin": False,
        "totpConfigured": False,
        "bootstrapRequired": False,
        "bootstrapTokenConfigured": False,
        "authMode": "standard",
        "passwordManagementEnabled": True,
        "passwordSessionActive": False,
        "role": "admin",
        "permissions": ["read", "write"],
        "guestAccessEnabled": False,
        "guestPasswordRequired": False,
    }
    elsewhere = (await house.browser().get(f"{AUTH}/session")).json()
    assert (elsewhere["authenticated"], elsewhere["bootstrapRequired"]) == (False, True)
    assert elsewhere["permissions"] == []


async def test_a_session_that_owes_a_code_says_so_and_reads_nothing() -> None:
    house = House()
    _, secret, _ = await house.with_codes()
    house.time.now += 30
    browser = house.browser()
    pending = (await logs_in(browser)).json()
    assert (pending["authenticated"], pending["totpRequiredOnLogin"]) == (False, True)
    assert await reads(browser) == (401, "totp_required")
    for method, path, body in (
        ("POST", "password/change", {"currentPassword": PASSWORD, "newPassword": "something new"}),
        ("DELETE", "password", {"password": PASSWORD}),
        ("POST", "totp/setup/start", None),
        ("POST", "totp/setup/confirm", {"secret": secret, "code": "000000"}),
        ("POST", "totp/disable", {"code": house.code(secret)}),
        ("GET", "sessions", None),
    ):
        answer = await browser.request(method, f"{AUTH}/{path}", json=body)
        assert told(answer) == (401, "totp_required"), path
    done = await browser.post(f"{AUTH}/totp/verify", json={"code": house.code(secret)})
    assert done.json()["authenticated"]
    assert await reads(browser) == (200, None)


# -- password -----------------------------------------------------------------------------------


async def test_a_password_closes_the_open_door() -> None:
    house = House()
    browser = await house.with_password()
    assert await reads(browser) == (200, None)
    for peer in ("127.0.0.1", REMOTE):
        assert await reads(house.browser(peer)) == (401, "authentication_required")
    assert told(await logs_in(house.browser(), "wrong horse")) == (401, "invalid_credentials")
    assert await reads(await signed_in(house)) == (200, None)


async def signed_in(house: House) -> httpx2.AsyncClient:
    browser = house.browser()
    assert (await logs_in(browser)).status_code == 200
    return browser


async def test_blanks_around_a_password_are_not_part_of_it() -> None:
    house = House()
    await house.with_password()
    assert (await logs_in(house.browser(), f" {PASSWORD} ")).status_code == 200


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("short", "validation_error"),
        ("   short   ", "validation_error"),
        ("x" * 73, "password_too_long"),
        ("\ud800" * 9, "validation_error"),
        (1, "validation_error"),
    ],
)
async def test_unfit_passwords_are_not_set(password: object, code: str) -> None:
    browser = House().browser("127.0.0.1")
    answer = await browser.post(
        f"{AUTH}/password/setup",
        content=json.dumps({"password": password}),
        headers={"content-type": "application/json"},
    )
    assert told(answer) == (422, code)


async def test_the_first_password_is_set_once() -> None:
    house = House()
    tries = [
        house.browser("127.0.0.1").post(f"{AUTH}/password/setup", json={"password": PASSWORD})
        for _ in range(3)
    ]
    statuses = sorted(answer.status_code for answer in await asyncio.gather(*tries))
    assert statuses == [200, 409, 409]


async def test_without_a_password_nobody_can_log_in() -> None:
    assert told(await logs_in(House().browser())) == (400, "password_not_configured")


async def test_a_foreign_page_sets_no_password() -> None:
    house = House()
    answer = await house.browser("127.0.0.1").post(
        f"{AUTH}/password/setup",
        json={"password": PASSWORD},
        headers={"origin": "https://attacker.example"},
    )
    assert told(answer) == (403, "cross_site_request")
    assert house.operators.login.password_hash is None


# -- the first password from elsewhere ----------------------------------------------------------


async def bootstrap(house: House, caplog: list[Any]) -> str:
    await house.sign_in.announce()
    return str(caplog[-1]["bootstrap"])


async def test_from_elsewhere_the_first_password_takes_the_token_of_the_log(
    log_lines: list[Any],
) -> None:
    house = House()
    path, browser = f"{AUTH}/password/setup", house.browser()
    answer = await browser.post(path, json={"password": PASSWORD})
    assert told(answer) == (401, "bootstrap_unavailable")
    token = await bootstrap(house, log_lines)
    assert (await browser.get(f"{AUTH}/session")).json()["bootstrapTokenConfigured"]
    for wrong in (None, "", token[:-1], "é"):
        answer = await browser.post(path, json={"password": PASSWORD, "bootstrapToken": wrong})
        assert told(answer) == (401, "invalid_bootstrap_token")
    answer = await browser.post(path, json={"password": PASSWORD, "bootstrapToken": token})
    assert answer.status_code == 200
    assert await reads(browser) == (200, None)
    answer = await browser.post(path, json={"password": PASSWORD, "bootstrapToken": token})
    assert told(answer) == (409, "password_already_configured")
    assert not (await browser.get(f"{AUTH}/session")).json()["bootstrapTokenConfigured"]


async def test_the_token_of_the_log_is_good_for_half_an_hour(log_lines: list[Any]) -> None:
    house = House()
    token = await bootstrap(house, log_lines)
    house.time.now += 1_800
    body = {"password": PASSWORD, "bootstrapToken": token}
    answer = await house.browser().post(f"{AUTH}/password/setup", json=body)
    assert told(answer) == (401, "bootstrap_unavailable")


async def test_no_token_is_printed_where_none_is_needed(log_lines: list[Any]) -> None:
    house = House()
    await house.with_password()
    await house.sign_in.announce()
    await House(token="t").sign_in.announce()
    assert log_lines == []


# -- the admin token ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        ("Bearer adm1n", (200, None)),
        ("bearer  adm1n ", (200, None)),
        ("Bearer admin", (401, "invalid_admin_token")),
        ("Bearer ", (401, "authentication_required")),
        ("Bearer \xe9", (401, "invalid_admin_token")),
        ("Basic adm1n", (401, "authentication_required")),
        (None, (401, "authentication_required")),
    ],
)
@pytest.mark.parametrize("peer", ["127.0.0.1", REMOTE])
async def test_the_admin_token(shown: str | None, expected: tuple[int, str], peer: str) -> None:
    browser = House(token="adm1n").browser(peer)
    if shown is not None:
        browser.headers["authorization"] = shown
    assert await reads(browser) == expected


async def test_without_an_admin_token_a_bearer_means_nothing() -> None:
    browser = House().browser("127.0.0.1")
    browser.headers["authorization"] = "Bearer anything"
    assert await reads(browser) == (200, None)


async def test_signing_in_is_beside_the_admin_token() -> None:
    house = House(token="adm1n")
    browser = house.browser()
    browser.headers["authorization"] = "Bearer wrong"
    assert not (await browser.get(f"{AUTH}/session")).json()["authenticated"]
    browser.headers["authorization"] = "Bearer adm1n"
    answer = await browser.post(f"{AUTH}/password/setup", json={"password": PASSWORD})
    assert answer.status_code == 200


# -- one-time codes -----------------------------------------------------------------------------


async def test_enrolment_gives_a_picture_and_ends_other_sessions() -> None:
    house = House()
    browser, other = await house.with_password(), await signed_in(house)
    begun = (await browser.post(f"{AUTH}/totp/setup/start")).json()
    secret = begun["secret"]
    assert begun["otpauthUri"] == (
        f"otpauth://totp/codex-lb:dashboard?secret={secret}&issuer=codex-lb"
    )
    kind, _, picture = begun["qrSvgDataUri"].partition(",")
    assert kind == "data:image/svg+xml;base64"
    assert b"<svg" in base64.b64decode(picture)
    old = browser.cookies[COOKIE]
    body = {"secret": secret, "code": house.code(secret)}
    answer = await browser.post(f"{AUTH}/totp/setup/confirm", json=body)
    assert answer.json()["status"] == "ok"
    assert len(set(answer.json()["recoveryCodes"])) == 10
    assert await reads(browser) == (200, None)
    for dead in (other, house.browser(cookie=old)):
        assert await reads(dead) == (401, "authentication_required")
    again = await browser.post(f"{AUTH}/totp/setup/start")
    assert told(again) == (400, "invalid_totp_setup")


@pytest.mark.parametrize(
    ("secret", "code"), [("A" * 32, "000000"), ("A" * 31, None), ("", None), ("a" * 32, None)]
)
async def test_enrolment_takes_a_fitting_code(secret: str, code: str | None) -> None:
    house = House()
    browser = await house.with_password()
    code = code or house.code("A" * 32)
    answer = await browser.post(f"{AUTH}/totp/setup/confirm", json={"secret": secret, "code": code})
    assert told(answer) == (400, "invalid_totp_code")
    assert house.operators.login.totp_secret is None


async def test_codes_are_required_only_once_there_are_any() -> None:
    house = House()
    browser = await house.with_password()
    answer = await browser.put("/api/settings", json={"totpRequiredOnLogin": True})
    assert told(answer) == (400, "invalid_totp_config")
    assert (await browser.get("/api/settings")).json()["version"] == 1


async def test_the_code_of_the_enrolment_does_not_sign_in() -> None:
    house = House()
    _, secret, _ = await house.with_codes()
    browser = house.browser()
    await logs_in(browser)
    body = {"code": house.code(secret)}
    answer = await browser.post(f"{AUTH}/totp/verify", json=body)
    assert told(answer) == (400, "invalid_totp_code")


async def test_of_ten_who_show_one_code_at_once_one_gets_in() -> None:
    house = House()
    _, secret, _ = await house.with_codes()
    house.time.now += 30
    body = {"code": house.code(secret)}
    browsers = [house.browser(f"192.0.2.{number}") for number in range(10)]
    for browser in browsers:
        assert (await logs_in(browser)).status_code == 200
    tries = [browser.post(f"{AUTH}/totp/verify", json=body) for browser in browsers]
    statuses = [answer.status_code for answer in await asyncio.gather(*tries)]
    assert statuses.count(200) == 1
    assert sorted([(await reads(browser))[0] for browser in browsers]) == [200] + [401] * 9


async def test_a_recovery_code_stands_in_once() -> None:
    house = House()
    _, _, recovery = await house.with_codes()
    for expected in (200, 400):
        browser = house.browser()
        await logs_in(browser)
        answer = await browser.post(f"{AUTH}/totp/verify", json={"code": recovery[3].upper()})
        assert answer.status_code == expected


async def test_without_codes_the_password_is_enough_again() -> None:
    house = House()
    browser, secret, _ = await house.with_codes()
    house.time.now += 30
    old = browser.cookies[COOKIE]
    answer = await browser.post(f"{AUTH}/totp/disable", json={"code": house.code(secret)})
    assert answer.json() == {"status": "ok"}
    assert await reads(browser) == (200, None)
    assert await reads(house.browser(cookie=old)) == (401, "authentication_required")
    assert await reads(await signed_in(house)) == (200, None)
    settings = (await browser.get("/api/settings")).json()
    assert not settings["totpRequiredOnLogin"]
    assert not settings["totpConfigured"]


# -- sessions -----------------------------------------------------------------------------------


async def test_a_cookie_is_kept_from_scripts_and_other_sites() -> None:
    house = House(proxies=("192.0.2.0/24",))
    await house.with_password()
    answer = await logs_in(house.browser())
    name, *attributes = answer.headers["set-cookie"].lower().split("; ")
    assert name.startswith(f"{COOKIE}=")
    assert set(attributes) == {"httponly", "samesite=lax", "path=/", f"max-age={int(LIFE_S)}"}
    browser = house.browser()
    browser.headers["x-forwarded-proto"] = "https"
    assert "; secure" in (await logs_in(browser)).headers["set-cookie"].lower()


async def test_every_login_has_a_cookie_of_its_own_and_ends_the_one_before() -> None:
    house = House()
    browser = await house.with_password()
    first = browser.cookies[COOKIE]
    await logs_in(browser)
    assert browser.cookies[COOKIE] != first
    assert await reads(house.browser(cookie=first)) == (401, "authentication_required")
    assert await reads(house.browser(cookie=first[:-1])) == (401, "authentication_required")


async def test_a_session_dies_at_logout() -> None:
    house = House()
    browser = await house.with_password()
    cookie, other = browser.cookies[COOKIE], await signed_in(house)
    assert (await browser.post(f"{AUTH}/logout")).json() == {"status": "ok"}
    assert COOKIE not in browser.cookies
    assert await reads(house.browser(cookie=cookie)) == (401, "authentication_required")
    assert await reads(other) == (200, None)


async def test_every_session_dies_at_a_change_of_password_but_the_browser_stays_in() -> None:
    house = House()
    browser, other = await house.with_password(), await signed_in(house)
    cookie = browser.cookies[COOKIE]
    body = {"currentPassword": PASSWORD, "newPassword": "battery staple"}
    answer = await browser.post(f"{AUTH}/password/change", json=body)
    assert answer.json() == {"status": "ok"}
    for dead in (other, house.browser(cookie=cookie)):
        assert await reads(dead) == (401, "authentication_required")
    assert await reads(browser) == (200, None)
    assert (await logs_in(house.browser())).status_code == 401
    assert (await logs_in(house.browser(), "battery staple")).status_code == 200


async def test_without_the_password_every_session_and_the_codes_are_gone(
    log_lines: list[Any],
) -> None:
    house = House()
    browser, _, _ = await house.with_codes()
    answer = await browser.request("DELETE", f"{AUTH}/password", json={"password": PASSWORD})
    assert answer.json() == {"status": "ok"}
    assert house.operators.open == {}
    state = (await house.browser("127.0.0.1").get(f"{AUTH}/session")).json()
    assert (state["authenticated"], state["totpConfigured"]) == (True, False)
    assert state["bootstrapTokenConfigured"]
    assert log_lines


async def test_sessions_are_listed_and_ended_one_by_one() -> None:
    house = House()
    mine, other = await house.with_password(), await signed_in(house)
    listed = (await mine.get(f"{AUTH}/sessions")).json()
    assert sorted((one["ipAddress"], one["isCurrent"]) for one in listed) == [
        ("127.0.0.1", True),
        (REMOTE, False),
    ]
    (theirs,) = [one["id"] for one in listed if not one["isCurrent"]]
    assert mine.cookies[COOKIE] not in str(listed)
    stranger = house.browser()
    assert told(await stranger.delete(f"{AUTH}/sessions/{theirs}"))[0] == 401
    assert told(await stranger.get(f"{AUTH}/sessions"))[0] == 401
    assert (await mine.delete(f"{AUTH}/sessions/{theirs}")).status_code == 200
    assert await reads(other) == (401, "authentication_required")
    assert told(await mine.delete(f"{AUTH}/sessions/{theirs}")) == (404, "session_not_found")


async def test_a_session_in_use_lives_on_and_an_idle_one_ends() -> None:
    house = House()
    browser, idle = await house.with_password(), await signed_in(house)
    house.time.now += IDLE_S - 1
    assert await reads(browser) == (200, None)
    house.time.now += 2
    assert await reads(browser) == (200, None)
    assert await reads(idle) == (401, "authentication_required")


async def test_what_another_process_ends_is_over_within_a_second() -> None:
    house = House()
    browser = await house.with_password()
    assert await reads(browser) == (200, None)
    house.operators.open.clear()
    house.time.now += 1
    assert await reads(browser) == (401, "authentication_required")


async def test_while_the_database_is_gone_nobody_new_is_let_in() -> None:
    house = House()
    browser = await house.with_password()
    house.operators.broken = StoreError("gone")
    house.time.now += 1
    assert await reads(browser) == (503, "store_unavailable")


# -- guessing -----------------------------------------------------------------------------------


async def guess(house: House, count: int, **headers: str) -> list[int]:
    """The statuses of as many wrong passwords, one after the other."""
    browser = house.browser("127.0.0.1")
    browser.headers["host"] = "127.0.0.1"
    statuses = []
    for number in range(count):
        for name, value in headers.items():
            browser.headers[name.replace("_", "-")] = value.format(number)
        statuses.append((await logs_in(browser, "wrong horse")).status_code)
    return statuses


async def test_guesses_are_few_whatever_the_headers_say() -> None:
    for headers in ({}, {"x_forwarded_for": "8.8.8.{}"}, {"forwarded": "for=8.8.8.{}"}):
        house = House()
        await house.with_password()
        assert (await guess(house, 25, **headers)).count(401) == 5


async def test_a_named_proxys_callers_are_counted_each_and_together() -> None:
    house = House(proxies=("127.0.0.1",))
    await house.with_password()
    assert (await guess(house, 25, x_forwarded_for="8.8.8.{}")).count(401) == 8


async def test_guesses_at_once_are_no_more() -> None:
    house = House()
    await house.with_password()
    tries = [logs_in(house.browser(), "wrong horse") for _ in range(40)]
    answers = await asyncio.gather(*tries)
    assert [answer.status_code for answer in answers].count(401) == 5
    late = next(answer for answer in answers if answer.status_code == 429)
    assert told(late) == (429, "password_rate_limited")
    assert int(late.headers["retry-after"]) == 15


async def shows(house: House, token: str, peer: str = REMOTE) -> tuple[int, str | None]:
    browser = house.browser(peer)
    browser.headers["authorization"] = f"Bearer {token}"
    return told(await browser.get("/api/accounts"))


async def test_guesses_at_the_admin_token_are_as_few() -> None:
    house = House(token="right")
    seen = [await shows(house, "wrong") for _ in range(9)]
    assert seen == [(401, "invalid_admin_token")] * 5 + [(429, "token_rate_limited")] * 4
    assert await shows(house, "right") == (429, "token_rate_limited"), "not even looked at"
    house.time.now += 15
    assert await shows(house, "right") == (200, None)


async def test_who_has_shown_the_token_is_not_locked_out_by_guesses_elsewhere() -> None:
    house = House(token="right")
    assert await shows(house, "right", "192.0.2.1") == (200, None)
    guesses = [await shows(house, "wrong", f"198.51.100.{n}") for n in range(20)]
    assert guesses.count((401, "invalid_admin_token")) == 8
    assert await shows(house, "right", "192.0.2.1") == (200, None)


async def test_signing_in_does_not_tell_whether_a_token_is_right() -> None:
    house = House(token="right")
    browser = house.browser()
    browser.headers["authorization"] = "Bearer wrong"
    answers = [await browser.get(f"{AUTH}/session") for _ in range(9)]
    assert {(a.status_code, a.json()["authenticated"]) for a in answers} == {(200, False)}
    browser.headers["authorization"] = "Bearer right"
    assert (await browser.get(f"{AUTH}/session")).json()["authenticated"] is False


async def test_nobody_resets_the_password_over_the_network() -> None:
    house = House()
    browser = await house.with_password()
    for asker in (browser, house.browser("127.0.0.1")):
        answer = await asker.post(f"{AUTH}/password/reset", json={"password": "battery staple"})
        assert answer.status_code == 401
    assert (await logs_in(browser)).status_code == 200


async def test_a_known_session_is_not_locked_out_by_guesses_elsewhere() -> None:
    house = House()
    browser = await house.with_password()
    await guess(house, 25)
    body = {"currentPassword": PASSWORD, "newPassword": "battery staple"}
    assert (await browser.post(f"{AUTH}/password/change", json=body)).status_code == 200
    assert told(await logs_in(house.browser("127.0.0.1"))) == (429, "password_rate_limited")


async def test_a_session_guesses_no_faster_than_others() -> None:
    house = House()
    browser = await house.with_password()
    body = {"currentPassword": "wrong horse", "newPassword": "battery staple"}
    answers = [await browser.post(f"{AUTH}/password/change", json=body) for _ in range(9)]
    assert [answer.status_code for answer in answers] == [401] * 5 + [429] * 4


async def test_whoever_has_the_password_does_not_guess_codes_faster() -> None:
    house = House()
    await house.with_codes()
    house.time.now += 30
    browser, statuses = house.browser(), []
    for _ in range(20):
        await logs_in(browser)
        answer = await browser.post(f"{AUTH}/totp/verify", json={"code": "000000"})
        statuses.append(answer.status_code)
    assert statuses.count(400) <= 8
    assert statuses[-1] == 429


async def test_the_right_password_makes_up_for_wrong_ones() -> None:
    house = House()
    await house.with_password()
    for _ in range(2):
        browser = house.browser()
        assert [(await logs_in(browser, "wrong horse")).status_code for _ in range(3)] == [401] * 3
        assert (await logs_in(browser)).status_code == 200
    assert house.time.now == NOW
