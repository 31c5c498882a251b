"""One document for each page of the dashboard, and the stream that keeps them fresh.

Built on the queries of the operator's API. Their shapes serve our own pages and change with them;
scripts use the routes beside.
"""

from collections.abc import Iterator

from fastapi import APIRouter

from codex_lb.dashboard.ui import (
    accounts,
    connect,
    keys,
    overview,
    requests,
    settings,
    stream,
    usage,
)
from codex_lb.dashboard.ui.documents import Sources
from codex_lb.dashboard.ui.settings import Installation, Variable

__all__ = ["Installation", "Sources", "Variable", "routes"]


def routes(sources: Sources, installation: Installation) -> Iterator[APIRouter]:
    for page in (overview, accounts, requests, usage, keys, stream):
        yield page.routes(sources)
    for page_of_this_installation in (connect, settings):
        yield page_of_this_installation.routes(sources, installation)
