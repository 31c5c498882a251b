"""What did a process and its children spend? CPU seconds, retired instructions, memory (Linux)."""

import ctypes
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

_PROC = Path("/proc")
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")

# perf_event_open(2): the number of the system call by machine, and the few fields we set.
_SYSCALL = {"x86_64": 298, "aarch64": 241}.get(os.uname().machine)
_ATTR_SIZE = 112  # PERF_ATTR_SIZE_VER5
_HARDWARE, _INSTRUCTIONS = 0, 1  # PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS
_INHERIT = 1 << 1  # bit field of perf_event_attr: threads and children started later count too
_CLOSE_ON_EXEC = 8


@dataclass(frozen=True, slots=True)
class Spent:
    """Between two readings."""

    cpu_s: float
    instructions: int | None  # None where the machine has no counters for us


def tree(pid: int) -> list[int]:
    """`pid` and its descendants that are alive."""
    parents = {child: parent for child, parent, _ in _all_stats()}
    found = [pid]
    for member in found:
        found += [child for child, parent in parents.items() if parent == member]
    return found


def cpu_s(pid: int) -> float:
    """User and system time of the living tree so far."""
    wanted = set(tree(pid))
    return sum(ticks for member, _, ticks in _all_stats() if member in wanted) / _TICKS_PER_S


def memory_mb(pid: int) -> float:
    """Resident memory of the tree; pages shared by k processes count 1/k in each."""
    total_kb = 0
    for member in tree(pid):
        try:
            rollup = (_PROC / str(member) / "smaps_rollup").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue  # ended meanwhile
        total_kb += sum(int(line.split()[1]) for line in rollup.splitlines() if line[:4] == "Pss:")
    return total_kb / 1024


class Meter:
    """Counts what the tree of `pid` spends while the context is open."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._counters: list[int] = []
        self._cpu_before = 0.0

    def __enter__(self) -> Self:
        self._counters = _open_counters(self._pid)
        self._cpu_before = cpu_s(self._pid)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for counter in self._counters:
            os.close(counter)

    def read(self) -> Spent:
        counts = [struct.unpack("q", os.read(counter, 8))[0] for counter in self._counters]
        return Spent(cpu_s(self._pid) - self._cpu_before, sum(counts) if counts else None)


def has_counters() -> bool:
    """Whether instructions can be counted here."""
    with Meter(os.getpid()) as meter:
        return bool(meter.read().instructions)


def _open_counters(pid: int) -> list[int]:
    """One inherited counter per thread of the tree; none at all if the machine refuses one."""
    if _SYSCALL is None:
        return []
    opened: list[int] = []
    for member in tree(pid):
        for task in (_PROC / str(member) / "task").iterdir():
            counter = _perf_event_open(int(task.name), _HARDWARE, _INSTRUCTIONS)
            if counter < 0:
                for earlier in opened:
                    os.close(earlier)
                return []
            opened.append(counter)
    return opened


def _perf_event_open(tid: int, kind: int, config: int) -> int:
    """A descriptor that reads as a running count, or -1."""
    attr = struct.pack("IIQQQQQ", kind, _ATTR_SIZE, config, 0, 0, 0, _INHERIT)
    syscall = ctypes.CDLL(None, use_errno=True).syscall
    any_cpu, no_group = -1, -1
    return int(
        syscall(
            _SYSCALL,
            ctypes.create_string_buffer(attr.ljust(_ATTR_SIZE, b"\0"), _ATTR_SIZE),
            tid,
            any_cpu,
            no_group,
            _CLOSE_ON_EXEC,
        )
    )


def _all_stats() -> Iterator[tuple[int, int, int]]:
    """(pid, parent, clock ticks used) of every process."""
    for entry in _PROC.iterdir():
        if not entry.name.isdigit():
            continue
        try:
            stat = (entry / "stat").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue  # ended meanwhile
        fields = stat.rpartition(")")[2].split()  # the name before it may hold anything
        yield int(entry.name), int(fields[1]), int(fields[11]) + int(fields[12])
