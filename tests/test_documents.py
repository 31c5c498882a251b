"""The documents: what they point at is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "codex_lb"
DOCUMENTS = [*sorted((ROOT / "docs").rglob("*.md")), *sorted(ROOT.glob("*.md"))]

document = pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.name))


@document
def test_every_link_leads_to_a_file(path: Path) -> None:
    targets = re.findall(r"\]\((?!https?://|#)([^)#]+)", path.read_text("utf-8"))
    assert [target for target in targets if not (path.parent / target).exists()] == []


@document
def test_every_module_that_is_named_exists(path: Path) -> None:
    named = re.findall(r"(?<![\w/.])(?:[a-z_]+/)*[a-z_]+\.py\b", path.read_text("utf-8"))
    missing = [
        name for name in named if not (ROOT / name).exists() and not any(PACKAGE.rglob(name))
    ]
    assert missing == []


def test_every_name_that_the_architecture_gives_stands_in_its_module() -> None:
    rows = re.findall(
        r"`([\w/]+\.py)` ((?:`\w+`(?:, )?)+)",
        (ROOT / "docs" / "architecture.md").read_text("utf-8"),
    )
    named = [(module, name) for module, names in rows for name in re.findall(r"\w+", names)]
    assert len(named) > 5
    missing = [
        (module, name)
        for module, name in named
        if not re.search(
            rf"^ *((async )?def |class )?{name}\b",
            (PACKAGE / module).read_text("utf-8"),
            re.MULTILINE,
        )
    ]
    assert missing == []


def test_every_section_of_wire_facts_that_the_code_cites_is_there() -> None:
    cited = {
        section
        for path in PACKAGE.rglob("*.py")
        for section in re.findall(r'docs/wire\.md`?,\s+"([^"]+)"', path.read_text("utf-8"))
    }
    headings = re.findall(
        r"^## (.+)$", (ROOT / "docs" / "wire.md").read_text("utf-8"), re.MULTILINE
    )
    assert cited
    assert cited <= set(headings)


def test_every_decision_that_is_cited_is_there_and_listed() -> None:
    folder = ROOT / "docs" / "decisions"
    files = {path.name for path in folder.glob("0*.md")}
    cited = {
        number
        for path in PACKAGE.rglob("*.py")
        for number in re.findall(r"docs/decisions/(\w+)", path.read_text("utf-8"))
    }
    assert cited
    assert cited <= {name[:4] for name in files}
    listed = re.findall(r"\]\((.+?)\)", (folder / "README.md").read_text("utf-8"))
    assert sorted(listed) == sorted(files)
