"""From the environment to settings, and whether the documents tell the truth about them."""

import ipaddress
import re
from dataclasses import fields
from pathlib import Path

import pytest

from codex_lb.settings import PREFIX, SettingError, Settings, environment, load

ROOT = Path(__file__).parent.parent
NAMES = [PREFIX + field.name.upper() for field in fields(Settings)]


def test_nothing_set_means_the_defaults() -> None:
    assert load({}) == (Settings(), [])


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        pytest.param({"HOST": "::1", "PORT": "80"}, {"host": "::1", "port": 80}, id="bare names"),
        pytest.param(
            {"PORT": "80", "CODEX_LB_PORT": "81"}, {"port": 81}, id="the prefixed name wins"
        ),
        pytest.param({"CODEX_LB_BASE_PATH": "/a/b/"}, {"base_path": "/a/b"}, id="a prefix"),
        pytest.param({"CODEX_LB_PORT": " 81 "}, {"port": 81}, id="blanks around are dropped"),
        pytest.param({"CODEX_LB_PORT": "", "HOST": " "}, {}, id="empty is not set"),
        pytest.param(
            {"CODEX_LB_DATA_DIR": "/srv/lb"},
            {"data_dir": Path("/srv/lb"), "key_file": Path("/srv/lb/encryption.key")},
            id="the key stands in the data directory",
        ),
        pytest.param(
            {"CODEX_LB_DATA_DIR": "~/x"}, {"data_dir": Path.home() / "x"}, id="the home directory"
        ),
        pytest.param(
            {"CODEX_LB_ENCRYPTION_KEY_FILE": "/k"}, {"key_file": Path("/k")}, id="a key elsewhere"
        ),
        pytest.param(
            {"CODEX_LB_UPSTREAM_BASE_URL": "http://127.0.0.1:9/backend-api/"},
            {"upstream_base_url": "http://127.0.0.1:9/backend-api"},
            id="addresses lose their last slash",
        ),
        pytest.param(
            {"CODEX_LB_ALLOWED_HOSTS": "LB.example.com, [::1],"},
            {"allowed_hosts": ("lb.example.com", "[::1]")},
            id="lists by comma, host names in lower case",
        ),
        pytest.param(
            {"CODEX_LB_PROXY_UNAUTHENTICATED_CLIENT_CIDRS": "10.1.2.3/8,fd00::/8"},
            {
                "proxy_unauthenticated_client_cidrs": (
                    ipaddress.ip_network("10.0.0.0/8"),
                    ipaddress.ip_network("fd00::/8"),
                )
            },
            id="networks",
        ),
        pytest.param(
            {"CODEX_LB_ADMIN_API_TOKEN": "  "}, {"admin_api_token": None}, id="a blank is no token"
        ),
        pytest.param(
            {"CODEX_LB_TRUSTED_PROXIES": "127.0.0.1"},
            {"trusted_proxies": (ipaddress.ip_network("127.0.0.1/32"),)},
            id="an address is a network of one",
        ),
        pytest.param(
            {"CODEX_LB_FIRST_EVENT_TIMEOUT_SECONDS": "1.5"},
            {"first_event_timeout_seconds": 1.5},
            id="fractions",
        ),
        pytest.param(
            {"CODEX_LB_MODEL_REGISTRY_ENABLED": "False"},
            {"model_registry_enabled": False},
            id="switches",
        ),
        pytest.param(
            {"CODEX_LB_USAGE_REFRESH_ENABLED": "No"}, {"usage_refresh_enabled": False}, id="no"
        ),
        pytest.param(
            {"CODEX_LB_USAGE_REFRESH_ENABLED": "1"}, {"usage_refresh_enabled": True}, id="yes"
        ),
    ],
)
def test_values(environ: dict[str, str], expected: dict[str, object]) -> None:
    settings, warnings = load(environ)
    assert {name: getattr(settings, name) for name in expected} == expected
    assert warnings == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "eighty"),
        ("CODEX_LB_PORT", "65536"),
        ("CODEX_LB_PORT", "-1"),
        ("CODEX_LB_UPSTREAM_BASE_URL", "chatgpt.com"),
        ("CODEX_LB_AUTH_BASE_URL", "ftp://auth.example.com"),
        ("CODEX_LB_FIRST_EVENT_TIMEOUT_SECONDS", "0"),
        ("CODEX_LB_STREAM_IDLE_TIMEOUT_SECONDS", "nan"),
        ("CODEX_LB_STREAM_IDLE_TIMEOUT_SECONDS", "inf"),
        ("CODEX_LB_PROXY_ACCOUNT_STREAM_LIMIT", "0"),
        ("CODEX_LB_PROXY_ACCOUNT_STREAM_LIMIT", "1.5"),
        ("CODEX_LB_PROXY_UNAUTHENTICATED_CLIENT_CIDRS", "10.0.0.0/33"),
        ("CODEX_LB_TRUSTED_PROXIES", "proxy.example"),
        ("CODEX_LB_LOG_FORMAT", "xml"),
        ("CODEX_LB_MODEL_REGISTRY_ENABLED", "perhaps"),
        ("CODEX_LB_USAGE_REFRESH_ENABLED", "perhaps"),
        ("CODEX_LB_USAGE_REFRESH_INTERVAL_SECONDS", "0"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(SettingError, match=re.escape(f"{name}={value!r} is not usable: ")):
        load({name: value})


@pytest.mark.parametrize(
    ("name", "warning"),
    [
        pytest.param(
            "CODEX_LB_UPSTREAM_URL",
            "unknown setting CODEX_LB_UPSTREAM_URL is ignored;"
            " did you mean CODEX_LB_UPSTREAM_BASE_URL?",
            id="the nearest known name is offered",
        ),
        pytest.param(
            "CODEX_LB_XQ", "unknown setting CODEX_LB_XQ is ignored", id="if there is one near"
        ),
        pytest.param(
            "CODEX_LB_METRICS_PORT",
            "setting CODEX_LB_METRICS_PORT has no effect in this version",
            id="a name of another version is known to do nothing here",
        ),
    ],
)
def test_names_without_effect_are_warned_of(name: str, warning: str) -> None:
    assert load({name: "secret", "PATH": "/bin"}) == (Settings(), [warning])


def test_files_fill_up_the_environment(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("CODEX_LB_PORT=1\nCODEX_LB_HOST='::1'\nA=${B}\nEMPTY\n")
    (tmp_path / ".env.local").write_text("CODEX_LB_PORT=2\nCODEX_LB_LOG_FORMAT=json\n")
    assert environment({"CODEX_LB_LOG_FORMAT": "text"}, tmp_path) == {
        "CODEX_LB_PORT": "2",
        "CODEX_LB_HOST": "::1",
        "A": "${B}",
        "CODEX_LB_LOG_FORMAT": "text",
    }


def test_without_files_the_environment_is_all(tmp_path: Path) -> None:
    assert environment({"A": "b"}, tmp_path) == {"A": "b"}


def test_a_file_that_cannot_be_read_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"A=\xff\xfe\n")
    with pytest.raises(SettingError, match=r"\.env cannot be read"):
        environment({}, tmp_path)


def documented(text: str) -> list[tuple[str, str]]:
    """Name and default of each row of a table of settings."""
    return re.findall(r"^\| `(CODEX_LB_\w+)` \| (.*?) \|", text, re.MULTILINE)


def shown(name: str) -> str:
    """A default as a document writes it."""
    default = getattr(Settings(), name.removeprefix(PREFIX).lower())
    if default in (None, (), ""):
        return "none"
    if isinstance(default, tuple):
        default = ",".join(default)
    if isinstance(default, bool):
        default = str(default).lower()
    elif isinstance(default, float):
        default = f"{default:g}"
    if isinstance(default, bool):
        default = str(default).lower()
    return f"`{default}`".replace(str(Path.home()), "~")


def test_the_settings_document_lists_exactly_what_there_is() -> None:
    text = (ROOT / "docs" / "settings.md").read_text()
    assert documented(text) == [(name, shown(name)) for name in NAMES]


def test_the_readme_shows_only_what_there_is() -> None:
    rows = documented((ROOT / "README.md").read_text())
    assert rows
    assert all(name in NAMES and default == shown(name) for name, default in rows)


def test_the_example_file_sets_nothing_and_names_everything() -> None:
    text = (ROOT / ".env.example").read_text()
    assert all(line.startswith("#") for line in text.splitlines() if line)
    assert re.findall(r"^# (CODEX_LB_\w+)=", text, re.MULTILINE) == NAMES
    assert load(dict(re.findall(r"^# (CODEX_LB_\w+)=(.*)$", text, re.MULTILINE))) == (
        Settings(),
        [],
    )


def test_the_admin_token_is_not_shown_with_the_settings() -> None:
    settings, _ = load({"CODEX_LB_ADMIN_API_TOKEN": " s3cret "})
    assert settings.admin_api_token == "s3cret"
    assert "s3cret" not in repr(settings)
    assert load({"CODEX_LB_ADMIN_API_TOKEN": "  "})[0].admin_api_token is None, "blank is not set"
