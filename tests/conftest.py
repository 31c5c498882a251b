"""What holds for every test: log lines are plain, and no test is judged by its speed."""

import gc
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import settings

pytest_plugins = ["tests.postgresql"]

# A loaded machine takes longer over an example; that says nothing of the code.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

# These take longest. Begun last, one of them would run alone at the end, with the other cores idle.
_LONGEST_FIRST = (
    "test_schemas.py",
    "test_every_page.py",
    "test_codex_sockets.py",
    "test_codex_cli.py",
    "test_hostile_page.py",
    "test_sign_ins.py",
    "test_patience.py",
    "test_settings.py",
    "test_hostile_bodies.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    rank = {name: place for place, name in enumerate(_LONGEST_FIRST)}
    items.sort(key=lambda item: rank.get(item.path.name, len(rank)))


def pytest_configure() -> None:
    """The collector looks through all that tests make and drop; more rarely is a fifth less work."""
    gc.set_threshold(50_000, 20, 100)


def pytest_collection_finish() -> None:
    gc.freeze()  # what is imported and collected stays to the end


@pytest.fixture(autouse=True)
def _plain_log_lines() -> Iterator[None]:
    """A traceback with all its local values, structlog's default, takes a second to paint."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.dev.ConsoleRenderer(
                colors=False, exception_formatter=structlog.dev.plain_traceback
            ),
        ]
    )
    yield
    structlog.reset_defaults()
