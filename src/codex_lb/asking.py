"""What do all commands do with the API? Ask it, find the account that is meant, and say what is wrong.

Whatever is wrong becomes a `click.ClickException`, so a sentence on stderr and the exit code 1.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from codex_lb.admin import AdminError, Answer, Ask, JsonObject, Question, reach
from codex_lb.listing import matching
from codex_lb.settings import Settings

ACCOUNTS = "/api/accounts"


@contextmanager
def asking(read: Settings) -> Iterator[Ask]:
    try:
        with reach(read) as ask:
            yield ask
    except AdminError as error:
        raise click.ClickException(str(error)) from error


def find(ask: Ask, wanted: str) -> JsonObject:
    """The one account that `wanted` can mean."""
    found = matching(accounts(ask), wanted)
    if not found:
        raise click.ClickException(f"No account is called {wanted!r}; see: codex-lb accounts list")
    if len(found) > 1:
        ids = ", ".join(account["accountId"] for account in found)
        raise click.ClickException(f"{wanted!r} may mean any of {ids}")
    return found[0]


def accounts(ask: Ask) -> list[JsonObject]:
    told: list[JsonObject] = demand(ask(Question("GET", ACCOUNTS)))["accounts"]
    return told


def demand(answer: Answer) -> JsonObject:
    if not answer.ok:
        raise click.ClickException(answer.message)
    return answer.document
