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
_FAMILIES_UP = ("x-codex-", "x-openai-", "openai-")
# OpenAI's own project and organisation headers belong to the client's API key.
_NEVER_UP = frozenset({"openai-organization", "openai-project"})

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
TURN_STATE = "x-codex-turn-state"
_BETA, _SOCKETS = "openai-beta", "responses_websockets=2026-02-06"

_PASSED_DOWN = frozenset(
    {"openai-model", "x-reasoning-included", "openai-processing-ms", TURN_STATE}
)


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
    sent = _passed(client)
    if not keep_turn_state:
        sent.pop(TURN_STATE, None)
    if lite:
        sent[LITE] = "true"
    return (
        sent
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
    sent = _passed(client)
    sent.pop(TURN_STATE, None)
    sent.pop(LITE, None)  # stands in each frame
    if turn_state:
        sent[TURN_STATE] = turn_state
    beta = sent.get(_BETA, "")
    if _SOCKETS not in beta:
        sent[_BETA] = f"{beta}, {_SOCKETS}" if beta else _SOCKETS
    return sent | login(credential, chatgpt_account_id)


def _passed(client: Mapping[str, str]) -> dict[str, str]:
    sent = {
        name: value
        for name, value in client.items()
        if (name in _PASSED_UP or name.startswith(_FAMILIES_UP)) and name not in _NEVER_UP
    }
    is_known = is_native(client)
    sent["user-agent"] = client.get("user-agent", OUR_USER_AGENT) if is_known else OUR_USER_AGENT
    own = client.get("originator", FOREIGN_ORIGINATOR)
    sent["originator"] = own if is_known else FOREIGN_ORIGINATOR
    return sent


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
