"""The command line as an operator uses it: with a server that runs, and without one."""

import asyncio
import base64
import json
import logging
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import chdir, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import structlog
from click.testing import CliRunner, Result

from codex_lb import __version__
from codex_lb.cli import main
from codex_lb.cli_login import usual_way
from codex_lb.core.operator import Login, Session
from codex_lb.dashboard.passwords import Passwords
from codex_lb.store import Store
from codex_lb.store.operators import Step

Run = Callable[..., Result]

ALICE, BOB, CAROL = (f"{name}@example.com" for name in ("alice", "bob", "carol"))
IDS = {ALICE: "acc-1_ff8d9819", BOB: "acc-2_5ff860bf", CAROL: "acc-1_e0d47ca1"}
ACCOUNT_OF = {ALICE: "acc-1", BOB: "acc-2", CAROL: "acc-1"}


def auth_file(folder: Path, email: str, refresh: str = "rt_s3cr3t") -> str:
    claims = json.dumps({"email": email, "chatgpt_plan_type": "plus"}).encode()
    payload = base64.urlsafe_b64encode(claims).rstrip(b"=").decode()
    tokens = {
        "id_token": f"eyJ.{payload}.s3cr3t",
        "access_token": "at_s3cr3t",
        "refresh_token": refresh,
        "account_id": ACCOUNT_OF[email],
    }
    path = folder / f"{email}.json"
    path.write_text(json.dumps({"tokens": tokens}))
    return str(path)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    """Runs a command with a data directory of its own, and a port on which nothing listens."""
    runner = CliRunner(env={"CODEX_LB_DATA_DIR": str(tmp_path / "data"), "CODEX_LB_PORT": "1"})
    with chdir(tmp_path), logging_restored():
        yield lambda *arguments, **more: runner.invoke(main, arguments, **more)


@contextmanager
def logging_restored() -> Iterator[None]:
    """A command sets up the process's logging, which others here share."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    try:
        yield
    finally:
        root.handlers, root.level = handlers, level
        structlog.reset_defaults()


@pytest.fixture
def pool(run: Run, tmp_path: Path) -> Run:
    """Three accounts are in the pool."""
    files = [auth_file(tmp_path, email) for email in (ALICE, BOB, CAROL)]
    assert run("accounts", "import", *files).exit_code == 0
    return run


def listed(run: Run) -> dict[str, str]:
    """Status by id."""
    told = json.loads(run("accounts", "list", "--json").stdout)
    return {account["accountId"]: account["status"] for account in told["accounts"]}


def test_version(run: Run) -> None:
    assert run("--version").stdout == f"codex-lb, version {__version__}\n"


def test_an_empty_pool_says_how_to_begin(run: Run) -> None:
    result = run("accounts", "list")
    assert result.exit_code == 0
    assert "codex-lb accounts login" in result.stdout
    assert json.loads(run("accounts", "list", "--json").stdout) == {"accounts": []}


def test_files_become_accounts_and_later_sign_in_anew(run: Run, tmp_path: Path) -> None:
    alice, bob = auth_file(tmp_path, ALICE), auth_file(tmp_path, BOB)
    assert run("accounts", "import", alice).stdout == f"{ALICE} (plus) added as {IDS[ALICE]}\n"
    result = run("accounts", "import", alice, bob, bob)
    assert result.stdout.splitlines() == [
        f"{ALICE} (plus) signed in anew as {IDS[ALICE]}",
        f"{BOB} (plus) added as {IDS[BOB]}",
        f"{BOB} (plus) signed in anew as {IDS[BOB]}",
    ]
    assert listed(run) == {IDS[ALICE]: "active", IDS[BOB]: "active"}


def test_a_file_may_come_from_standard_input(run: Run, tmp_path: Path) -> None:
    document = Path(auth_file(tmp_path, ALICE)).read_text()
    assert run("accounts", "import", "-", input=document).exit_code == 0
    assert listed(run) == {IDS[ALICE]: "active"}


def test_a_bad_file_is_named_and_the_others_go_in(run: Run, tmp_path: Path) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text('{"tokens": {"id_token": "s3cr3t"}}')
    result = run("accounts", "import", str(bad), auth_file(tmp_path, ALICE))
    assert result.exit_code == 1
    assert result.stderr == f"{bad}: tokens.access_token is missing.\n"
    assert listed(run) == {IDS[ALICE]: "active"}


def test_a_dry_run_says_what_would_become_of_each_file(run: Run, tmp_path: Path) -> None:
    alice, bob = auth_file(tmp_path, ALICE), auth_file(tmp_path, BOB)
    bad = tmp_path / "bad.json"
    bad.write_text('{"tokens": {"id_token": "s3cr3t"}}')
    run("accounts", "import", alice)
    result = run("accounts", "import", "--dry-run", alice, str(bad), bob)
    assert result.stdout.splitlines() == [
        f"{alice}: {ALICE} (plus) would be signed in anew.",
        f"{bob}: {BOB} (plus) would be added.",
    ]
    assert result.stderr == f"{bad}: tokens.access_token is missing.\n"
    assert result.exit_code == 1
    assert listed(run) == {IDS[ALICE]: "active"}
    assert run("accounts", "import", "--dry-run", bob).exit_code == 0


def test_a_sign_in_is_taken_out_and_may_be_put_in_again(pool: Run) -> None:
    exported = pool("accounts", "export", ALICE)
    assert exported.exit_code == 0
    assert "in one place only" in exported.stderr
    document = json.loads(exported.stdout)
    assert document["tokens"]["refresh_token"] == "rt_s3cr3t"
    again = pool("accounts", "import", "-", input=exported.stdout)
    assert again.stdout == f"{ALICE} (plus) signed in anew as {IDS[ALICE]}\n"
    for_opencode = json.loads(pool("accounts", "export", ALICE, "--format", "opencode").stdout)
    assert for_opencode["openai"]["refresh"] == "rt_s3cr3t"


@pytest.mark.parametrize(
    ("environ", "platform", "expected"),
    [
        pytest.param({"DISPLAY": ":0"}, "linux", "browser", id="a Linux desktop"),
        pytest.param({"WAYLAND_DISPLAY": "wayland-0"}, "linux", "browser", id="a newer one"),
        pytest.param({}, "linux", "device", id="a server"),
        pytest.param({}, "darwin", "browser", id="a Mac"),
        pytest.param({}, "win32", "browser", id="Windows"),
        pytest.param({"SSH_CONNECTION": "a"}, "darwin", "device", id="a Mac from afar"),
        pytest.param({"DISPLAY": ":10", "SSH_TTY": "b"}, "linux", "device", id="forwarded X"),
    ],
)
def test_the_usual_way_to_sign_in(environ: dict[str, str], platform: str, expected: str) -> None:
    assert usual_way(environ, platform) == expected


def test_a_login_host_that_cannot_be_reached_is_a_sentence(run: Run) -> None:
    env = {"CODEX_LB_AUTH_BASE_URL": "http://127.0.0.1:1"}
    result = run("accounts", "login", "--device", env=env)
    assert result.exit_code == 1
    assert "The login host gives no device code" in result.stderr
    assert "Traceback" not in result.output


def test_a_file_too_large_is_refused(run: Run, tmp_path: Path) -> None:
    large = tmp_path / "large.json"
    large.write_bytes(b" " * 3_000_000)
    result = run("accounts", "import", str(large))
    assert result.exit_code == 1
    assert "larger than 1024 KiB" in result.stderr


def test_the_list_has_a_line_per_account(pool: Run) -> None:
    lines = pool("accounts", "list").stdout.splitlines()
    assert lines[0].split() == [
        "STATUS",
        "E-MAIL",
        "PLAN",
        "5",
        "H",
        "LEFT",
        "WEEK",
        "LEFT",
        "REQUESTS",
        "ID",
    ]
    assert [line.split() for line in lines[1::2]] == [
        ["active", email, "plus", "?", "?", "0", IDS[email]] for email in (ALICE, BOB, CAROL)
    ]
    assert all(line.startswith("  signed in, last refreshed ") for line in lines[2::2])


@pytest.mark.parametrize(
    ("word", "found"),
    [
        pytest.param(IDS[ALICE], ALICE, id="an id"),
        pytest.param("acc-2", BOB, id="the beginning of one"),
        pytest.param("Carol@example.com", CAROL, id="an e-mail address, whatever its case"),
    ],
)
def test_an_account_is_found_by(pool: Run, word: str, found: str) -> None:
    result = pool("accounts", "pause", word)
    assert (result.exit_code, result.stdout) == (0, f"{found} paused\n")
    assert [id_ for id_, status in listed(pool).items() if status == "paused"] == [IDS[found]]


@pytest.mark.parametrize(
    ("word", "said"),
    [
        pytest.param("acc-1", f"may mean any of {IDS[ALICE]}, {IDS[CAROL]}", id="two begin so"),
        pytest.param("dave@example.com", "No account is called", id="nobody"),
        pytest.param("", "No account is called", id="nothing"),
    ],
)
def test_a_word_that_means_no_single_account_changes_nothing(
    pool: Run, word: str, said: str
) -> None:
    result = pool("accounts", "remove", word)
    assert result.exit_code == 1
    assert said in result.stderr
    assert len(listed(pool)) == 3


def test_an_account_is_paused_resumed_and_removed(pool: Run) -> None:
    assert pool("accounts", "pause", ALICE).exit_code == 0
    assert listed(pool)[IDS[ALICE]] == "paused"
    assert pool("accounts", "resume", ALICE).stdout == f"{ALICE} resumed\n"
    assert listed(pool)[IDS[ALICE]] == "active"
    assert pool("accounts", "remove", ALICE, "--delete-history").stdout == f"{ALICE} removed\n"
    assert IDS[ALICE] not in listed(pool)


def test_no_token_is_shown(run: Run, tmp_path: Path) -> None:
    alice = auth_file(tmp_path, ALICE)
    results = [run("accounts", "import", alice), run("accounts", "list", "--json")]
    results.append(run("accounts", "import", auth_file(tmp_path, ALICE, refresh="s3cr3t\n")))
    assert [result.exit_code for result in results] == [0, 0, 1]
    assert "s3cr3t" not in "".join(result.output for result in results)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        pytest.param(["accounts", "import"], 2, "Missing argument", id="no file"),
        pytest.param(["accounts", "import", "none.json"], 2, "does not exist", id="a missing file"),
        pytest.param(["acounts"], 2, "No such command", id="a mistyped command"),
        pytest.param(["--port", "70000"], 2, "is not in the range", id="a port that is none"),
    ],
)
def test_wrong_usage(run: Run, arguments: list[str], code: int, said: str) -> None:
    result = run(*arguments)
    assert result.exit_code == code
    assert said in result.stderr


def test_a_wrong_setting_is_a_sentence(run: Run) -> None:
    result = run("accounts", "list", env={"CODEX_LB_LOG_FORMAT": "xml"})
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: CODEX_LB_LOG_FORMAT='xml' is not usable")


def test_a_mistyped_setting_is_warned_of(run: Run) -> None:
    result = run("accounts", "list", env={"CODEX_LB_LOG_FORMATS": "json"})
    assert result.exit_code == 0
    assert "did you mean CODEX_LB_LOG_FORMAT?" in result.stderr


def test_a_broken_store_is_a_sentence(pool: Run, tmp_path: Path) -> None:
    (tmp_path / "data" / "encryption.key").unlink()
    for arguments in (["accounts", "list"], ["serve"]):
        result = pool(*arguments)
        assert result.exit_code == 1
        assert "is missing" in result.stderr
        assert "Traceback" not in result.output


@pytest.mark.parametrize("command", [[], ["serve"], ["demo"]], ids=["alone", "serve", "demo"])
def test_a_port_that_is_taken_is_a_sentence(run: Run, command: list[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = run("--port", str(port), *command)
    assert result.exit_code == 1
    assert f"Error: Cannot serve on 127.0.0.1:{port}: " in result.stderr
    assert "in use" in result.stderr
    assert "Traceback" not in result.output


class _Server(BaseHTTPRequestHandler):
    """Answers as `answers` says, by method and path, and remembers what it was asked."""

    answers: dict[str, tuple[int, object]]
    asked: list[tuple[str, bytes]]
    version: str | None = "9.9"

    def do_GET(self) -> None:
        length = int(self.headers.get("content-length", "0"))
        question = f"{self.command} {self.path}"
        self.asked.append((question, self.rfile.read(length)))
        status, document = self.answers[question]
        body = json.dumps(document).encode()
        self.send_response(status)
        if self.version:
            self.send_header("x-app-version", self.version)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_DELETE = do_GET  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def serving(handler: type[_Server]) -> Iterator[str]:
    """The port of a server that runs meanwhile."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield str(server.server_port)
        finally:
            server.shutdown()
            thread.join()


LIMITED = {
    "accountId": IDS[ALICE],
    "email": ALICE,
    "alias": None,
    "planType": "plus",
    "status": "rate_limited",
    "usage": {"primaryRemainingPercent": 0.4, "secondaryRemainingPercent": 60.0},
    "requestUsage": {"requestCount": 7},
    "loginText": "signed in",
}


@pytest.fixture
def server() -> type[_Server]:
    class Server(_Server):
        answers = {"GET /api/accounts": (200, {"accounts": [LIMITED]})}  # noqa: RUF012  per test
        asked = []  # noqa: RUF012  likewise

    return Server


def test_an_account_gets_a_name_and_goes_by_it(pool: Run) -> None:
    named = pool("accounts", "alias", BOB, "work")
    ordered = pool("accounts", "priority", "work", "preserve")
    assert (named.exit_code, ordered.exit_code) == (0, 0)
    (bob,) = (
        account
        for account in json.loads(pool("accounts", "list", "--json").stdout)["accounts"]
        if account["accountId"] == IDS[BOB]
    )
    assert (bob["displayName"], bob["routingPolicy"]) == ("work", "preserve")
    assert pool("accounts", "alias", "work").exit_code == 0
    assert pool("accounts", "pause", "work").exit_code == 1


def test_the_status_of_a_pool_without_a_server(pool: Run) -> None:
    shown = pool("status")
    assert shown.exit_code == 0
    assert shown.stdout.splitlines()[:2] == [
        "3 of 3 accounts can serve; weekly quota 100 % left.",
        "No server runs; this is what the data directory knows.",
    ]
    told = json.loads(pool("status", "--json").stdout)
    assert (told["canServe"], told["readyAccounts"], told["source"]) == (True, 3, "store")


def test_the_status_of_a_pool_that_cannot_serve(run: Run) -> None:
    shown, told = run("status"), run("status", "--json")
    assert (shown.exit_code, told.exit_code) == (1, 1)
    assert "codex-lb accounts login" in shown.stdout
    assert json.loads(told.stdout)["canServe"] is False


def test_a_running_server_is_asked_instead(run: Run, server: type[_Server], tmp_path: Path) -> None:
    path = f"/api/accounts/{IDS[ALICE]}"
    server.answers["POST /api/accounts/import"] = (200, LIMITED)
    server.answers[f"POST {path}/reactivate"] = (409, {"error": {"code": "x", "message": "No."}})
    server.answers[f"DELETE {path}?delete_history=false"] = (200, {"status": "deleted"})
    with serving(server) as port:
        shown = run("--port", port, "accounts", "list")
        added = run("--port", port, "accounts", "import", auth_file(tmp_path, ALICE))
        refused = run("--port", port, "accounts", "resume", "acc-1")
        removed = run("--port", port, "accounts", "remove", ALICE)
    assert shown.stdout.splitlines()[1].split() == [
        "rate_limited",
        ALICE,
        "plus",
        "0",
        "%",
        "60",
        "%",
        "7",
        IDS[ALICE],
    ]
    assert added.stdout == f"{ALICE} (plus) signed in anew as {IDS[ALICE]}\n"
    assert (refused.exit_code, refused.stderr) == (1, "Error: No.\n")
    assert removed.stdout == f"{ALICE} removed\n"
    uploads = [body for question, body in server.asked if question.endswith("import")]
    assert [b"rt_s3cr3t" in body for body in uploads] == [True]
    assert not (tmp_path / "data").exists()


def test_a_running_server_is_shown_the_admin_token(run: Run, server: type[_Server]) -> None:
    seen: list[str | None] = []

    class Watched(_Server):
        answers, asked = server.answers, server.asked

        def do_GET(self) -> None:
            seen.append(self.headers["authorization"])
            super().do_GET()

    with serving(Watched) as port:
        run("--port", port, "accounts", "list", env={"CODEX_LB_ADMIN_API_TOKEN": "adm1n"})
        run("--port", port, "accounts", "list")
    assert seen == ["Bearer adm1n", None]


def test_whoever_can_open_the_store_needs_no_password(pool: Run, tmp_path: Path) -> None:
    async def lock() -> None:
        data = tmp_path / "data"
        store = await Store.open(None, data, data / "encryption.key", clock=lambda: 0.0)
        await store.operators.act(lambda _: Step(Login("hash")))
        await store.close()

    asyncio.run(lock())
    assert set(listed(pool)) == set(IDS.values())


def test_a_lost_password_is_replaced_by_who_has_the_data_directory(
    run: Run, tmp_path: Path
) -> None:
    data = tmp_path / "data"

    async def with_store(work: Callable[[Store], Awaitable[Any]]) -> Any:
        store = await Store.open(None, data, data / "encryption.key", clock=lambda: 0.0)
        try:
            return await work(store)
        finally:
            await store.close()

    lost = Step(Login("lost", "S" * 32), opens=Session("cookie's hash", 0.0, 0.0, owes_code=True))
    asyncio.run(with_store(lambda store: store.operators.act(lambda _: lost)))

    result = run("operator", "reset-password", input="battery staple\n" * 2)

    assert result.exit_code == 0, result.output
    login, sessions = asyncio.run(with_store(lambda store: store.operators.state(1.0)))
    assert asyncio.run(Passwords().matches(login.password_hash, "battery staple"))
    assert (login.totp_secret, sessions) == (None, [])
    (entry,) = asyncio.run(with_store(lambda store: store.operators.notes(limit=9)))
    assert (entry.entry.action, entry.entry.actor) == ("reset_password", "command line")
    assert "battery" not in result.output


def test_a_password_that_is_none_is_not_set(run: Run) -> None:
    result = run("operator", "reset-password", input="short\n" * 2)
    assert result.exit_code == 1
    assert "at least 8 characters" in result.stderr


def test_another_program_on_the_port_is_not_taken_for_ours(run: Run, server: type[_Server]) -> None:
    server.version = None
    with serving(server) as port:
        result = run("--port", port, "accounts", "list")
    assert result.exit_code == 1
    assert "is another program" in result.stderr
