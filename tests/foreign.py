"""The data directory of the public codex-lb 1.24.0, by what is known of its tables."""

import hashlib
import json
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet

_TABLES = """
CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL);
INSERT INTO alembic_version VALUES ('20261101_000000_add_something');
CREATE TABLE accounts (id VARCHAR PRIMARY KEY, chatgpt_account_id VARCHAR, chatgpt_user_id VARCHAR,
    email VARCHAR NOT NULL, alias VARCHAR, plan_type VARCHAR NOT NULL, workspace_id VARCHAR,
    workspace_label VARCHAR, seat_type VARCHAR, access_token_encrypted BLOB,
    refresh_token_encrypted BLOB, id_token_encrypted BLOB, last_refresh DATETIME,
    created_at DATETIME, status VARCHAR, deactivation_reason VARCHAR, reset_at INTEGER,
    blocked_at INTEGER, routing_policy VARCHAR, codex_installation_id VARCHAR,
    delete_requested_at DATETIME);
CREATE TABLE api_keys (id VARCHAR PRIMARY KEY, name VARCHAR, key_hash VARCHAR, key_prefix VARCHAR,
    allowed_models TEXT, apply_to_codex_model BOOLEAN, enforced_model VARCHAR,
    enforced_reasoning_effort VARCHAR, allowed_reasoning_efforts TEXT, enforced_service_tier VARCHAR,
    traffic_class VARCHAR, expires_at DATETIME, is_active BOOLEAN,
    account_assignment_scope_enabled BOOLEAN, created_at DATETIME, last_used_at DATETIME);
CREATE TABLE api_key_limits (id INTEGER PRIMARY KEY, api_key_id VARCHAR, limit_type VARCHAR,
    limit_window VARCHAR, max_value BIGINT, current_value BIGINT, model_filter VARCHAR,
    reset_at DATETIME);
CREATE TABLE api_key_accounts (api_key_id VARCHAR, account_id VARCHAR);
CREATE TABLE dashboard_settings (id INTEGER PRIMARY KEY, sticky_threads_enabled BOOLEAN,
    prefer_earlier_reset_accounts BOOLEAN, routing_strategy VARCHAR, single_account_id VARCHAR,
    relative_availability_power FLOAT, relative_availability_top_k INTEGER,
    api_key_auth_enabled BOOLEAN, warmup_model VARCHAR, password_hash VARCHAR, version INTEGER);
CREATE TABLE api_firewall_allowlist (ip_address VARCHAR, created_at DATETIME);
CREATE TABLE sticky_sessions (key VARCHAR, kind VARCHAR, account_id VARCHAR);
CREATE TABLE request_logs (id INTEGER PRIMARY KEY, account_id VARCHAR);
INSERT INTO request_logs VALUES (1, 'x'), (2, 'x');
"""
_DAY = "2026-11-01 10:00:00.000000"


@dataclass
class Foreign:
    """Writes into `directory`; what is not said of a row is as it usually is."""

    directory: Path
    key: bytes = field(default_factory=Fernet.generate_key)

    def __post_init__(self) -> None:
        self.directory.mkdir()
        (self.directory / "encryption.key").write_bytes(self.key)
        with closing(sqlite3.connect(self.directory / "store.db")) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.executescript(_TABLES)

    def put(self, table: str, **row: Any) -> None:
        names, marks = ", ".join(row), ", ".join("?" * len(row))
        with closing(sqlite3.connect(self.directory / "store.db")) as connection:
            statement = f"INSERT INTO {table} ({names}) VALUES ({marks})"  # noqa: S608  our own names
            connection.execute(statement, list(row.values()))
            connection.commit()

    def account(self, id_: str, tokens: Mapping[str, str], **more: Any) -> None:
        """`tokens` as in an auth.json."""
        sealed = {
            f"{kind}_token_encrypted": Fernet(self.key).encrypt(tokens[f"{kind}_token"].encode())
            for kind in ("id", "access", "refresh")
        }
        row = {
            "id": id_,
            "chatgpt_account_id": tokens.get("account_id"),
            "email": "as@in.the.token",
            "plan_type": "pro",
            "last_refresh": _DAY,
            "created_at": _DAY,
            "status": "active",
            "routing_policy": "normal",
        }
        self.put("accounts", **row | sealed | more)

    def api_key(self, secret: str, *rules: Sequence[Any], **more: Any) -> str:
        """The id. A rule has a type, a window, a maximum, what is used of it, and a model."""
        id_ = f"id-of-{secret[-4:]}"
        row = {
            "id": id_,
            "name": "ops",
            "key_hash": hashlib.sha256(secret.encode()).hexdigest(),
            "key_prefix": secret[:15],
            "is_active": 1,
            "account_assignment_scope_enabled": 0,
            "created_at": _DAY,
        }
        self.put("api_keys", **row | more)
        names = ("limit_type", "limit_window", "max_value", "current_value", "model_filter")
        for rule in rules:
            self.put(
                "api_key_limits",
                api_key_id=id_,
                reset_at="2026-12-01 00:00:00.000000",
                **dict(zip(names, rule, strict=True)),
            )
        return id_

    def settings(self, **row: Any) -> None:
        self.put("dashboard_settings", id=1, version=4, password_hash="bcrypt", **row)


def models(*names: str) -> str:
    return json.dumps(names)
