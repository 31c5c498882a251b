"""`make bench`: side-by-side cost and latency of proxies in front of the same upstream.

Targets: the upstream itself (direct), nginx if it is installed, this working tree's codex-lb, and
one more that already runs and sends to the port named by `BENCH_UPSTREAM_PORT` (docs/performance.md).
The proxy has core 0, upstream and load have core 1. Rounds go through the targets forwards, then
backwards, so that a busy minute hurts all alike. Linux only: cost is read from /proc.
"""

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
from bench import cost, report, targets
from bench.load import Outcome, Plan
from bench.report import Round
from bench.scenarios import SCENARIOS, Scenario
from bench.targets import Target

_BUDGET_S = 260.0  # after that no new round begins
_GRACE_S = 15.0  # for the load process to start and to report
_WARM_UP = 20  # requests


def main() -> int:
    """Run the scenarios and print the tables. 1 if codex-lb gave a bad or unfinished reply."""
    parser = argparse.ArgumentParser(prog="bench", description="Measure proxies side by side.")
    parser.add_argument("--only", action="append", choices=[s.name for s in SCENARIOS])
    parser.add_argument("--without", action="append", default=[], help="leave a target out")
    options = parser.parse_args()
    chosen = [s for s in SCENARIOS if options.only is None or s.name in options.only]
    give_up_at = time.monotonic() + _BUDGET_S
    if not cost.has_counters():
        print("No instruction counters on this machine: cost is CPU time, which moves with load.")
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, contextlib.ExitStack() as stack:
        upstream, others = _start(stack, Path(folder), options.without)
        is_good = True
        for scenario in chosen:
            results = _measure(scenario, upstream, others, give_up_at)
            _print(scenario, results)
            is_good = is_good and all(
                r.bad == r.unfinished == 0 for r in results.get(report.OURS, [])
            )
    return 0 if is_good else 1


def _start(
    stack: contextlib.ExitStack, folder: Path, left_out: Sequence[str]
) -> tuple[Target, list[Target]]:
    """The upstream, and all targets that are to be measured, the upstream among them."""
    port = int(os.environ.get("BENCH_UPSTREAM_PORT", "0"))
    upstream = stack.enter_context(targets.upstream(port))
    found = [upstream]
    if "nginx" not in left_out:
        server = stack.enter_context(targets.nginx(upstream.base_url, folder / "nginx"))
        found += [server] if server else []
    if report.OURS not in left_out:
        with targets.codex_lb(upstream.base_url, folder / "service") as first:
            first_start_s = first.healthy_after_s
        ours = stack.enter_context(targets.codex_lb(upstream.base_url, folder / "service"))
        assert ours.pid is not None  # noqa: S101 -- started by us
        print(
            f"codex-lb healthy after {first_start_s:.2f} s at the first start, "
            f"{ours.healthy_after_s:.2f} s at the second; idle {cost.memory_mb(ours.pid):.0f} MB"
        )
        found.append(ours)
    if other := os.environ.get("BENCH_OTHER"):
        pid = os.environ.get("BENCH_OTHER_PID")
        found.append(Target("other", other.rstrip("/"), int(pid) if pid else None))
    return upstream, found


def _measure(
    scenario: Scenario, upstream: Target, others: Sequence[Target], give_up_at: float
) -> dict[str, list[Round]]:
    targets.set_mode(upstream.base_url, events=scenario.events, pace_ms=0)
    for target in others:
        _send(_plan(scenario, target, connections=4, requests=_WARM_UP, pause_s=0.0))
    targets.set_mode(upstream.base_url, events=scenario.events, pace_ms=scenario.pace_ms)
    results: dict[str, list[Round]] = {target.name: [] for target in others}
    for number in range(scenario.rounds):
        if time.monotonic() > give_up_at:
            print(f"{scenario.name}: time is up after {number} of {scenario.rounds} rounds")
            break
        for target in others if number % 2 == 0 else reversed(others):
            results[target.name].append(_round(scenario, target))
    return {name: rounds for name, rounds in results.items() if rounds}


def _round(scenario: Scenario, target: Target) -> Round:
    plan = _plan(
        scenario,
        target,
        connections=scenario.connections,
        requests=scenario.requests,
        pause_s=scenario.pause_s,
    )
    if target.pid is None:
        outcome, spent, peak_mb = _send(plan), None, None
    else:
        with cost.Meter(target.pid) as meter:
            watched = target.pid if scenario.watches_memory else None
            outcome, peak_mb = _send_and_watch(plan, watched)
            spent = meter.read()
    for complaint in outcome.complaints:
        print(f"  {scenario.name} {target.name}: {complaint}", file=sys.stderr)
    return Round(
        good=len(outcome.total_s),
        bad=outcome.bad,
        unfinished=outcome.unfinished,
        wall_s=outcome.wall_s,
        first_byte_s=tuple(outcome.first_byte_s),
        total_s=tuple(outcome.total_s),
        probe_s=tuple(outcome.probe_s),
        cpu_s=spent.cpu_s if spent else None,
        instructions=spent.instructions if spent else None,
        memory_mb=peak_mb,
    )


def _plan(
    scenario: Scenario, target: Target, *, connections: int, requests: int, pause_s: float
) -> Plan:
    return Plan(
        url=target.base_url + targets.PATH,
        body_bytes=scenario.body_bytes,
        connections=connections,
        requests=requests,
        limit_s=scenario.limit_s,
        pause_s=pause_s,
        over_socket=scenario.over_socket,
        probe_url=f"{target.base_url}/health" if scenario.probes_health else None,
    )


def _send(plan: Plan) -> Outcome:
    return _send_and_watch(plan, None)[0]


def _send_and_watch(plan: Plan, pid: int | None) -> tuple[Outcome, float | None]:
    """What the load process saw, and the highest memory of `pid`'s tree meanwhile."""
    with _load_process() as process:
        assert process.stdin is not None  # noqa: S101 -- asked for
        process.stdin.write(msgspec.json.encode(plan))
        process.stdin.close()
        process.stdin = None  # so that `communicate` does not flush it
        peak_mb: float | None = None
        give_up_at = time.monotonic() + plan.limit_s + _GRACE_S
        while pid is not None and process.poll() is None and time.monotonic() < give_up_at:
            peak_mb = max(peak_mb or 0.0, cost.memory_mb(pid))
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.2)
        printed, _ = process.communicate(timeout=max(1.0, give_up_at - time.monotonic()))
    return msgspec.json.decode(printed, type=Outcome), peak_mb


@contextlib.contextmanager
def _load_process() -> Iterator[subprocess.Popen[bytes]]:
    command = [*targets.pinned(targets.OTHERS_CORE), sys.executable, "-m", "bench.load"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603 -- our own
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def _print(scenario: Scenario, results: dict[str, list[Round]]) -> None:
    columns = [
        *(report.COST if scenario.needs_cost else ()),
        *report.TIMES,
        *(report.MEMORY if scenario.watches_memory else ()),
        *(report.PROBE if scenario.probes_health else report.RATE),
    ]
    print(f"\n### {scenario.name}: {scenario.title}\n")
    print(report.table(results, columns, has_ratios=scenario.needs_cost), flush=True)


if __name__ == "__main__":
    sys.exit(main())
