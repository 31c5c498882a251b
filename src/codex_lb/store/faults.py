"""Reading what a database driver raises: whose fault it is, and in which words."""

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError

# https://www.postgresql.org/docs/current/errcodes-appendix.html: bad data, broken constraint
_ROWS_FAULT_CLASSES = ("22", "23")


def is_rows_fault(error: Exception) -> bool:
    """Whether the row itself is refused, so that no waiting helps. All else may pass."""
    if isinstance(error, DataError | IntegrityError | OverflowError | UnicodeError):
        return True
    origin = error.orig if isinstance(error, DBAPIError) else error
    return str(getattr(origin, "sqlstate", "")).startswith(_ROWS_FAULT_CLASSES)


def plain(error: Exception) -> str:
    """The driver's own sentence, without the statement."""
    origin = error.orig if isinstance(error, DBAPIError) and error.orig else error
    return str(origin) or type(origin).__name__
