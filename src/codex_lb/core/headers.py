"""Which headers cross the proxy, by allow-list in both directions.

Nothing of the client's identity towards us (keys, cookies, proxy traces, account id) reaches
upstream, and nothing of an account reaches the client. A native Codex client keeps its name;
for others we say an originator that upstream serves and a User-Agent that names this program.
No fingerprint is imitated.
"""

from collections.abc import Iterable, Mapping

from codex_lb import __version__
from codex_lb.core.model import Credential

_PASSED_UP = frozenset(
    {
        "accept-language",
        "session-id",
        "session_id",
        "thread-id",
        "conversation_id",
        "traceparent",
        "tracestate",
        "x-request-id",
        "x-client-request-id",
        "version",
    }
)
_OWN_FAMILIES = ("x-codex-", "x-openai-")
_FAMILIES_UP = (*_OWN_FAMILIES, "openai-")
TURN_STATE = "x-codex-turn-state"
# OpenAI's own project and organisation headers belong to the client's API key; a turn's state to
# the account that gave it.
_NEVER_UP = frozenset({"openai-organization", "openai-project", TURN_STATE})

_NATIVE_AGENTS = (
    "codex_cli_rs",
    "codex-tui",
    "codex_exec",
    "codex_sdk_ts",
    "codex_vscode",
    "codex desktop",
    "codex ",
)
_NATIVE_ORIGINATORS = frozenset(
    {
        "Codex Desktop",
        "codex_atlas",
        "codex_chatgpt_desktop",
        "codex_cli_rs",
        "codex_exec",
        "codex_sdk_ts",
        "codex_vscode",
    }
)
FOREIGN_ORIGINATOR = "codex_cli_rs"
OUR_USER_AGENT = f"codex-lb/{__version__}"
LITE = "x-openai-internal-codex-responses-lite"
_BETA, _SOCKETS = "openai-beta", "responses_websockets=2026-02-06"

MODEL = "openai-model"  # Codex warns of rerouting if it is not the one that it has named
_PASSED_DOWN = frozenset({MODEL, "x-reasoning-included", "openai-processing-ms", TURN_STATE})
_PASSED_DOWN_BESIDE = frozenset({"content-type", "etag", "cache-control", "location"})


def is_native(headers: Mapping[str, str]) -> bool:
    """Whether the client is one of the Codex programs, which upstream knows by name."""
    agent = headers.get("user-agent", "").lower()
    return headers.get("originator") in _NATIVE_ORIGINATORS or agent.startswith(_NATIVE_AGENTS)


def upstream(
    client: Mapping[str, str],
    credential: Credential,
    chatgpt_account_id: str | None,
    *,
    lite: bool = False,
    keep_turn_state: bool = True,
) -> dict[str, str]:
    """The headers of a turn upstream. `client` has lower-case names.

    The turn state is a routing hint minted for one account, so it is left behind when the
    conversation moves.
    """
    sent = _passed_up(client)
    if keep_turn_state and TURN_STATE in client:
        sent[TURN_STATE] = client[TURN_STATE]
    if lite:
        sent[LITE] = "true"
    return (
        sent
        | _name(client)
        | {
            "accept": "text/event-stream",
            "content-type": "application/json",
            "accept-encoding": "identity",
        }
        | login(credential, chatgpt_account_id)
    )


def handshake(
    client: Mapping[str, str],
    credential: Credential,
    chatgpt_account_id: str | None,
    turn_state: str | None,
) -> dict[str, str]:
    """The same for a WebSocket, without what a handshake is made of."""
    sent = _passed_up(client) | _name(client)
    sent.pop(LITE, None)  # stands in each frame
    if turn_state:
        sent[TURN_STATE] = turn_state
    beta = sent.get(_BETA, "")
    if _SOCKETS not in beta:
        sent[_BETA] = f"{beta}, {_SOCKETS}" if beta else _SOCKETS
    return sent | login(credential, chatgpt_account_id)


def beside(
    client: Mapping[str, str], credential: Credential, chatgpt_account_id: str | None
) -> dict[str, str]:
    """The headers of a client's call beside the turns, in whatever form its body is."""
    return (
        _passed_up(client) | _name(client) | _form(client) | login(credential, chatgpt_account_id)
    )


def transcription(
    client: Mapping[str, str], credential: Credential, chatgpt_account_id: str | None
) -> dict[str, str]:
    """Upstream's firewall takes offence at more than these [pub]."""
    families = {n: v for n, v in _passed_up(client).items() if n.startswith(_OWN_FAMILIES)}
    agent = {"user-agent": _name(client)["user-agent"]}
    return families | agent | _form(client) | login(credential, chatgpt_account_id)


def _passed_up(client: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value
        for name, value in client.items()
        if (name in _PASSED_UP or name.startswith(_FAMILIES_UP)) and name not in _NEVER_UP
    }


def _name(client: Mapping[str, str]) -> dict[str, str]:
    if not is_native(client):
        return {"user-agent": OUR_USER_AGENT, "originator": FOREIGN_ORIGINATOR}
    return {
        "user-agent": client.get("user-agent", OUR_USER_AGENT),
        "originator": client.get("originator", FOREIGN_ORIGINATOR),
    }


def _form(client: Mapping[str, str]) -> dict[str, str]:
    sent = {"accept": client.get("accept", "*/*"), "accept-encoding": "identity"}
    return sent | {n: client[n] for n in ("content-type", "if-none-match") if n in client}


def login(credential: Credential, chatgpt_account_id: str | None) -> dict[str, str]:
    """Without an account id no account header is sent: upstream then takes the token's own."""
    sent = {"authorization": f"Bearer {credential.access_token}"}
    if chatgpt_account_id:
        sent["chatgpt-account-id"] = chatgpt_account_id
    return sent


def downstream(reply: Iterable[tuple[str, str]]) -> dict[str, str]:
    """What of upstream's answer the client sees, in lower case.

    Quota headers do not pass: they speak of one account, and the client has a pool.
    """
    return {name.lower(): value for name, value in reply if name.lower() in _PASSED_DOWN}


def downstream_beside(reply: Mapping[str, str]) -> dict[str, str]:
    """The same of an answer beside the turns. `reply` has lower-case names."""
    return {name: value for name, value in reply.items() if name in _PASSED_DOWN_BESIDE}
