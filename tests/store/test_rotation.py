"""A new key takes over, and a kill at any step leaves a store that its key file opens."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from tests.store.kills import left_by_kills

from codex_lb.core.model import Credential, Identity
from codex_lb.core.operator import Login
from codex_lb.store import KeyFileError, Store, StoreError
from codex_lb.store.operators import Step
from codex_lb.store.secrets import read_key_file

NOW = 1_800_000_000.0
ALICE = Identity("acc-1", "user-1", "alice@example.com", "plus")
CREDENTIAL = Credential("secret-access", "secret-refresh", "secret-id", None, NOW)
LOGIN = Login(password_hash="secret-hash")

Open = Callable[[], Awaitable[Store]]


async def filled(open_store: Open) -> None:
    store = await open_store()
    await store.put_account("a", ALICE, CREDENTIAL, now=NOW)
    await store.operators.act(lambda _: Step(LOGIN))
    await store.close()


def fingerprints(key_file: Path) -> tuple[str, ...]:
    keys = read_key_file(key_file)
    assert keys is not None
    return keys.fingerprints


async def test_the_new_key_alone_opens_everything(open_store: Open, data_dir: Path) -> None:
    key_file = data_dir / "encryption.key"
    await filled(open_store)
    [before] = fingerprints(key_file)
    old = key_file.read_bytes()

    store = await open_store()
    assert await store.rotate_key(key_file) == 1
    await store.close()

    [after] = fingerprints(key_file)
    assert after != before
    kept = key_file.with_name(f"encryption.key.old-{before[:8]}")
    assert kept.read_bytes() == old
    assert {path.stat().st_mode & 0o777 for path in (key_file, kept)} == {0o600}
    store = await open_store()
    assert await store.credential("a") == CREDENTIAL
    assert (await store.operators.state(NOW))[0] == LOGIN
    await store.close()
    key_file.write_bytes(old)
    with pytest.raises(KeyFileError, match=f"is kept as encryption.key.old-{after[:8]}"):
        await open_store()


@pytest.mark.postgresql
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_nothing_is_changed_while_another_replica_serves(
    open_store: Open, data_dir: Path
) -> None:
    await filled(open_store)
    key_file = data_dir / "encryption.key"
    before = key_file.read_bytes()
    other, store = await open_store(), await open_store()
    with pytest.raises(StoreError, match="serves from it; stop it first"):
        await store.rotate_key(key_file)
    assert key_file.read_bytes() == before
    await other.close()
    assert await store.rotate_key(key_file) == 1


async def test_a_kill_at_any_step_leaves_a_store_that_opens(data_dir: Path, tmp_path: Path) -> None:
    async def open_store(data: Path = data_dir) -> Store:
        return await Store.open(None, data, data / "encryption.key", clock=lambda: NOW)

    await filled(open_store)
    before = fingerprints(data_dir / "encryption.key")

    left = left_by_kills("rotate", data_dir, tmp_path)

    assert len(left) > 10
    seen = set()
    for data in left:
        seen.add(fingerprints(data / "encryption.key") == before)
        store = await open_store(data)
        assert await store.credential("a") == CREDENTIAL, data
        assert (await store.operators.state(NOW))[0] == LOGIN, data
        assert await store.rotate_key(data / "encryption.key") == 1, "and it can be done again"
        await store.close()
    assert seen == {True, False}
