"""The stream that tells open pages what changes: server-sent events, one stream for a browser."""

from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from starlette.responses import StreamingResponse

from codex_lb.core.operator import Caller
from codex_lb.dashboard.callers import CALLER
from codex_lb.dashboard.ui.documents import Sources


def routes(sources: Sources) -> APIRouter:
    router = APIRouter(prefix="/api/ui", tags=["ui"])

    @router.get(
        "/stream",
        response_class=StreamingResponse,
        responses={200: {"content": {"text/event-stream": {}}}},
    )
    async def ui_stream(
        request: Request,
        after: Annotated[str | None, Query(max_length=64)] = None,
        last_event_id: Annotated[str | None, Header(max_length=64)] = None,
    ) -> StreamingResponse:
        """From after `after`, a document's `streamCursor`; a browser that comes back says itself."""
        caller: Caller = request.scope[CALLER]
        events = sources.bus.listen(
            last_event_id or after, lambda: sources.callers.still_may(caller)
        )
        headers = {"cache-control": "no-cache, no-transform", "x-accel-buffering": "no"}
        return StreamingResponse(events, media_type="text/event-stream", headers=headers)

    return router
