"""The paths beside the turns: what is asked there, and of which form it is."""

import re
from collections.abc import Awaitable, Callable
from functools import partial

from codex_lb.core import control, headers, transcription
from codex_lb.core.foreign_json import json_object, text
from codex_lb.core.outcome import Endpoint
from codex_lb.core.responses import Call
from codex_lb.proxy.asked import Asked
from codex_lb.proxy.plain import Body, PlainForm
from codex_lb.proxy.serving import Serving
from codex_lb.upstream import wire

Route = tuple[str, Callable[[Asked], Awaitable[None]]]  # method, what serves it

_BASE = "/backend-api"
FILES = f"{_BASE}/files"
_UPLOADED = re.compile(rf"{FILES}/([\w-]{{1,128}})/uploaded", re.ASCII)
_JSON = {"content-type": "application/json", "cache-control": "no-store"}


def _text_or_json(call: Call, body: bytes) -> Body | None:
    said = transcription.plain_text(body) if call.shape == "text" else None
    return ("text/plain; charset=utf-8", said) if said is not None else None


def _file_id(body: bytes) -> str | None:
    return text((json_object(body) or {}).get("file_id"))


TRANSCRIPTION = PlainForm(
    "transcriptions", "POST", wire.TRANSCRIBE_PATH,
    lambda body, _dialect, sent: transcription.read(body, sent.get("content-type", "")),
    headers=headers.transcription, shaped=_text_or_json,
)  # fmt: skip
TRANSCRIBE = PlainForm(
    "transcriptions", "POST", wire.TRANSCRIBE_PATH,
    lambda body, _dialect, sent: transcription.as_it_came(body, sent.get("content-type", "")),
    headers=headers.transcription,
)  # fmt: skip
NEW_FILE = PlainForm(
    "files", "POST", wire.FILES_PATH,
    lambda body, _dialect, _sent: Call(body, "", stream=False),
    stored_id=_file_id,
)  # fmt: skip


class Beside:
    def __init__(self, serving: Serving) -> None:
        self._serving = serving

    def routes(self) -> dict[str, Route]:
        """By path."""
        passed_on = control.PASSED_ON.items()
        return {
            "/v1/audio/transcriptions": ("POST", partial(self._serving.serve, TRANSCRIPTION)),
            f"{_BASE}/transcribe": ("POST", partial(self._serving.serve, TRANSCRIBE)),
            FILES: ("POST", partial(self._serving.serve, NEW_FILE)),
            f"{_BASE}/wham/accounts/check": ("GET", _workspaces),
            **{_BASE + path: (method, self._control) for path, method in passed_on},
        }

    def uploaded(self, path: str) -> Route | None:
        """Asked again and again until upstream has the file, of the account that has it."""
        found = _UPLOADED.fullmatch(path)
        if found is None:
            return None
        form = PlainForm(
            "files", "POST", path.removeprefix(_BASE),
            lambda body, _dialect, _sent: Call(body, "", stream=False, files=(found[1],)),
            is_told=False,
        )  # fmt: skip
        return "POST", partial(self._serving.serve, form)

    async def _control(self, asked: Asked) -> None:
        target = asked.path.removeprefix(_BASE)
        method = control.PASSED_ON[target]
        query = asked.scope.get("query_string", b"").decode("latin-1")
        form = PlainForm(
            "control", method, f"{target}?{query}" if query else target,
            lambda body, _dialect, _sent: Call(body, "", stream=False),
            kind=Endpoint.PLAIN if method == "GET" else Endpoint.ONCE, is_told=False,
        )  # fmt: skip
        await self._serving.serve(form, asked)


async def _workspaces(asked: Asked) -> None:
    body = control.workspaces(asked.headers.get("chatgpt-account-id"))
    await asked.downstream().reply(200, _JSON, body)
