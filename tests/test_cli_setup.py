"""`codex-lb setup` at the files of a user, against a service that answers one thing."""

import json
import resource
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import chdir, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from codex_lb.cli import main

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    """Runs a command with a home of its own; nothing listens at its address."""
    env = {"HOME": str(tmp_path), "CODEX_LB_PORT": "1", "CODEX_HOME": None, "XDG_CONFIG_HOME": None}
    runner = CliRunner(env=env)
    with chdir(tmp_path):
        yield lambda *arguments, **more: runner.invoke(main, ("setup", *arguments), **more)


@contextmanager
def service(status: int, document: object) -> Iterator[tuple[str, list[tuple[str, str | None]]]]:
    """Its address, and the path and key of every request."""
    seen: list[tuple[str, str | None]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append((self.path, self.headers.get("authorization")))
            self.rfile.read(int(self.headers.get("content-length") or 0))
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815  the name is the server's

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", seen
        finally:
            server.shutdown()
            thread.join()


def test_what_is_shown_can_be_piped_into_a_file(run: Run) -> None:
    shown = run("opencode", "--key-env", "MY_KEY")
    assert json.loads(shown.stdout)["model"].startswith("codex-lb/")
    assert "export MY_KEY=" in shown.stderr


def test_a_new_file_is_written_and_taken_back(run: Run, tmp_path: Path) -> None:
    path = tmp_path / ".codex" / "config.toml"
    written = run("codex", "--write")
    assert written.exit_code == 0
    assert '+model_provider = "codex-lb"' in written.stdout
    assert 'env_key = "CODEX_LB_API_KEY"' in path.read_text()
    assert "as it should be" in run("codex", "--write").stdout
    assert run("codex", "--undo").exit_code == 0
    assert not path.exists()
    assert run("codex", "--undo").exit_code == 1, "there is nothing left to undo"


def test_what_was_there_comes_back_and_nothing_is_lost(run: Run, tmp_path: Path) -> None:
    path = tmp_path / ".config" / "opencode" / "opencode.jsonc"
    path.parent.mkdir(parents=True)
    path.write_text('{\n  // mine\n  "theme": "dark"\n}\n')
    assert run("opencode", "--write").exit_code == 0
    assert run("opencode", "--write", "--url", "http://127.0.0.1:2").exit_code == 0
    assert "// mine" in path.read_text()
    assert "127.0.0.1:2/v1" in path.read_text()
    changed = path.read_text() + "// later\n"
    path.write_text(changed)
    assert run("opencode", "--undo").exit_code == 0
    assert path.read_text() == '{\n  // mine\n  "theme": "dark"\n}\n'
    kept = path.with_name("opencode.jsonc.undone")
    assert kept.read_text() == changed
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_what_cannot_be_edited_is_not_touched(run: Run, tmp_path: Path) -> None:
    path = tmp_path / ".openclaw" / "openclaw.json"
    path.parent.mkdir()
    path.write_text("{ models: 'bare' }")
    refused = run("openclaw", "--write")
    assert refused.exit_code == 1
    assert "by hand" in refused.stderr
    assert path.read_text() == "{ models: 'bare' }"
    assert list(path.parent.iterdir()) == [path]


def test_the_sdk_has_no_file(run: Run) -> None:
    assert "OpenAI(" in run("sdk").stdout
    assert run("sdk", "--write").exit_code == 2


def test_a_good_answer_is_told(run: Run) -> None:
    with service(200, {"id": "resp_1", "data": [{"id": "gpt-9"}]}) as (url, seen):
        told = run("sdk", "--check", "--url", f"{url}/", env={"CODEX_LB_API_KEY": "sk-clb-x"})
    assert told.exit_code == 0
    assert told.stdout == f"It works: gpt-9 answered at {url}/v1.\n"
    assert seen == [("/v1/models", "Bearer sk-clb-x"), ("/v1/responses", "Bearer sk-clb-x")]


def test_a_bad_answer_is_told_in_words(run: Run) -> None:
    error = {"code": "no_accounts", "type": "server_error", "message": "There is none."}
    with service(503, {"error": error}) as (url, _):
        told = run("opencode", "--check", "--url", url)
    assert told.exit_code == 1
    assert "no account that can serve. There is none." in told.stderr
    assert "does not point at" in told.stderr
    assert "CODEX_LB_API_KEY is not set" in told.stderr


def test_silence_is_told(run: Run) -> None:
    told = run("sdk", "--check")
    assert told.exit_code == 1
    assert "Nothing answers at http://127.0.0.1:1" in told.stderr


@pytest.mark.parametrize(
    "url", ["ftp://x", "http://[x", "http://x:99999", "http://a..b", "http://x/ä"]
)
def test_an_address_must_be_one(run: Run, url: str) -> None:
    told = run("sdk", "--check", "--url", url)
    assert told.exit_code == 2
    assert "is no http address" in told.stderr


@pytest.mark.parametrize("key", ["sk-clb-x\n", "sk-clb-…"])
def test_a_key_that_no_header_takes_is_told_without_showing_it(run: Run, key: str) -> None:
    told = run("sdk", "--check", env={"CODEX_LB_API_KEY": key})
    assert told.exit_code == 2
    assert "CODEX_LB_API_KEY holds no API key" in told.stderr
    assert "sk-clb" not in told.output


def test_a_folder_that_cannot_be_made_is_told(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    told = run("codex", "--write", env={"CODEX_HOME": str(tmp_path / "file")})
    assert told.exit_code == 1
    assert "cannot be changed" in told.stderr


def test_a_full_disk_does_not_cost_the_old_file(run: Run, tmp_path: Path) -> None:
    path = tmp_path / ".codex" / "config.toml"
    path.parent.mkdir()
    path.write_text('model = "mine"\n')
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64, limits[1]))  # bytes; room for the copy only
    try:
        told = run("codex", "--write")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert told.exit_code == 1
    assert "cannot be changed" in told.stderr
    assert path.read_text() == 'model = "mine"\n'


def test_a_linked_file_stays_linked_and_keeps_its_mode(run: Run, tmp_path: Path) -> None:
    real = tmp_path / "dotfiles.toml"
    real.touch(mode=0o640)
    path = tmp_path / ".codex" / "config.toml"
    path.parent.mkdir()
    path.symlink_to(real)
    assert run("codex", "--write").exit_code == 0
    assert path.is_symlink()
    assert "codex-lb" in real.read_text()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
