"""Small values by name: the key fingerprints, and what the operator sets while it runs."""

import msgspec
from sqlalchemy import Connection, select

from codex_lb.store.database import to_json, upsert
from codex_lb.store.schema import settings

KEY_FINGERPRINTS = "key_fingerprints"  # of every key that has sealed anything, see secrets.py
OPERATOR = "operator"  # see `core/operator_settings.py`
FIREWALL = "firewall"  # the proxy's address list


def read(connection: Connection, name: str) -> object:
    """The JSON value, or None if it was never written."""
    value = connection.scalar(select(settings.c.value).where(settings.c.name == name))
    return None if value is None else msgspec.json.decode(value)


def write(connection: Connection, name: str, value: object) -> None:
    """Keep `value`, which must be JSON."""
    insert = upsert(connection.dialect.name, settings).values(name=name, value=to_json(value))
    connection.execute(
        insert.on_conflict_do_update(index_elements=["name"], set_={"value": insert.excluded.value})
    )
