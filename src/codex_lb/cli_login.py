"""Sign accounts in from a terminal, with or without a screen, and take a sign-in out again.

The flow lives where the API is asked: in the running server, or in this process while none runs. It
goes on only while it is asked for, so that waiting is asking. Whoever gives up ends the flow.
"""

import json
import os
import sys
import time
from collections.abc import Mapping
from typing import Literal
from urllib.parse import quote

import click

from codex_lb.admin import Ask, JsonObject, Question
from codex_lb.asking import ACCOUNTS, accounts, asking, demand, find
from codex_lb.settings import Settings

Way = Literal["browser", "paste", "device"]

_OAUTH = "/api/oauth"
_WAIT_S = 5  # the longest that the API waits for a flow
_INTERRUPTED = 130  # exit code, as shells have it after Ctrl-C


@click.command()
@click.option("--device", "way", flag_value="device", help="Show a code to type in elsewhere.")
@click.option("--paste", "way", flag_value="paste", help="Paste the address the browser ends at.")
@click.option("--account", metavar="ACCOUNT", help="Sign this account in anew, and no other.")
@click.pass_obj
def login(read: Settings, way: Way | None, account: str | None) -> None:
    """Sign an account in at ChatGPT: a new one, or one that must sign in again.

    Without an option: by the browser of this machine, or by a code where there is none.
    """
    with asking(read) as ask:
        id_ = find(ask, account)["accountId"] if account else None
        way, begun = _begin(ask, way, id_)
        try:
            told = _follow(ask, begun, is_pasted=way == "paste")
        except (KeyboardInterrupt, click.Abort):
            wish = {"flowId": begun["flowId"]}
            told = demand(ask(Question("POST", f"{_OAUTH}/cancel", document=wish)))
            if told["status"] != "success":  # it may have come to its end meanwhile
                click.echo("\nGiven up; nothing was changed.", err=True)
                raise click.exceptions.Exit(_INTERRUPTED) from None
        if told["status"] != "success":
            raise click.ClickException(told["errorMessage"])
        (known,) = (each for each in accounts(ask) if each["accountId"] == told["accountId"])
    click.echo(f"{known['email']} ({known['planType']}) signed in as {known['accountId']}")


def usual_way(environ: Mapping[str, str], platform: str) -> Way:
    """A browser, if one can open here and is seen by whoever sits at the terminal."""
    is_remote = any(environ.get(name) for name in ("SSH_CONNECTION", "SSH_TTY"))
    has_screen = platform in ("darwin", "win32") or any(
        environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )
    return "browser" if has_screen and not is_remote else "device"


def _begin(ask: Ask, wished: Way | None, account_id: str | None) -> tuple[Way, JsonObject]:
    """The way it goes, and the flow; what was not wished for may give way to another."""
    way = wished or usual_way(os.environ, sys.platform)
    method = "device" if way == "device" else "browser"
    wish = {"forceMethod": method, "accountId": account_id}
    answer = ask(Question("POST", f"{_OAUTH}/start", document=wish))
    if wished is None and answer.code == "device_auth_disabled":
        return _begin(ask, "paste", account_id)
    return way, demand(answer)


def _follow(ask: Ask, begun: JsonObject, *, is_pasted: bool) -> JsonObject:
    """How it ended."""
    if begun["method"] == "device":
        click.echo(f"Open {begun['verificationUrl']} and enter this code: {begun['userCode']}")
        return _wait(ask, begun, time.monotonic() + begun["expiresInSeconds"])
    click.echo(f"Open this address in a browser and sign in:\n\n{begun['authorizationUrl']}\n")
    if begun["warning"]:
        click.echo(begun["warning"], err=True)
    if is_pasted or begun["warning"]:
        return _paste(ask, begun)
    if sys.stdout.isatty():
        click.launch(begun["authorizationUrl"])
    return _wait(ask, begun, None)


def _paste(ask: Ask, begun: JsonObject) -> JsonObject:
    click.echo(f"The browser ends at an address that begins with {begun['callbackUrl']}.")
    click.echo("It may show an error there. Copy that address, and paste it here.")
    while True:
        pasted = {"callbackUrl": click.prompt("Address"), "flowId": begun["flowId"]}
        answer = demand(ask(Question("POST", f"{_OAUTH}/manual-callback", document=pasted)))
        told = _status(ask, begun, wait_s=0)
        if not _is_pending(told):
            return told
        click.echo(answer["errorMessage"], err=True)


def _wait(ask: Ask, begun: JsonObject, until: float | None) -> JsonObject:
    """`until`: of the monotonic clock, for the countdown."""
    is_shown = sys.stderr.isatty()
    while True:
        if is_shown:
            left = f", {_minutes(until - time.monotonic())} left" if until is not None else ""
            click.echo(f"\rWaiting for the sign-in{left}. Ctrl-C gives up.   ", nl=False, err=True)
        told = _status(ask, begun, wait_s=_WAIT_S)
        if not _is_pending(told):
            if is_shown:
                click.echo(err=True)
            return told


def _status(ask: Ask, begun: JsonObject, *, wait_s: int) -> JsonObject:
    query = f"flowId={quote(begun['flowId'], safe='')}&wait={wait_s}"
    return demand(ask(Question("GET", f"{_OAUTH}/status?{query}")))


def _is_pending(told: JsonObject) -> bool:
    """One that the server does not know (any more) is none."""
    return told["status"] == "pending" and told["errorMessage"] is None


def _minutes(seconds: float) -> str:
    minutes, rest = divmod(max(0, round(seconds)), 60)
    return f"{minutes}:{rest:02}"


@click.command()
@click.argument("account")
@click.option(
    "--format",
    "form",
    type=click.Choice(["codex", "opencode"]),
    default="codex",
    help="Whose auth.json to print.",
)
@click.pass_obj
def export(read: Settings, account: str, form: str) -> None:
    """Print ACCOUNT's sign-in as an auth.json. It holds tokens in clear."""
    with asking(read) as ask:
        id_ = find(ask, account)["accountId"]
        target = f"{ACCOUNTS}/{quote(id_, safe='')}/export/auth"
        told = demand(ask(Question("POST", target)))
    click.echo(json.dumps(told[f"{form}AuthJson"], indent=2))
    warning = "Use it in one place only: whoever renews it first ends the sign-in of the other."
    click.echo(f"{warning} Pause or remove the account here.", err=True)
