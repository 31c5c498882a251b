"""Open a call upstream and hand on its bytes.

One connection pool for all accounts. Cookies are neither kept nor sent: they would tie accounts
to one another. What can fail below HTTP is told by a name that `core/outcome.py` knows.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp

from codex_lb.core import errors
from codex_lb.core.errors import Signal

_READ_BYTES = 128 * 1024
_KEEP_ALIVE_S = 30.0  # below what load balancers in front of upstream grant an idle connection
_MAX_ERROR_BYTES = 256 * 1024
_MAX_HEADER_BYTES = 64 * 1024


class UpstreamFaultError(Exception):
    """The connection failed; `signal` says how."""

    def __init__(self, signal: Signal) -> None:
        super().__init__(signal.message)
        self.signal = signal


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer whose headers are here and whose body is still on the way."""

    status: int
    headers: Mapping[str, str]  # lower-case names
    _response: aiohttp.ClientResponse

    @property
    def is_stream(self) -> bool:
        return self.headers.get("content-type", "").startswith("text/event-stream")

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body as it arrives. Raises `UpstreamFaultError` if it is cut."""
        try:
            async for chunk in self._response.content.iter_any():
                yield chunk
        except (aiohttp.ClientError, OSError) as error:
            raise UpstreamFaultError(
                errors.fault("stream_incomplete", "Upstream cut the stream.")
            ) from error

    async def read(self) -> bytes:
        """An error's body, cut at a size that no error needs; what came of one that is cut."""
        parts: list[bytes] = []
        size = 0
        try:
            async for chunk in self._response.content.iter_any():
                parts.append(chunk)
                size += len(chunk)
                if size > _MAX_ERROR_BYTES:
                    break
        except (aiohttp.ClientError, OSError):
            pass  # the status has said the main thing
        return b"".join(parts)


class UpstreamClient:
    """Calls below `base_url` (the ChatGPT back end) and `auth_url` (its login host)."""

    def __init__(self, base_url: str, auth_url: str, *, connect_timeout_s: float) -> None:
        self.base_url = base_url
        self.auth_url = auth_url
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0, keepalive_timeout=_KEEP_ALIVE_S, enable_cleanup_closed=False
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(
                total=None, connect=None, sock_connect=connect_timeout_s, sock_read=None
            ),
            auto_decompress=False,
            read_bufsize=_READ_BYTES,
            max_line_size=_MAX_HEADER_BYTES,
            max_field_size=_MAX_HEADER_BYTES,
            skip_auto_headers=("user-agent", "accept", "accept-encoding", "content-type"),
            trust_env=False,
        )

    async def close(self) -> None:
        await self._session.close()

    @asynccontextmanager
    async def open(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> AsyncIterator[Reply]:
        """The reply to one call; leaving the block before its end closes the connection.

        Raises `UpstreamFaultError` when no usable head of a reply comes.
        """
        try:
            response = await self._session.request(
                method, url, headers=headers, data=body, allow_redirects=False
            )
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            raise UpstreamFaultError(_fault(error)) from error
        async with response:
            lowered = {name.lower(): value for name, value in response.headers.items()}
            yield Reply(response.status, lowered, response)


def _fault(error: Exception) -> Signal:
    match error:
        case aiohttp.ServerTimeoutError() | TimeoutError():
            return errors.fault("connect_timeout", "Upstream could not be reached in time.")
        case aiohttp.ClientConnectorError():
            return errors.fault("connect_failed", "Upstream could not be reached.")
        case aiohttp.ServerDisconnectedError():
            return errors.fault("connection_closed", "Upstream closed without an answer.")
        case aiohttp.ClientResponseError() | ValueError():
            return errors.fault("bad_reply", "Upstream's answer is not HTTP.")
        case _:
            return errors.fault("connection_reset", "Upstream broke the connection.")
