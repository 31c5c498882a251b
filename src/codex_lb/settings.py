"""Everything read from the environment, once, into one frozen object.

Names carry the prefix `CODEX_LB_`; only `HOST` and `PORT` are also read bare. `.env` and then
`.env.local` in the working directory come before the environment itself, which wins.
A new setting must say why a constant beside its use does not do.
"""

import difflib
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

PREFIX = "CODEX_LB_"

IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network


class SettingError(Exception):
    """A variable holds a value that cannot be used; the message names both."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Field names are the variable names in lower case without the prefix."""

    host: str = "127.0.0.1"
    port: int = 2455
    data_dir: Path = field(default_factory=lambda: Path.home() / ".codex-lb")
    database_url: str | None = None  # None: SQLite in the data directory
    encryption_key_file: Path | None = None  # None: `encryption.key` in the data directory
    upstream_base_url: str = "https://chatgpt.com/backend-api"
    auth_base_url: str = "https://auth.openai.com"
    allowed_hosts: tuple[str, ...] = ("localhost", "127.0.0.1", "[::1]")
    proxy_unauthenticated_client_cidrs: tuple[IPNetwork, ...] = ()
    upstream_connect_timeout_seconds: float = 8.0
    first_event_timeout_seconds: float = 60.0
    stream_idle_timeout_seconds: float = 300.0
    shutdown_drain_timeout_seconds: float = 30.0
    proxy_account_stream_limit: int = 8
    max_body_mb: int = 32
    max_responses_body_mb: int = 128
    request_log_retention_days: int = 90
    log_format: str = "text"

    @property
    def key_file(self) -> Path:
        return self.encryption_key_file or self.data_dir / "encryption.key"

    @property
    def sqlite_file(self) -> Path:
        return self.data_dir / "store.db"


def load(environ: Mapping[str, str]) -> tuple[Settings, list[str]]:
    """The settings in `environ`, and a warning for each unknown name with our prefix.

    Raises `SettingError` for a value that does not parse or is out of range.
    """
    known = {PREFIX + f.name.upper(): f.name for f in fields(Settings)}
    values: dict[str, object] = {}
    for bare in ("HOST", "PORT"):
        if environ.get(bare, "").strip():
            values[bare.lower()] = _parse(bare.lower(), bare, environ[bare].strip())
    warnings: list[str] = []
    for name, text in environ.items():
        if not name.startswith(PREFIX):
            continue
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            warnings.append(f"unknown setting {name} is ignored{hint}")
        elif text.strip():
            values[known[name]] = _parse(known[name], name, text.strip())
    return Settings(**values), warnings  # type: ignore[arg-type]


def _parse(key: str, name: str, text: str) -> object:
    default = next(f for f in fields(Settings) if f.name == key)
    annotation = str(default.type)
    try:
        if key == "proxy_unauthenticated_client_cidrs":
            return tuple(ipaddress.ip_network(part, strict=False) for part in _split(text))
        if key == "allowed_hosts":
            return _split(text)
        if "Path" in annotation:
            return Path(text).expanduser()
        if "int" in annotation or "float" in annotation:
            return _number(text, whole="int" in annotation)
    except ValueError as error:
        raise SettingError(f"{name}={text!r} is not usable: {error}") from error
    return text.rstrip("/") if key.endswith("_base_url") else text


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _number(text: str, *, whole: bool) -> float:
    number = int(text) if whole else float(text)
    if not 0 <= number < float("inf"):
        raise ValueError("it must not be negative or infinite")
    return number
