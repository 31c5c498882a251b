"""Find the uploaded files that a body names: each may be known to one account only."""

import re

# A quote inside a text would be escaped, so this finds members and nothing that somebody wrote.
_FILE_ID = re.compile(rb'"file_id"\s*:\s*"([\w-]{1,128})"|"sediment://([\w-]{1,128})')
_MAX_FILES = 32


def named(body: bytes) -> tuple[str, ...]:
    """Their ids, the first ones if there are many."""
    if b'"file_id"' not in body and b'"sediment:' not in body:
        return ()
    found = (match[1] or match[2] for match in _FILE_ID.finditer(body))
    return tuple(dict.fromkeys(name.decode() for name in found))[:_MAX_FILES]
