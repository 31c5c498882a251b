"""Codex CLI as a person runs it: `codex exec`, with its own home, against a given service."""

import asyncio
import json
import os
import signal
from dataclasses import dataclass
from pathlib import Path

from tests.journeys.service import REPOSITORY, Service

from codex_lb.simulator import SimAccount

PROGRAM = REPOSITORY / "tests/clients/node_modules/.bin/codex"
_LIMIT_S = 60.0
_NOBODY = "http://127.0.0.1:9"  # the discard port: whatever leaves loopback fails at once

_CONFIG = """\
model = "{model}"
model_provider = "pool"
model_auto_compact_token_limit = {compact_at}
chatgpt_base_url = "{chatgpt}"
cli_auth_credentials_store = "file"

[model_providers.pool]
name = "{name}"
base_url = "{service}/backend-api/codex"
wire_api = "responses"
{login}

[analytics]
enabled = false
"""


@dataclass(frozen=True, slots=True)
class Run:
    """What a person saw. Codex prints the answer to `answer` and its progress to `shown`."""

    exit_code: int
    answer: str
    shown: str

    @property
    def is_undisturbed(self) -> bool:
        """It worked, and nothing told of trouble with the answer.

        Codex's own calls beside it (plugins, MCP) may print errors: they go past the pool.
        """
        trouble = ("Reconnecting", "Falling back", "stream disconnected", "retry", "usage limit")
        return self.exit_code == 0 and not any(word in self.shown for word in trouble)


def with_key(service: Service, home: Path, *, model: str = "gpt-5.5") -> Path:
    """A home whose configuration names an API key in the environment."""
    return _write(service, home, model, "codex-lb", 'env_key = "POOL_API_KEY"', _NOBODY)


def compacting(service: Service, home: Path, *, at_tokens: int) -> Path:
    """The same under the name by which Codex leaves compaction to upstream."""
    login = 'env_key = "POOL_API_KEY"'
    return _write(service, home, "gpt-5.5", "OpenAI", login, _NOBODY, at_tokens)


def with_socket(
    service: Service, home: Path, *, model: str = "gpt-5.5", compact_at: int = 200_000
) -> Path:
    """The same over a WebSocket."""
    login = 'env_key = "POOL_API_KEY"\nsupports_websockets = true'
    return _write(service, home, model, "codex-lb", login, _NOBODY, compact_at)


def with_login(service: Service, home: Path, own: SimAccount, *, model: str = "gpt-5.5") -> Path:
    """A home that is signed in to ChatGPT with `own`, an account outside the pool."""
    _write(service, home, model, "openai", "requires_openai_auth = true", service.sim.base_url)
    (home / "auth.json").write_text(json.dumps(own.auth_json()))
    return home


async def run(home: Path, prompt: str, *command: str) -> Run:
    """One `codex exec` from start to end. `command`: of exec, such as resume."""
    assert PROGRAM.exists(), "run `make test` once, or `npm --prefix tests/clients ci`"
    workspace = home / "workspace"
    workspace.mkdir(exist_ok=True)
    answer, shown = home / "answer.txt", home / "shown.txt"
    with answer.open("wb") as out, shown.open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            PROGRAM,
            *("exec", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox"),
            *("--color", "never", *command, prompt),
            cwd=workspace,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(home),
                "CODEX_HOME": str(home),
                "LANG": "C.UTF-8",
                "POOL_API_KEY": "sk-unused",
                "HTTPS_PROXY": _NOBODY,
                "HTTP_PROXY": _NOBODY,
                "NO_PROXY": "127.0.0.1",
            },
            stdin=asyncio.subprocess.DEVNULL,
            stdout=out,
            stderr=log,
            start_new_session=True,  # so that what it starts can be ended with it
        )
    try:
        async with asyncio.timeout(_LIMIT_S):
            exit_code = await process.wait()
    except TimeoutError:
        raise AssertionError(f"Codex did not end; it said: {shown.read_text()}") from None
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    return Run(exit_code, answer.read_text(), shown.read_text(errors="replace"))


def _write(
    service: Service, home: Path, model: str, name: str, login: str, chatgpt: str,
    compact_at: int = 200_000,
) -> Path:  # fmt: skip
    home.mkdir(exist_ok=True)
    text = _CONFIG.format(
        model=model, name=name, login=login, service=service.url, chatgpt=chatgpt,
        compact_at=compact_at,
    )  # fmt: skip
    (home / "config.toml").write_text(text)
    return home
