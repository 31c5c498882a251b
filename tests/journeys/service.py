"""The service as an operator runs it: a process with its own home and data directory."""

import asyncio
import json
import os
import signal
import socket
import sqlite3
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from http.cookies import Morsel
from pathlib import Path
from typing import Any

import aiohttp
from tests.journeys.disclosure import HANDED_OVER

from codex_lb.simulator import SimAccount, Simulator

JsonObject = dict[str, Any]

REPOSITORY = Path(__file__).parents[2]
_START_LIMIT_S = 30.0
_STOP_LIMIT_S = 45.0  # longer than the default drain
_ROW_LIMIT_S = 5.0  # rows are written in batches; closing one takes well under a second
_POLL_S = 0.03
_HANDED_OVER_IN = {"key", "secret", "otpauthUri", "qrSvgDataUri", "recoveryCodes"}


@dataclass(slots=True)
class Service:
    """One data directory and the process that serves it; `start` may be called again after a stop.

    Everything is asked from outside: over HTTP, and the request rows in the database file.
    """

    sim: Simulator
    folder: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    port: int = 0
    _process: asyncio.subprocess.Process | None = None

    # Life

    async def start(self) -> None:
        """Until `/health/ready` says so. Raises `RuntimeError` with the log if it never does."""
        self.port = self.port or free_port()
        with self.log_file.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "codex_lb", "serve", "--port", str(self.port)),
                cwd=self.folder,
                env=self.environment(),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            async with asyncio.timeout(_START_LIMIT_S):
                while not await self._is_ready():
                    if self._process.returncode is not None:
                        raise RuntimeError(f"ended with {self._process.returncode}:\n{self.log()}")
                    await asyncio.sleep(_POLL_S)
        except TimeoutError as error:
            await self.kill()
            raise RuntimeError(f"not ready after {_START_LIMIT_S} s:\n{self.log()}") from error

    def terminate(self) -> None:
        """SIGTERM, without waiting for the end."""
        self.process.send_signal(signal.SIGTERM)

    async def ended(self) -> int:
        """The exit code, as soon as there is one."""
        async with asyncio.timeout(_STOP_LIMIT_S):
            return await self.process.wait()

    async def stop(self) -> int:
        """SIGTERM and the exit code. A process that already ended keeps its own."""
        if self.process.returncode is None:
            self.terminate()
        try:
            return await self.ended()
        except TimeoutError:
            await self.kill()
            raise

    async def kill(self) -> None:
        """SIGKILL: what a crash or a power cut leaves behind."""
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()

    @property
    def process(self) -> asyncio.subprocess.Process:
        if self._process is None:
            raise RuntimeError("the service was never started")
        return self._process

    # Addresses and files

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def data_dir(self) -> Path:
        return self.folder / "data"

    @property
    def log_file(self) -> Path:
        return self.folder / "service.log"

    def log(self) -> str:
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def peak_memory_mb(self) -> float:
        """The highest resident memory since the start (Linux)."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) / 1024

    # The operator

    async def import_account(self, account: SimAccount) -> str:
        """Upload the account's auth.json; the id it has here."""
        form = aiohttp.FormData()
        form.add_field(
            "auth_json",
            json.dumps(account.auth_json()),
            filename="auth.json",
            content_type="application/json",
        )
        imported = await self.admin("POST", "/api/accounts/import", data=form)
        return str(imported["accountId"])

    async def accounts(self) -> dict[str, JsonObject]:
        """The list of accounts as the dashboard gets it, by id."""
        listed = await self.admin("GET", "/api/accounts")
        return {account["accountId"]: account for account in listed["accounts"]}

    async def admin(self, method: str, path: str, **more: Any) -> JsonObject:
        """One call of the operator's API, with the admin token if there is one. It must be accepted."""
        token = self.settings.get("CODEX_LB_ADMIN_API_TOKEN")
        headers = {"authorization": f"Bearer {token}"} if token else {}
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.request(method, self.url + path, **more) as reply,
        ):
            text = await reply.text()
            assert reply.ok, f"{method} {path}: {reply.status} {text}"
            answered: JsonObject = self.heard(text, reply.cookies)
            return answered

    def heard(self, answer: str, cookies: Mapping[str, Morsel[str]] | None = None) -> Any:
        """Keep what a client was answered where secrets are looked for (`disclosure.py`).

        What is handed over in it, as it may be once, is kept apart. The answer decoded, if it is JSON.
        """
        try:
            decoded = json.loads(answer)
        except ValueError:
            decoded = answer
        kept, once = decoded, [cookie.value for cookie in (cookies or {}).values()]
        if isinstance(decoded, dict):
            kept = {name: value for name, value in decoded.items() if name not in _HANDED_OVER_IN}
            for name in _HANDED_OVER_IN & decoded.keys():
                once += decoded[name] if isinstance(decoded[name], list) else [decoded[name]]
        with (self.folder / "answers").open("a") as file:
            file.write(f"{json.dumps(kept, ensure_ascii=False)}\n")
        with (self.folder / HANDED_OVER).open("a") as file:
            file.writelines(f"{secret}\n" for secret in once if secret)
        return decoded

    async def api_key(self, **wanted: Any) -> str:
        """A new API key, once it is good."""
        made = await self.admin("POST", "/api/api-keys/", json=wanted)
        await self._until("/v1/usage", 200, {"authorization": f"Bearer {made['key']}"})
        return str(made["key"])

    @asynccontextmanager
    async def keys_needed(self) -> AsyncIterator[None]:
        """Within it nobody is served without a good API key."""
        before = await self.admin("GET", "/api/settings")
        await self.admin("PUT", "/api/settings", json=before | {"apiKeyAuthEnabled": True})
        await self._until("/v1/models", 401, {})
        try:
            yield
        finally:
            await self.admin("PUT", "/api/settings", json=before)
            await self._until("/v1/models", 200, {})

    async def _until(self, path: str, status: int, headers: Mapping[str, str]) -> None:
        """What is set acts within a second."""
        async with asyncio.timeout(_ROW_LIMIT_S), aiohttp.ClientSession(headers=headers) as session:
            while True:
                async with session.get(self.url + path) as reply:
                    if reply.status == status:
                        return
                await asyncio.sleep(_POLL_S)

    # The record

    async def closed_rows(self, *, since: float, count: int) -> list[JsonObject]:
        """The request rows opened at `since` (Unix seconds) or later, once `count` are closed."""
        try:
            async with asyncio.timeout(_ROW_LIMIT_S):
                while True:
                    rows = self.rows(since=since)
                    if sum(row["status"] != "in_progress" for row in rows) >= count:
                        return rows
                    await asyncio.sleep(_POLL_S)
        except TimeoutError:
            found = self.rows(since=since)
            raise AssertionError(f"{count} closed rows expected, found {found}") from None

    def rows(self, *, since: float = 0.0) -> list[JsonObject]:
        """Request rows, oldest first, as the database file has them now."""
        address = f"file:{self.data_dir / 'store.db'}?mode=ro"
        with closing(sqlite3.connect(address, uri=True, timeout=5)) as database:
            database.row_factory = sqlite3.Row
            found = database.execute(
                "SELECT * FROM requests WHERE opened_at_ms >= ? ORDER BY opened_at_ms, rowid",
                (int(since * 1000),),
            )
            return [{**row, "attempts": json.loads(row["attempts"])} for row in found]

    def environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(REPOSITORY / "src"),
            "CODEX_LB_DATA_DIR": str(self.data_dir),
            "CODEX_LB_UPSTREAM_BASE_URL": self.sim.base_url,
            "CODEX_LB_AUTH_BASE_URL": self.sim.auth_url,
            **self.settings,
        }

    async def _is_ready(self) -> bool:
        try:
            async with (
                aiohttp.ClientSession() as session,
                session.get(f"{self.url}/health/ready") as reply,
            ):
                return reply.status == 200
        except aiohttp.ClientConnectionError:
            return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
