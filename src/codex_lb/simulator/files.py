"""How a file gets to the back end.

`POST /files` names it and gets a one-time upload address, the client PUTs the bytes there, and
`POST /files/{id}/uploaded` finishes; the first answer to that is `retry`. A file belongs to the
account that created it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from codex_lb.simulator import refusals
from codex_lb.simulator.accounts import SimAccount
from codex_lb.simulator.record import Received
from codex_lb.simulator.refusals import Reply, json_reply
from codex_lb.simulator.site import Site, receive, request_object

MAX_BYTES = 512 * 1024 * 1024


@dataclass(slots=True)
class _File:
    owner: str
    name: str
    received: int | None = None  # bytes; None: not uploaded yet
    polls: int = 0


def file_routes(
    site: Site, base: str, single: Callable[..., Callable[[web.Request], Any]]
) -> list[web.RouteDef]:
    files: dict[str, _File] = {}  # by id

    def create(account: SimAccount, received: Received) -> Reply:
        body = request_object(received)
        if isinstance(body, Reply):
            return body
        name, size = body.get("file_name"), body.get("file_size")
        if not isinstance(name, str) or not isinstance(size, int):
            return refusals.detail(422, "file_name and file_size are required")
        if size > MAX_BYTES:
            return refusals.detail(400, "File is too large")
        file_id = site.new_id("file")
        files[file_id] = _File(account.account_id, name)
        url = f"http://{received.headers.get('host')}/upload/{file_id}?sig=simulated"
        return json_reply(200, {"status": "success", "file_id": file_id, "upload_url": url})

    async def upload(request: web.Request) -> web.Response:
        received = await receive(site, request, "upload")
        known = files.get(request.match_info["id"])
        if known is not None:
            known.received = len(received.body)
        received.status, received.finished = 404 if known is None else 201, True
        return web.Response(status=received.status)

    def uploaded(account: SimAccount, received: Received) -> Reply:
        file_id = received.path.split("/")[-2]
        known = files.get(file_id)
        if known is None or known.owner != account.account_id:
            return refusals.detail(404, "File not found")
        known.polls += 1
        if known.received is None or known.polls == 1:
            return json_reply(200, {"status": "retry"})
        body = {
            "status": "success",
            "file_id": file_id,
            "file_name": known.name,
            "file_size_bytes": known.received,
            "mime_type": "application/octet-stream",
            "download_url": f"https://files.example.com/{file_id}",
        }
        return json_reply(200, body)

    return [
        web.post(f"{base}/files", single(site, "files", create)),
        web.post(f"{base}/files/{{id}}/uploaded", single(site, "uploaded", uploaded)),
        web.put("/upload/{id}", upload),
    ]
