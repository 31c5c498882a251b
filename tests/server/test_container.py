"""Being in a container, by the files that tell."""

from pathlib import Path

import pytest

from codex_lb.container import host_address

ROUTES = (
    "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"
    "eth0\t00000000\t010011AC\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        pytest.param([".dockerenv", "proc/net/route"], "172.17.0.1", id="Docker"),
        pytest.param(["run/.containerenv", "proc/net/route"], "172.17.0.1", id="Podman"),
        pytest.param(["proc/net/route"], None, id="a plain machine has a gateway, but not a host"),
        pytest.param([".dockerenv"], None, id="without a network there is no way to the host"),
        pytest.param(
            [".dockerenv", "proc/net/route", "var/run/secrets/kubernetes.io"],
            None,
            id="in Kubernetes the gateway is everybody",
        ),
    ],
)
def test_host_address(tmp_path: Path, files: list[str], expected: str | None) -> None:
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(ROUTES)
    assert host_address(tmp_path) == expected
