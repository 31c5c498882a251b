"""Run the simulator by itself: `python -m codex_lb.simulator --port 8400 --accounts 3 --out DIR`."""

import asyncio
import signal
from pathlib import Path

import click
import msgspec

from codex_lb.simulator.server import Simulator

PLANS = ("plus", "pro", "team", "free")


@click.command()
@click.option("--port", default=8400, show_default=True, help="0 takes a free one.")
@click.option("--accounts", default=3, show_default=True, help="How many, of all plans in turn.")
@click.option("--out", type=click.Path(path_type=Path), help="Where auth-1.json ... are written.")
def main(port: int, accounts: int, out: Path | None) -> None:
    """Serve a scripted ChatGPT back end and login host on one port."""
    asyncio.run(_serve(port, accounts, out))


async def _serve(port: int, accounts: int, out: Path | None) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with Simulator(port=port) as sim:
        for index in range(accounts):
            account = sim.add_account(f"user{index + 1}@example.com", PLANS[index % len(PLANS)])
            if out is not None:
                _write(out / f"auth-{index + 1}.json", account.auth_json())
        click.echo(f"CODEX_LB_UPSTREAM_BASE_URL={sim.base_url}")
        click.echo(f"CODEX_LB_AUTH_BASE_URL={sim.auth_url}")
        await stop.wait()


def _write(path: Path, body: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(body)))
    path.chmod(0o600)


if __name__ == "__main__":
    main()
