"""Read an `auth.json`: whose account it is, and the credential that opens it.

The file is what Codex CLI writes after a sign-in: `tokens` with an id, an access and a refresh
token, and `last_refresh`. Names in camel case are read too. The id token's claims are read without
checking its signature, because the operator vouches for the file; upstream checks the tokens.
Names of files and claims: `docs/wire.md`, "Sign-in".
"""

import base64
import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime

from codex_lb.core.foreign_json import JsonObject, json_object, number, word
from codex_lb.core.model import Credential, Identity

UNKNOWN_EMAIL = "unknown@example.com"  # shown when the id token names no address
UNKNOWN_PLAN = "unknown"

_AUTH_CLAIM = "https://api.openai.com/auth"
_USER = ("chatgpt_user_id", "user_id", "chatgpt_account_user_id")
_WORKSPACE = (
    "workspace_id",
    "chatgpt_workspace_id",
    "organization_id",
    "org_id",
    "tenant_id",
)
_WORKSPACE_LABEL = ("workspace_label", "workspace_name", "organization_name")

# These become header values upstream, and the account id a part of our paths.
_TOKEN = re.compile(r"[\x21-\x7e]+")
_ACCOUNT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@=+~-]{0,127}")

_LONGEST_TEXT = 320  # characters, of an e-mail address; other names are shorter
_LATEST = 253_402_300_799  # Unix seconds; the last moment a date can name (9999-12-31)


class InvalidAuthJson(Exception):  # noqa: N818  an answer to the operator, not a fault of ours
    """The file is refused. `message` is a sentence that names `field` and quotes no secret."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


def parse(document: bytes, *, now: float) -> tuple[Identity, Credential]:
    """Read an `auth.json`. A `last_refresh` that is missing or still to come counts as `now`.

    Raises `InvalidAuthJson`, and nothing else whatever the bytes are.
    """
    root = _root(document)
    tokens = _tokens(root)
    id_token = _token(tokens, "id_token", "idToken")
    credential = Credential(
        access_token=_token(tokens, "access_token", "accessToken"),
        refresh_token=_token(tokens, "refresh_token", "refreshToken"),
        id_token=id_token,
        expires_at=expiry(_token(tokens, "access_token", "accessToken")),
        refreshed_at=min(_refreshed_at(root, now), now),
    )
    claims = claims_of(id_token)
    if claims is None:
        raise InvalidAuthJson(
            "tokens.id_token", "tokens.id_token is not a JSON web token that can be read"
        )
    return _identity(claims, _account_id(tokens)), credential


def claims_of(token: str) -> JsonObject | None:
    """The claims of a JSON web token, unverified; None if `token` is not one."""
    parts = token.split(".")
    if len(parts) != 3:  # noqa: PLR2004  header, claims, signature (RFC 7519)
        return None
    padded = parts[1] + "=" * (-len(parts[1]) % 4)
    try:
        return json_object(base64.b64decode(padded, altchars=b"-_", validate=True))
    except ValueError:
        return None


def expiry(token: str) -> float | None:
    """Unix seconds at which a token ends; None if it does not say."""
    stated = number((claims_of(token) or {}).get("exp"))
    return stated if stated is not None and 0 < stated <= _LATEST else None


def local_id(identity: Identity) -> str:
    """The id under which the pool keeps the account; the same identity always has the same.

    One ChatGPT account id may stand for several people of a workspace, hence the second half.
    """
    account = identity.chatgpt_account_id
    email = "" if identity.email == UNKNOWN_EMAIL else identity.email.lower()
    distinct = identity.workspace_id or email
    if account:
        return f"{account}_{_digest(distinct, 8)}" if distinct else account
    if email:
        return f"email_{_digest(email, 12)}"
    return f"local_{_digest(identity.chatgpt_user_id or '', 12)}"


def is_sendable(identity: Identity, credential: Credential) -> bool:
    """Whether tokens and account id can stand in headers, as those that `parse` gives can."""
    id_ = identity.chatgpt_account_id
    tokens = (credential.access_token, credential.refresh_token, credential.id_token)
    is_account = id_ is None or _ACCOUNT_ID.fullmatch(id_) is not None
    return is_account and all(_TOKEN.fullmatch(token) for token in tokens)


def _root(document: bytes) -> JsonObject:
    root = json_object(document.removeprefix(b"\xef\xbb\xbf"))  # some editors add the mark
    if root is None:
        raise InvalidAuthJson("auth_json", "the file is not a JSON object")
    return root


def _tokens(root: JsonObject) -> JsonObject:
    tokens = root.get("tokens")
    if isinstance(tokens, dict):
        return tokens
    if tokens is None and root.get("OPENAI_API_KEY"):
        raise InvalidAuthJson(
            "tokens", "tokens is missing: the file holds an API key, not a ChatGPT sign-in"
        )
    raise InvalidAuthJson(
        "tokens", "tokens is missing" if tokens is None else "tokens is not an object"
    )


def _token(tokens: JsonObject, *names: str) -> str:
    field = f"tokens.{names[0]}"
    value = _first(tokens, names)
    if value is None or value == "":
        raise InvalidAuthJson(field, f"{field} is missing")
    if not isinstance(value, str):
        raise InvalidAuthJson(field, f"{field} is not text")
    if not _TOKEN.fullmatch(value):
        raise InvalidAuthJson(field, f"{field} contains a character that no token has")
    return value


def _account_id(tokens: JsonObject) -> str | None:
    """The account id stated beside the tokens, which stands over the one claimed within."""
    value = _first(tokens, ("account_id", "accountId"))
    if value is None or value == "":
        return None
    if not (isinstance(value, str) and _ACCOUNT_ID.fullmatch(value)):
        raise InvalidAuthJson("tokens.account_id", "tokens.account_id is not an account id")
    return value


def _refreshed_at(root: JsonObject, now: float) -> float:
    value = _first(root, ("last_refresh", "lastRefreshAt", "lastRefresh"))
    if value is None:
        return now
    try:
        at = datetime.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        raise InvalidAuthJson("last_refresh", "last_refresh is not an ISO 8601 time") from None
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return max(at.timestamp(), 0.0)


def _identity(claims: JsonObject, account_id: str | None) -> Identity:
    nested = claims.get(_AUTH_CLAIM)
    auth: JsonObject = nested if isinstance(nested, dict) else {}
    places = (auth, claims)
    identity = Identity(
        chatgpt_account_id=account_id or _claimed_account_id(places),
        chatgpt_user_id=_text(places, *_USER) or _text((claims,), "sub"),
        email=_text((claims, auth), "email") or UNKNOWN_EMAIL,
        plan=word(_text(places, "chatgpt_plan_type")) or UNKNOWN_PLAN,
        workspace_id=_text(places, *_WORKSPACE),
        workspace_label=_text(places, *_WORKSPACE_LABEL),
        seat_type=_text(places, "seat_type"),
    )
    if identity.email == UNKNOWN_EMAIL and not (
        identity.chatgpt_account_id or identity.chatgpt_user_id
    ):
        raise InvalidAuthJson("tokens.id_token", "tokens.id_token does not say whose it is")
    return identity


def _claimed_account_id(places: tuple[JsonObject, ...]) -> str | None:
    claimed = _text(places, "chatgpt_account_id")
    if claimed is not None and not _ACCOUNT_ID.fullmatch(claimed):
        raise InvalidAuthJson(
            "tokens.id_token", "tokens.id_token names an account id that cannot be one"
        )
    return claimed


def _first(values: Mapping[str, object], names: tuple[str, ...]) -> object:
    return next((values[name] for name in names if values.get(name) is not None), None)


def _text(places: tuple[JsonObject, ...], *names: str) -> str | None:
    """The first claim of these names that is a printable text; foreign shapes are passed over."""
    for place in places:
        for name in names:
            value = place.get(name)
            if isinstance(value, str) and value.isprintable():
                text = value.strip()[:_LONGEST_TEXT]
                if text:
                    return text
    return None


def _digest(text: str, length: int) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:length]
