"""Who is measured, and how is each started? Direct, nginx if installed, codex-lb, and one by hand.

Every process started here is pinned to a core of its own role and ends with its context.
"""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from codex_lb.simulator import Simulator

PATH = "/backend-api/codex/responses"
PROXY_CORE, OTHERS_CORE = 0, 1
_START_LIMIT_S = 30.0
_END_LIMIT_S = 15.0
_ACCOUNTS = 8

_NGINX = """\
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  client_max_body_size 64m;
  client_body_buffer_size 2m;
  map $http_upgrade $way {{ default upgrade; "" ""; }}
  upstream backend {{ server 127.0.0.1:{upstream}; keepalive 64; }}
  server {{
    listen 127.0.0.1:{port} backlog=2048;
    location / {{
      proxy_pass http://backend;
      proxy_http_version 1.1;
      proxy_set_header Connection $way;
      proxy_set_header Upgrade $http_upgrade;
      proxy_buffering off;
    }}
  }}
}}
"""


@dataclass(frozen=True, slots=True)
class Target:
    """One address to send to. `pid` is the process whose tree is charged; None: nobody."""

    name: str
    base_url: str
    pid: int | None = None
    healthy_after_s: float | None = None


@contextlib.contextmanager
def upstream(port: int) -> Iterator[Target]:
    """Our own upstream on this port (0: any), which is also the target `direct`."""
    command = [sys.executable, "-m", "bench.upstream", str(port)]
    with _running(command, OTHERS_CORE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None  # noqa: S101 -- asked for
        yield Target("direct", f"http://127.0.0.1:{int(process.stdout.readline())}")


def set_mode(upstream_url: str, *, events: int, pace_ms: float) -> None:
    """Say what the upstream answers from now on."""
    content = json.dumps({"events": events, "pace_ms": pace_ms}).encode()
    request = urllib.request.Request(f"{upstream_url}/mode", content, method="PUT")  # noqa: S310 -- our own loopback address
    with urllib.request.urlopen(request, timeout=10):  # noqa: S310 -- as above
        pass


@contextlib.contextmanager
def nginx(upstream_url: str, folder: Path) -> Iterator[Target | None]:
    """Start nginx with buffering off; None where it is not installed."""
    program = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if program is None:
        yield None
        return
    folder.mkdir()
    port = free_port()
    text = _NGINX.format(folder=folder, port=port, upstream=upstream_url.rpartition(":")[2])
    (folder / "nginx.conf").write_text(text)
    command = [program, "-p", str(folder), "-c", str(folder / "nginx.conf")]
    with _running(command, PROXY_CORE) as process:
        url = f"http://127.0.0.1:{port}"
        _wait_until_healthy(process, url + "/")
        yield Target("nginx", url, process.pid)


@contextlib.contextmanager
def codex_lb(upstream_url: str, folder: Path, *, accounts: int = _ACCOUNTS) -> Iterator[Target]:
    """Start the service of this working tree with its own data directory and a pool of accounts."""
    folder.mkdir(exist_ok=True)
    port = free_port()
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("CODEX_LB_")},
        "HOME": str(folder),
        "CODEX_LB_DATA_DIR": str(folder / "data"),
        "CODEX_LB_UPSTREAM_BASE_URL": f"{upstream_url}/backend-api",
        "CODEX_LB_AUTH_BASE_URL": upstream_url,
        "CODEX_LB_PROXY_ACCOUNT_STREAM_LIMIT": "10000",
    }
    command = [sys.executable, "-m", "codex_lb", "serve", "--port", str(port)]
    with (folder / "service.log").open("ab") as log:
        started = time.perf_counter()
        with _running(command, PROXY_CORE, environment=environment, log=log) as process:
            url = f"http://127.0.0.1:{port}"
            _wait_until_healthy(process, f"{url}/health")
            healthy_after_s = time.perf_counter() - started
            _import_accounts(url, accounts)
            yield Target("codex-lb", url, process.pid, healthy_after_s)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _import_accounts(url: str, count: int) -> None:
    """As an operator would: one multipart upload per auth.json."""
    simulator = Simulator()
    for number in range(count):
        account = simulator.add_account(email=f"bench-{number}@example.com", plan="pro")
        border = "bench-border"
        content = (
            f'--{border}\r\nContent-Disposition: form-data; name="auth_json"; '
            f'filename="auth.json"\r\nContent-Type: application/json\r\n\r\n'
            f"{json.dumps(account.auth_json())}\r\n--{border}--\r\n"
        )
        request = urllib.request.Request(  # noqa: S310 -- our own loopback address
            f"{url}/api/accounts/import",
            content.encode(),
            {"content-type": f"multipart/form-data; boundary={border}"},
        )
        with urllib.request.urlopen(request, timeout=10):  # noqa: S310 -- as above
            pass


def _wait_until_healthy(process: subprocess.Popen[bytes], url: str) -> None:
    """Until `url` answers anything but a server error. Raises `RuntimeError` if it never does."""
    give_up = time.perf_counter() + _START_LIMIT_S
    while time.perf_counter() < give_up:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended with {process.returncode}")
        try:
            with urllib.request.urlopen(url, timeout=5):  # noqa: S310 -- our own loopback address
                return
        except urllib.error.HTTPError as error:
            if error.code < 500:  # noqa: PLR2004 -- it is up, and the path is upstream's
                return
        except OSError:
            pass  # not yet
        time.sleep(0.02)
    raise RuntimeError(f"{url} did not answer within {_START_LIMIT_S:.0f} s")


@contextlib.contextmanager
def _running(
    command: list[str],
    core: int,
    *,
    environment: Mapping[str, str] | None = None,
    stdout: int | None = None,
    log: IO[bytes] | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """A process on `core` for the length of the context; its children go with it."""
    process: subprocess.Popen[bytes] = subprocess.Popen(  # noqa: S603 -- our own commands
        [*pinned(core), *command],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=log if stdout is None else stdout,
        stderr=log,
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(_END_LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def pinned(core: int) -> list[str]:
    """What to put before a command so that it keeps to `core`; nothing where that cannot be."""
    taskset = shutil.which("taskset")
    if taskset is None or core not in os.sched_getaffinity(0):
        return []
    return [taskset, "-c", str(core)]
