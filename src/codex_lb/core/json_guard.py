"""Refuse a body whose shape alone could hurt, before it is parsed.

Bodies are megabytes and most are harmless, so each step is one pass in C over bytes.
"""

MAX_DEPTH = 100

_STRUCTURE = b'[]{}"'
# Arrays and objects in one body; more would take the parser longer than others can wait.
MAX_NODES = 1_000_000

_SQUARE = bytes.maketrans(b"{}", b"[]")
_REST = bytes(set(range(256)) - set(_STRUCTURE))


def refuse(body: bytes, *, max_depth: int = MAX_DEPTH) -> str | None:
    """Why `body` is refused, in a sentence for the client; None if it may be parsed."""
    if not body.isascii():
        try:
            body.decode()
        except UnicodeDecodeError:
            return "The request body is not valid UTF-8."
    nodes = body.count(b"[") + body.count(b"{")
    if nodes <= max_depth:
        return None
    brackets = _brackets(body)
    if len(brackets) > 2 * MAX_NODES:
        return f"The request body has more than {MAX_NODES} arrays and objects."
    if _deeper_than(brackets, max_depth):
        return f"The request body is nested more than {max_depth} levels deep."
    return None


def deeper_than(body: bytes, depth: int) -> bool:
    """Whether arrays and objects in `body` nest more than `depth` levels.

    Of text that is not JSON it may say either: the parser refuses that anyway.
    """
    return _deeper_than(_brackets(body), depth)


def _brackets(body: bytes) -> bytes:
    """The brackets of `body` that stand outside strings, braces written as brackets."""
    # Escaped backslashes go first, so that what is left of a backslash escapes what follows it.
    plain = body.replace(b"\\\\", b"").replace(b'\\"', b"") if b"\\" in body else body
    # Two quotes side by side hold nothing, or divide two strings with nothing between them.
    skeleton = plain.translate(None, _REST).replace(b'""', b"")
    return b"".join(skeleton.split(b'"')[::2]).translate(_SQUARE)


def _deeper_than(brackets: bytes, depth: int) -> bool:
    for _ in range(depth):
        if not brackets:
            return False
        brackets = brackets.replace(b"[]", b"")
    if b"[]" in brackets:
        return True
    # What is left does not pair up: half a document, or so many levels that none has closed yet.
    return brackets.count(b"[") > depth
