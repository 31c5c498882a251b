"""Everything read from the environment, once, into one frozen object.

Names carry the prefix `CODEX_LB_`; only `HOST` and `PORT` are also read bare. `.env` and then
`.env.local` in the working directory come before the environment itself, which wins.
A new setting must say why a constant beside its use does not do. `docs/settings.md` explains each.
"""

import difflib
import ipaddress
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from urllib.parse import urlsplit

from dotenv import dotenv_values

from codex_lb.core.access import IPNetwork

PREFIX = "CODEX_LB_"
_EVERYWHERE = ("0.0.0.0", "::", "")  # noqa: S104  told apart, not listened on
CLIENT_KEY = "CODEX_LB_API_KEY"  # not ours: clients on the same machine read their key there


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
    admin_api_token: str | None = field(default=None, repr=False)
    allowed_hosts: tuple[str, ...] = ("localhost", "127.0.0.1", "[::1]")
    trusted_proxies: tuple[IPNetwork, ...] = ()
    proxy_unauthenticated_client_cidrs: tuple[IPNetwork, ...] = ()
    upstream_connect_timeout_seconds: float = 8.0
    first_event_timeout_seconds: float = 60.0
    stream_idle_timeout_seconds: float = 300.0
    shutdown_drain_timeout_seconds: float = 30.0
    proxy_account_stream_limit: int = 8
    model_registry_enabled: bool = True
    token_refresh_interval_days: float = 8.0  # only upstream knows when an idle login lapses
    oauth_callback_host: str = "localhost"  # both loopback families; in a container 0.0.0.0
    oauth_callback_port: int = 1455  # the login host knows no other; tests use others
    max_responses_body_mb: int = 128
    usage_refresh_enabled: bool = True
    usage_refresh_interval_seconds: float = 60.0
    request_log_retention_days: int = 90
    log_format: str = "text"
    base_path: str = ""  # only the reverse proxy in front knows it

    @property
    def key_file(self) -> Path:
        return self.encryption_key_file or self.data_dir / "encryption.key"

    @property
    def local_url(self) -> str:
        """Under which programs on this machine reach the service."""
        host = "127.0.0.1" if self.host in _EVERYWHERE else self.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"


def shown(settings: Settings) -> list[tuple[str, str | None, str | None]]:
    """Each variable's name, value and default as text, without what is secret in it."""
    usual = Settings()
    found = []
    for f in fields(Settings):
        value, default = getattr(settings, f.name), getattr(usual, f.name)
        if not f.repr and value is not None:
            value = "(set)"
        elif f.name == "database_url" and value is not None:
            value = _without_password(value)
        found.append((PREFIX + f.name.upper(), _text(value), _text(default)))
    return found


def _text(value: object) -> str | None:
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or None
    return None if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _without_password(url: str) -> str:
    """Neither of the address nor of its query; `libpq` takes one there, too."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def read(environ: Mapping[str, str] = os.environ) -> tuple[Settings, list[str]]:
    """The settings of this process, and a warning for each name of ours without effect.

    Reads `.env` and `.env.local` in the working directory. Raises `SettingError`.
    """
    return load(environment(environ, Path.cwd()))


def environment(environ: Mapping[str, str], directory: Path) -> dict[str, str]:
    """`environ`, filled up from the files in `directory`; `.env.local` stands over `.env`.

    Raises `SettingError` for a file that cannot be read.
    """
    merged: dict[str, str] = {}
    for path in (directory / ".env", directory / ".env.local"):
        try:
            values = dotenv_values(path, interpolate=False) if path.is_file() else {}
        except (OSError, UnicodeDecodeError) as error:
            raise SettingError(f"{path} cannot be read: {error}") from error
        merged |= {name: value for name, value in values.items() if value is not None}
    return merged | dict(environ)


def load(environ: Mapping[str, str]) -> tuple[Settings, list[str]]:
    """The settings in `environ`, and a warning for each name of ours without effect.

    An empty value counts as not set. Raises `SettingError` for a value that does not parse or is
    out of range.
    """
    known = {PREFIX + f.name.upper(): f for f in fields(Settings)}
    names = {bare: known[PREFIX + bare] for bare in ("HOST", "PORT")} | known
    values = {
        f.name: _parse(f, name, environ[name].strip())
        for name, f in names.items()  # the prefixed names last, so that they win
        if environ.get(name, "").strip()
    }
    ours = known.keys() | {CLIENT_KEY}
    unknown = sorted(name for name in environ if name.startswith(PREFIX) and name not in ours)
    return Settings(**values), [_warning(name, known) for name in unknown]  # type: ignore[arg-type]  # by _READERS


def _warning(name: str, known: Mapping[str, object]) -> str:
    short = name.removeprefix(PREFIX)
    if short in _ANNOUNCED:
        return f"setting {name} has no effect in this version"
    near = difflib.get_close_matches(short, [other.removeprefix(PREFIX) for other in known], n=1)
    hint = f"; did you mean {PREFIX}{near[0]}?" if near else ""
    return f"unknown setting {name} is ignored{hint}"


def _parse(f: "Field[object]", name: str, text: str) -> object:
    try:
        value = _READERS[f.type](text)
        check = _CHECKS.get(f.name)
        if check is not None:
            check(value)
    except ValueError as error:
        raise SettingError(f"{name}={text!r} is not usable: {error}") from error
    ends = ("_url", "_path")
    return value.rstrip("/") if isinstance(value, str) and f.name.endswith(ends) else value


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip().lower() for part in text.split(",") if part.strip())


def _networks(text: str) -> tuple[IPNetwork, ...]:
    return tuple(ipaddress.ip_network(part, strict=False) for part in _split(text))


def _switch(text: str) -> bool:
    if text.lower() not in _SWITCHES:
        raise ValueError("it must be true or false")
    return _SWITCHES[text.lower()]


def _path(text: str) -> Path:
    return Path(text).expanduser().absolute()


_SWITCHES = {
    **dict.fromkeys(("true", "yes", "on", "1"), True),
    **dict.fromkeys(("false", "no", "off", "0"), False),
}

_READERS: Mapping[object, Callable[[str], object]] = {
    str: str,
    str | None: str,
    int: int,
    float: float,
    bool: _switch,
    Path: _path,
    Path | None: _path,
    tuple[str, ...]: _split,
    tuple[IPNetwork, ...]: _networks,
}


def _within(least: float, most: float) -> Callable[[object], None]:
    def check(value: object) -> None:
        if not (isinstance(value, int | float) and least <= value <= most):
            raise ValueError(f"it must be from {least:g} to {most:g}")

    return check


def _is_url(value: object) -> None:
    parts = urlsplit(str(value))
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query:
        raise ValueError("it must be an http or https address")


def _is_path(value: object) -> None:
    if not re.fullmatch(r"(/[\w.~-]+)*/?", str(value), re.ASCII):
        raise ValueError("it must be a path, as /codex")


def _is_log_format(value: object) -> None:
    if value not in ("text", "json"):
        raise ValueError("it must be text or json")


_DAY_S = 86_400.0
_CHECKS: Mapping[str, Callable[[object], None]] = {
    "port": _within(0, 65_535),
    "oauth_callback_port": _within(1, 65_535),
    "upstream_base_url": _is_url,
    "auth_base_url": _is_url,
    "upstream_connect_timeout_seconds": _within(0.01, _DAY_S),
    "first_event_timeout_seconds": _within(0.01, _DAY_S),
    "stream_idle_timeout_seconds": _within(0.01, _DAY_S),
    "shutdown_drain_timeout_seconds": _within(0, _DAY_S),
    "proxy_account_stream_limit": _within(1, 1_000_000),
    "token_refresh_interval_days": _within(0.01, 365),
    "max_responses_body_mb": _within(1, 4_096),
    "usage_refresh_interval_seconds": _within(1, _DAY_S),
    "request_log_retention_days": _within(0, 36_500),
    "log_format": _is_log_format,
    "base_path": _is_path,
}

# Names that scripts of older or later versions set. Whoever sets one must hear that nothing happens.
_ANNOUNCED = frozenset(
    {
        "MAX_BODY_MB",
        "METRICS_PORT",
    }
)
