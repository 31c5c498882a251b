"""Read a model's name: Cursor writes effort and speed into it, as in `gpt-5.4-high-fast`."""

import re
from dataclasses import dataclass

_SUFFIXED = re.compile(r"^(gpt-[\w.-]*?)(?:-(none|minimal|low|medium|high|xhigh))?(-fast)?$")


@dataclass(frozen=True, slots=True)
class Name:
    model: str
    effort: str | None = None
    is_fast: bool = False


def read(text: str) -> Name:
    found = _SUFFIXED.match(text)
    return Name(found[1], found[2], found[3] is not None) if found else Name(text)


def base_model(name: str) -> str:
    """The model alone."""
    return read(name).model
