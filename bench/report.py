"""From measured rounds to one table: medians, and ratios to nginx and to ours. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

OURS = "codex-lb"
REFERENCE = "nginx"


@dataclass(frozen=True, slots=True)
class Round:
    """One run of a scenario against one target."""

    good: int
    bad: int
    unfinished: int
    wall_s: float
    first_byte_s: tuple[float, ...]
    total_s: tuple[float, ...]
    probe_s: tuple[float, ...]
    cpu_s: float | None  # None: nobody to charge
    instructions: int | None  # None: not countable here
    memory_mb: float | None  # the highest seen


@dataclass(frozen=True, slots=True)
class Column:
    title: str
    value: Callable[[Sequence[Round]], float | None]
    digits: int = 2


def share_at(values: Sequence[float], share: float) -> float | None:
    """The value that `share` of them do not exceed; None of none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else None


def cpu_ms(rounds: Sequence[Round]) -> float | None:
    """CPU per good reply, median of the rounds."""
    return _median(r.cpu_s / r.good * 1000 for r in rounds if r.cpu_s is not None and r.good)


def mega_instructions(rounds: Sequence[Round]) -> float | None:
    return _median(
        r.instructions / r.good / 1e6 for r in rounds if r.instructions is not None and r.good
    )


def first_byte_ms(share: float) -> Callable[[Sequence[Round]], float | None]:
    return lambda rounds: _in_ms(share_at(_joined(r.first_byte_s for r in rounds), share))


def total_ms(share: float) -> Callable[[Sequence[Round]], float | None]:
    return lambda rounds: _in_ms(share_at(_joined(r.total_s for r in rounds), share))


def probe_ms(rounds: Sequence[Round]) -> float | None:
    """The slowest health probe."""
    return _in_ms(max(_joined(r.probe_s for r in rounds), default=None))


def per_second(rounds: Sequence[Round]) -> float | None:
    return _median(r.good / r.wall_s for r in rounds)


def memory(rounds: Sequence[Round]) -> float | None:
    return max((r.memory_mb for r in rounds if r.memory_mb is not None), default=None)


COST = (Column("CPU ms/req", cpu_ms), Column("M instr/req", mega_instructions))
TIMES = (
    Column("first byte p50 ms", first_byte_ms(0.5)),
    Column("p95", first_byte_ms(0.95)),
    Column("p99", first_byte_ms(0.99)),
    Column("whole p50 ms", total_ms(0.5), 0),
)
RATE = (Column("req/s", per_second, 0),)
MEMORY = (Column("peak MB", memory, 0),)
PROBE = (Column("slowest /health ms", probe_ms, 0),)


def table(
    results: Mapping[str, Sequence[Round]], columns: Sequence[Column], *, has_ratios: bool
) -> str:
    """Rows are targets. Columns without any value are left out."""
    known = [c for c in columns if any(c.value(rounds) is not None for rounds in results.values())]
    ratios = _ratio_columns(results) if has_ratios else {}
    head = ["target", "good", *(c.title for c in known), *ratios]
    lines = [head, ["---"] * len(head)]
    for name, rounds in results.items():
        cells = [_number(c.value(rounds), c.digits) for c in known]
        lines.append([name, _count(rounds), *cells, *(ratio[name] for ratio in ratios.values())])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _ratio_columns(results: Mapping[str, Sequence[Round]]) -> dict[str, dict[str, str]]:
    """Cost in instructions if they were counted for all, else in CPU time, against the two."""
    by_instructions = all(
        mega_instructions(rounds) is not None
        for rounds in results.values()
        if cpu_ms(rounds) is not None
    )
    cost = mega_instructions if by_instructions else cpu_ms
    unit = "instr" if by_instructions else "CPU"
    columns: dict[str, dict[str, str]] = {}
    for other in (REFERENCE, OURS):
        base = cost(results[other]) if other in results else None
        if base:
            columns[f"{unit} / {other}"] = {
                name: _number(value / base, 2, "x") if (value := cost(rounds)) is not None else ""
                for name, rounds in results.items()
            }
    return columns


def _count(rounds: Sequence[Round]) -> str:
    good = sum(r.good for r in rounds)
    asked = good + sum(r.bad + r.unfinished for r in rounds)
    return f"{good}/{asked}"


def _median(values: Iterable[float]) -> float | None:
    known = list(values)
    return median(known) if known else None


def _joined(parts: Iterable[Sequence[float]]) -> list[float]:
    return [value for part in parts for value in part]


def _in_ms(seconds: float | None) -> float | None:
    return None if seconds is None else seconds * 1000


def _number(value: float | None, digits: int, unit: str = "") -> str:
    return "" if value is None else f"{value:.{digits}f}{unit}"
