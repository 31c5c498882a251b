"""Ask the operator's API from the command line: at the running server, else over the store itself.

Both ways take the same requests and give the same answers, because without a server the control
plane is called within this process. Only one process may own a SQLite directory, so a server that
runs must be the one to ask.
"""

import asyncio
import json
import socket
import sys
import time
import uuid
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from codex_lb import __version__
from codex_lb.settings import Settings

if TYPE_CHECKING:  # slow to import, and not needed while a server runs
    from starlette.types import ASGIApp, Message

    from codex_lb.dashboard.flows import Flows

JsonObject = dict[str, Any]

_CONNECT_S = 2.0  # a server on this machine answers at once or not at all
_ANSWER_S = 300.0  # what moves a long history may take a while
_HERE = "127.0.0.1"
_EVERYWHERE = {"0.0.0.0": _HERE, "::": "::1", "": _HERE}  # noqa: S104  told apart, not listened on


class AdminError(Exception):
    """The API could not be asked; the message is a sentence for the operator."""


@dataclass(frozen=True, slots=True)
class Question:
    method: str
    target: str  # path and query, quoted
    auth_json: bytes | None = None  # a file to upload
    document: JsonObject | None = None  # else this is sent
    form: Mapping[str, str | bytes] | None = None  # else this; bytes are files

    def parts(self) -> tuple[dict[str, str], bytes]:
        """Headers and body."""
        if self.document is not None:
            body = json.dumps(self.document).encode()
            return {"content-type": "application/json", "content-length": str(len(body))}, body
        form = self.form if self.auth_json is None else {"auth_json": self.auth_json}
        if form is None:
            return {"content-length": "0"}, b""
        boundary = uuid.uuid4().hex
        pieces = [_part(boundary, name, value) for name, value in form.items()]
        body = b"".join([*pieces, f"--{boundary}--\r\n".encode()])
        kind = f"multipart/form-data; boundary={boundary}"
        return {"content-type": kind, "content-length": str(len(body))}, body


def _part(boundary: str, name: str, value: str | bytes) -> bytes:
    file = f'; filename="{name}"' if isinstance(value, bytes) else ""
    head = f'--{boundary}\r\ncontent-disposition: form-data; name="{name}"{file}\r\n\r\n'
    content = value if isinstance(value, bytes) else value.encode()
    return head.encode() + content + b"\r\n"


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    document: JsonObject
    content: bytes = b""  # as it came

    @property
    def ok(self) -> bool:
        return self.status == HTTPStatus.OK  # the API has no other success

    @property
    def message(self) -> str:
        """What the API says is wrong."""
        return str(self._error.get("message") or f"status {self.status}")

    @property
    def code(self) -> str | None:
        """Its name in the API; None if nothing is wrong."""
        return self._error.get("code")

    @property
    def _error(self) -> JsonObject:
        error = self.document.get("error")
        return error if isinstance(error, dict) else {}


Ask = Callable[[Question], Answer]


@contextmanager
def reach(settings: Settings) -> Iterator[Ask]:
    """A way to ask, valid within the block. It raises `AdminError`, as does this itself."""
    if is_served(settings):
        yield lambda question: _over_http(settings, question)
        return
    with without_server(settings) as ask:
        yield ask


def is_served(settings: Settings) -> bool:
    """Whether something listens where our server would."""
    try:
        socket.create_connection((_host(settings), settings.port), _CONNECT_S).close()
    except OSError:
        return False
    return True


def _host(settings: Settings) -> str:
    return _EVERYWHERE.get(settings.host, settings.host)


def _over_http(settings: Settings, question: Question) -> Answer:
    host, port = _host(settings), settings.port
    headers, body = question.parts()
    if settings.admin_api_token is not None:
        headers["authorization"] = f"Bearer {settings.admin_api_token}"
    connection = HTTPConnection(host, port, timeout=_ANSWER_S)
    try:
        connection.request(question.method, question.target, body, headers)
        reply = connection.getresponse()
        content = reply.read()
    except (OSError, HTTPException) as error:
        raise AdminError(f"The server at {host}:{port} did not answer: {error!r}") from error
    finally:
        connection.close()
    if reply.getheader("x-app-version") is None:
        raise AdminError(f"{host}:{port} is another program; is CODEX_LB_PORT right?")
    return Answer(reply.status, _object(content), content)


@contextmanager
def without_server(settings: Settings) -> Iterator[Ask]:
    """As `reach`, over the store itself in any case: nobody else may have a SQLite directory open."""
    from codex_lb import logs  # noqa: PLC0415  this and the next: only needed here, and slow
    from codex_lb.core.access import Trust  # noqa: PLC0415
    from codex_lb.dashboard.app import Ports, build  # noqa: PLC0415
    from codex_lb.dashboard.callback import CallbackListener  # noqa: PLC0415
    from codex_lb.dashboard.callers import Callers  # noqa: PLC0415
    from codex_lb.dashboard.flows import Flows  # noqa: PLC0415
    from codex_lb.dashboard.house import House  # noqa: PLC0415
    from codex_lb.dashboard.passwords import Passwords  # noqa: PLC0415
    from codex_lb.dashboard.sign_in import SignIn  # noqa: PLC0415
    from codex_lb.dashboard.stored_accounts import StoredAccounts  # noqa: PLC0415
    from codex_lb.dashboard.stored_firewall import StoredFirewall  # noqa: PLC0415
    from codex_lb.dashboard.stored_settings import StoredSettings  # noqa: PLC0415
    from codex_lb.dashboard.ui import Installation  # noqa: PLC0415
    from codex_lb.store import Store, StoreError, StoreInUseError  # noqa: PLC0415
    from codex_lb.upstream.client import UpstreamClient  # noqa: PLC0415
    from codex_lb.upstream.oauth import LoginHost  # noqa: PLC0415

    async def connect() -> UpstreamClient:
        return UpstreamClient(
            settings.upstream_base_url,
            settings.auth_base_url,
            connect_timeout_s=settings.upstream_connect_timeout_seconds,
        )

    logs.set_up("text", "warning", sys.stderr)
    clock = time.time  # noqa: TID251  where real time comes in
    with asyncio.Runner() as runner:
        try:
            store = runner.run(
                Store.open(settings.database_url, settings.data_dir, settings.key_file, clock=clock)
            )
        except StoreInUseError as error:
            where = f"{settings.host}:{settings.port}"
            raise AdminError(f"{error}. (It does not answer on {where}.)") from error
        except StoreError as error:
            raise AdminError(str(error)) from error
        try:
            accounts = StoredAccounts(store, clock)
            upstream = runner.run(connect())
            listener = CallbackListener(settings.oauth_callback_host, settings.oauth_callback_port)
            flows = Flows(LoginHost(upstream, clock), accounts, listener, clock)
            callers = Callers(store.operators, Trust((_HERE,)), None, clock)
            app = build(
                Ports(
                    accounts,
                    store,
                    StoredSettings(store),
                    store.log,
                    store.log,
                    list,
                    store.keys,
                    SignIn(callers, Passwords(), clock),
                    store.operators,
                    StoredFirewall(store),
                    flows,
                    House(store.moves, clock),
                ),
                installation=Installation(__version__),
                clock=clock,
            )
            try:
                yield lambda question: runner.run(_while_tended(flows, _within(app, question)))
            finally:
                flows.close()
                runner.run(upstream.close())
        finally:
            runner.run(store.close())


async def _while_tended(flows: "Flows", answer: Coroutine[Any, Any, Answer]) -> Answer:
    """Sign-ins go on as long as somebody asks for something."""
    async with asyncio.TaskGroup() as group:
        tending = group.create_task(flows.run())
        try:
            return await answer
        finally:
            async with flows.turn:  # a code that is being exchanged is good only once
                tending.cancel()


async def _within(app: "ASGIApp", question: Question) -> Answer:
    """Put the question to the control plane: who can open the store needs no password."""
    from codex_lb.dashboard.callers import COMMAND_LINE  # noqa: PLC0415  slow, as above

    headers, body = question.parts()
    target = urlsplit(question.target)
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "http",
        "method": question.method,
        "path": unquote(target.path),
        "raw_path": target.path.encode(),
        "query_string": target.query.encode(),
        "root_path": "",
        "client": (_HERE, 0),
        "server": (_HERE, 0),
        COMMAND_LINE: True,
        "headers": [
            (name.encode(), value.encode()) for name, value in ({"host": _HERE} | headers).items()
        ],
    }
    status, content = 0, b""

    async def receive() -> "Message":
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: "Message") -> None:
        nonlocal status, content
        status = message.get("status", status)
        content += message.get("body", b"")

    await app(scope, receive, send)
    return Answer(status, _object(content), content)


def _object(content: bytes) -> JsonObject:
    try:
        value = json.loads(content)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
