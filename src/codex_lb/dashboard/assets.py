"""What was built for browsers, and in which form is each file sent? Asked by `pages`.

`make run` and the making of a wheel build `frontend/` into `static/app`: pages that load files
whose names carry a hash of their content, each also packed for the browsers that take it.
"""

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import PurePath

from starlette.responses import Response

_KINDS = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
_PACKED = {".br": "br", ".gz": "gzip"}  # the smallest first


@dataclass(frozen=True, slots=True)
class Built:
    """In memory: a few hundred kilobytes. `files` is by name, then by content encoding."""

    app: str  # the page that holds the dashboard
    login: str
    files: Mapping[str, Mapping[str, bytes]]


def shipped() -> Built | None:
    """As it came with the program; None: it was not built."""
    return load(files("codex_lb.dashboard") / "static" / "app")


def load(folder: Traversable) -> Built | None:
    if not (folder / "index.html").is_file():
        return None
    app, login = ((folder / name).read_text("utf-8") for name in ("index.html", "login.html"))
    files: dict[str, dict[str, bytes]] = {}
    for file in (folder / "assets").iterdir():
        suffix = PurePath(file.name).suffix
        name = file.name.removesuffix(suffix) if suffix in _PACKED else file.name
        files.setdefault(name, {})[_PACKED.get(suffix, "")] = file.read_bytes()
    for forms in files.values():
        if "gzip" in forms:
            forms.pop("", None)  # two thirds of it all, and hardly ever sent
    return Built(app, login, files)


def send(built: Built, name: str, accepted: str) -> Response | None:
    """The file as the `Accept-Encoding` header allows; None if there is no such file."""
    forms = built.files.get(name)
    if forms is None:
        return None
    taken = {part.partition(";")[0].strip() for part in accepted.lower().split(",")}
    encoding = next((e for e in _PACKED.values() if e in forms and e in taken), "")
    headers = {
        "cache-control": "public, max-age=31536000, immutable",  # another content, another name
        "vary": "accept-encoding",
    }
    if encoding:
        headers["content-encoding"] = encoding
    kind = _KINDS.get(PurePath(name).suffix, "application/octet-stream")
    content = forms[encoding] if encoding in forms else gzip.decompress(forms["gzip"])
    return Response(content, headers=headers, media_type=kind)
