"""Serve Codex's other transport: one WebSocket, turn after turn, each an exchange of its own.

Upstream's socket is opened before the client's handshake is answered, by an exchange like any other:
accounts are tried in turn, the client gets upstream's headers, and what cannot be served is refused as
HTTP. Then every `response.create` frame is one exchange (`proxy/serving.py`), one at a time.
`core/turns.py` decides what is special about it.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from http import HTTPStatus

from codex_lb import asgi
from codex_lb.asgi import ClientGoneError, Message, Upgrade
from codex_lb.core import answers, events, frames, sse, turns, upgrade
from codex_lb.core.answers import Answer
from codex_lb.core.keys import ApiKey
from codex_lb.core.raw_fields import BadRequestError
from codex_lb.core.responses import Call
from codex_lb.proxy import downstream, forms
from codex_lb.proxy.asked import Asked
from codex_lb.proxy.client_socket import ClientSocket
from codex_lb.proxy.downstream import Downstream, ShutdownError
from codex_lb.proxy.links import HandshakeLine, Link, TurnLine
from codex_lb.proxy.parts import Parts
from codex_lb.proxy.serving import Serving

_NO_CALL = Call(b"", "", stream=False)
_NOT_A_TURN = f"A frame must be text, a JSON object whose 'type' is {turns.CREATE}."


class Sockets:
    """`admit` says who the caller is, each time anew; `new_id` names a turn."""

    def __init__(
        self,
        serving: Serving,
        parts: Parts,
        admit: Callable[[Asked], ApiKey | Answer | None],
        new_id: Callable[[], str],
        *,
        max_frame_mb: int,
    ) -> None:
        self._serving = serving
        self._parts = parts
        self._admit = admit
        self._new_id = new_id
        self._max_bytes = max_frame_mb * 2**20

    async def serve(self, asked: Asked) -> None:
        complaint = upgrade.complaint(asked.headers)
        if complaint is not None:
            return await asked.downstream().answer(answers.bad_request(BadRequestError(complaint)))
        switch = asgi.upgrade(asked.scope)
        if switch is None:
            return await asked.downstream().answer(answers.no_websocket())
        socket = ClientSocket(
            asked.dialect,
            max_bytes=self._max_bytes,
            quota=partial(self._parts.told.headers, asked.key),
        )
        link = socket.link = Link(self._parts.upstream, asked.headers, socket.aside)
        try:
            await self._open(asked, _Opening(asked, switch, socket), link)
            if socket.pipe is not None:
                with self._serving.watching(socket, asked.key):
                    await self._turns(asked, socket, link)
                await socket.closed()
        finally:
            link.drop()

    async def _open(self, asked: Asked, opening: "_Opening", link: Link) -> None:
        """Connect upstream, then answer the client."""
        await self._serving.turnstile.enter()
        key = replace(asked.key, limits=()) if asked.key else None  # each turn counts for itself
        client = replace(asked, send=opening.send).downstream(
            quota=partial(self._parts.told.headers, asked.key), is_handshake=True
        )
        await self._serving.carry_out(
            forms.HANDSHAKE,
            replace(asked, key=key),
            _NO_CALL,
            client,
            lambda _: HandshakeLine(link),
        )

    async def _turns(self, asked: Asked, socket: ClientSocket, link: Link) -> None:
        while (message := await socket.next()) is not None:
            with suppress(ClientGoneError, ShutdownError):  # the socket knows of it too
                await self._turn(replace(asked, id=self._new_id()), message, socket, link)

    async def _turn(
        self, asked: Asked, message: frames.Message, socket: ClientSocket, link: Link
    ) -> None:
        client = socket.client()
        caller = self._admit(asked)
        if isinstance(caller, Answer):
            await self._refuse(asked, client, caller)
            return socket.close(frames.POLICY)
        asked.key = caller
        call = await self._read(asked, message)
        if isinstance(call, Answer):
            return await self._refuse(asked, client, call)
        form = forms.TURN if call.generates else forms.PREWARM
        return await self._serving.carry_out(
            form,
            asked,
            call,
            client,
            lambda request: TurnLine(link, request),
            home=link.account_id,
        )

    async def _read(self, asked: Asked, message: frames.Message) -> Call | Answer:
        is_turn = message.opcode == frames.TEXT and sse.kind_of(message.data) == turns.CREATE
        if is_turn:
            return await self._serving.judge(forms.TURN, asked, message.data)
        return answers.bad_request(BadRequestError(_NOT_A_TURN))

    async def _refuse(self, asked: Asked, client: Downstream, answer: Answer) -> None:
        self._parts.on_refused(asked.path, asked.headers, asked.address, answer)
        if not client.says_as_event(answer):
            return await client.answer(answer)
        now = int(self._parts.clock())
        response = events.response_object(f"resp_{asked.id}", "", now, "failed")
        code, message = answer.event_code, answer.message
        return await client.write(
            events.failed(response, 0, frames.text, code=code, message=message)
        )


class _Opening:
    """The `send` of a handshake: what would begin a stream is the 101."""

    def __init__(self, asked: Asked, switch: Upgrade, socket: ClientSocket) -> None:
        self._asked = asked
        self._switch = switch
        self._socket = socket
        self._is_done = False

    async def send(self, message: Message) -> None:
        if self._is_done:
            return None  # nothing follows a 101
        if message["type"] != "http.response.start" or message["status"] != HTTPStatus.OK:
            return await self._asked.send(message)
        self._is_done = True
        granted = upgrade.granted(self._asked.headers)
        told = {name.decode(): value.decode("latin-1") for name, value in message["headers"]}
        passed = {n: value for n, value in told.items() if n not in downstream.STREAM_HEADERS}
        self._socket.agree(inflates="sec-websocket-extensions" in granted)
        self._socket.pipe = self._switch(granted | passed, self._socket)
        if self._socket.pipe is None:
            early = BadRequestError("A frame came before the handshake was answered.")
            await self._asked.downstream().answer(answers.bad_request(early))
        return None
