"""What holds for every test: log lines are plain, and no test is judged by its speed."""

from collections.abc import Iterator

import pytest
import structlog
from hypothesis import settings

pytest_plugins = ["tests.postgresql"]

# A loaded machine takes longer over an example; that says nothing of the code.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


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
