"""The address under which a container sees its host.

A published port of a Docker or Podman container is reached from the host through the container's
default gateway. `core/access.py` lets that address do what a local caller may. In Kubernetes the
gateway stands for the whole cluster and for whoever the node forwards, so there it means nothing.
"""

from pathlib import Path

from codex_lb.core.access import default_gateway

_MARKS = (".dockerenv", "run/.containerenv")  # Docker's and Podman's
_KUBERNETES_MARK = "var/run/secrets/kubernetes.io"


def host_address(root: Path = Path("/")) -> str | None:
    """The container's default gateway, or None outside of Docker and Podman on Linux."""
    if (root / _KUBERNETES_MARK).exists() or not any((root / mark).exists() for mark in _MARKS):
        return None
    routes = root / "proc" / "net" / "route"
    return default_gateway(routes.read_text()) if routes.exists() else None
