"""What holds for every test: log lines are plain, wherever no test says otherwise."""

from collections.abc import Iterator

import pytest
import structlog


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
