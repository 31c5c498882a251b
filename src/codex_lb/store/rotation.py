"""Seal everything anew with a new key, so that the old one opens nothing any more.

Three steps, and whoever is killed between them leaves a store that its key file opens:

1. The key file gets the new key in front of the others.
2. In one transaction everything is sealed with the new key, and the store asks for no other.
3. The old key file is kept beside, for older backups, and the new key stands alone.

Done again after a kill it begins anew. Nobody else may use the database meanwhile.
"""

from pathlib import Path

from cryptography.fernet import Fernet
from sqlalchemy import Connection, select

from codex_lb.store import accounts, operators, preferences
from codex_lb.store.errors import StoreError
from codex_lb.store.files import replace_private_file
from codex_lb.store.instances import is_dead
from codex_lb.store.keys import Run
from codex_lb.store.schema import instances
from codex_lb.store.secrets import Keyring, replaced_name


async def rotate(write: Run, key_file: Path, instance_id: str) -> int:
    """How many accounts were sealed anew. Raises `StoreError`, `OSError`."""
    await write(lambda c: _be_alone(c, instance_id))
    old, new = _read(key_file), Fernet.generate_key() + b"\n"
    replace_private_file(key_file, new + old)
    keys = Keyring((new + old).split())
    count = await write(lambda c: reseal(c, keys))
    replace_private_file(replaced_name(key_file, keys.fingerprints[1]), old)
    replace_private_file(key_file, new)
    return count


def _read(key_file: Path) -> bytes:
    return key_file.read_bytes()


def reseal(connection: Connection, keys: Keyring) -> int:
    """Seal every secret with the first of `keys`, and ask for it alone; the number of accounts."""
    if connection.dialect.name == "sqlite":  # else the pages set free would keep the old ones
        connection.exec_driver_sql("PRAGMA secure_delete=ON")
    count = accounts.reseal(connection, keys)
    operators.reseal(connection, keys)
    preferences.write(connection, preferences.KEY_FINGERPRINTS, [keys.fingerprints[0]])
    return count


def _be_alone(connection: Connection, instance_id: str) -> None:
    """Another replica would go on sealing with the old key."""
    others = connection.execute(select(instances).where(instances.c.id != instance_id)).all()
    for other in others:
        if not is_dead(connection, other.id):
            raise StoreError(f"process {other.pid} on {other.host} serves from it; stop it first")
