"""The rules of the house that neither linter nor import contracts know, read from the source."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "src" / "codex_lb"
LONGEST = 400  # lines; a module above it answers two questions

modules = pytest.mark.parametrize(
    "path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE))
)
core = pytest.mark.parametrize(
    "path", sorted((PACKAGE / "core").rglob("*.py")), ids=lambda path: path.name
)

# Files and the environment as far as no import betrays them; the contracts forbid the rest.
OUTER_WORLD = {"open", "print", "input"}
NOT_IN_CORE = {"os", "io", "pathlib", "importlib", "secrets", "subprocess", "tempfile", "uuid"}
MOMENTS = {"now", "utcnow", "today"}


def nodes(path: Path) -> Iterator[ast.AST]:
    return ast.walk(ast.parse(path.read_text("utf-8")))


def imported(path: Path) -> set[str]:
    """The first part of every module's name."""
    names: list[str] = []
    for node in nodes(path):
        match node:
            case ast.Import(names=aliases):
                names += [alias.name for alias in aliases]
            case ast.ImportFrom(module=str(module)):
                names.append(module)
            case _:
                pass
    return {name.partition(".")[0] for name in names}


def called(path: Path) -> Iterator[tuple[str, str]]:
    """What every call is made on, as source text ('' for a bare name), and the name called."""
    for node in nodes(path):
        match node:
            case ast.Call(func=ast.Name(id=name)):
                yield "", name
            case ast.Call(func=ast.Attribute(value=owner, attr=name)):
                yield ast.unparse(owner), name
            case _:
                pass


@core
def test_the_core_waits_for_nothing(path: Path) -> None:
    waiting = ast.AsyncFunctionDef | ast.Await | ast.AsyncFor | ast.AsyncWith
    assert not [node for node in nodes(path) if isinstance(node, waiting)]


@core
def test_the_core_touches_neither_files_nor_the_clock_nor_chance(path: Path) -> None:
    assert not imported(path) & NOT_IN_CORE
    calls = set(called(path))
    assert not {name for owner, name in calls if not owner} & OUTER_WORLD
    assert not {(owner, name) for owner, name in calls if owner and name in MOMENTS}


@modules
def test_tasks_belong_to_a_group(path: Path) -> None:
    """`create_task` of a `TaskGroup` is awaited by it; any other is awaited by nobody."""
    loose = {"asyncio", "loop", "self._loop", "asyncio.get_running_loop()", ""}
    calls = set(called(path))
    assert not [owner for owner, name in calls if name == "create_task" and owner in loose]
    assert not [name for _, name in calls if name in ("ensure_future", "run_coroutine_threadsafe")]


@modules
def test_a_module_says_its_question(path: Path) -> None:
    said = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    first = said.partition("\n\n")[0]
    assert first.endswith((".", "?", ":")), f"the docstring of {path.name} begins: {first!r}"


@modules
def test_a_module_is_not_too_long(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= LONGEST
