"""The model registry survives a restart, and is not written more often than it must be."""

import json
from pathlib import Path

import pytest

from codex_lb.core.errors import Signal
from codex_lb.core.model import Account, Identity
from codex_lb.jobs.models import SETTING, ModelSync
from codex_lb.proxy.models import SYNC_S, Models
from codex_lb.proxy.pool import Pool
from codex_lb.store import Store

NOW = 1_000_000.0


class Upstream:
    """Tells `slugs` to whoever asks, and counts."""

    def __init__(self, *slugs: str) -> None:
        self.slugs = slugs
        self.asked = 0
        self.now = NOW

    async def fetch(self, _account: Account, _path: str) -> bytes | Signal:
        self.asked += 1
        return json.dumps({"models": [{"slug": slug} for slug in self.slugs]}).encode()

    def models(self) -> Models:
        pool = Pool(clock=lambda: self.now, limit=1)
        identity = Identity("a", None, "a@example.com", "plus")
        pool.load([Account("a", identity, "active", None, 0, 0, None)])
        return Models(pool, self.fetch, lambda: self.now)


class Shelf:
    def __init__(self) -> None:
        self.writes = 0
        self.fails = False

    async def setting(self, _name: str) -> object:
        return None

    async def put_setting(self, name: str, _value: object) -> None:
        assert name == SETTING
        if self.fails:
            raise OSError("full")
        self.writes += 1


async def test_a_restart_knows_the_models_without_upstream(tmp_path: Path) -> None:
    upstream = Upstream("small", "large")
    for asked in (1, 1):
        store = await Store.open(None, tmp_path, tmp_path / "key", clock=lambda: NOW)
        models = upstream.models()
        sync = ModelSync(models, store)
        await sync.load()
        await sync.once()
        known = await models.get()
        await store.close()
        assert [entry["slug"] for entry in known.entries] == ["small", "large"]
        assert upstream.asked == asked


async def test_the_same_entries_are_written_once_an_hour() -> None:
    upstream, shelf = Upstream("small"), Shelf()
    sync = ModelSync(upstream.models(), shelf)
    await sync.load()
    for _ in range(int(3600 / SYNC_S)):
        await sync.once()
        upstream.now += SYNC_S
    assert (upstream.asked, shelf.writes) == (12, 1)
    await sync.once()
    assert shelf.writes == 2


async def test_other_entries_are_written_at_once_and_again_after_a_failure() -> None:
    upstream, shelf = Upstream("small"), Shelf()
    models = upstream.models()
    sync = ModelSync(models, shelf)
    await sync.once()
    upstream.slugs = ("large",)
    upstream.now += SYNC_S
    shelf.fails = True
    with pytest.raises(OSError, match="full"):
        await sync.once()
    shelf.fails = False
    await sync.once()
    assert (upstream.asked, shelf.writes) == (2, 2)
    assert models.serves("plus", "large") is True
