"""What the docs list is what there is; what they link to, exists."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from dev import papers
from dev.pictures import LANGUAGES, MOST_BYTES, PICTURES, SHOTS
from server.forms.fields import FIELD_TYPES
from server.http.context import kinds
from server.services.accounts.people import STAFF_ROLES

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def test_what_the_code_tells_stands_in_the_docs_as_it_is_now():
    # In a process of its own: other tests turn the commands' help into Russian.
    command = [sys.executable, "-m", "dev.papers", "--check"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert told.returncode == 0, told.stdout + told.stderr


def test_every_part_that_the_code_tells_has_its_place():
    placed = {
        name
        for page in DOCS.rglob("*.md")
        for name in re.findall(r"<!-- told by the code: ([a-z ]+) -->", page.read_text("utf-8"))
    }

    assert placed == set(papers.PARTS)


def test_the_house_keeps_its_shape():
    """Fewer than half of the possible arrows between packages; the biggest under a fifth."""
    found = re.search(r"(\d+) packages, (\d+) of (\d+) possible", papers.imports())
    assert found is not None
    sizes: dict[str, int] = {}
    for file in (ROOT / "server").rglob("*.py"):
        package = file.relative_to(ROOT / "server").parts[0]
        sizes[package] = sizes.get(package, 0) + len(file.read_text("utf-8").splitlines())

    assert int(found[2]) * 2 < int(found[3])
    assert max(sizes.values()) * 5 < sum(sizes.values())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(page):
    for target in _LINK.findall(_FENCE.sub("", page.read_text("utf-8"))):
        if target.startswith("http"):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        if file.parent == PICTURES:
            picture, language, _ = file.name.split(".")
            assert (picture in SHOTS, language in LANGUAGES) == (True, True), target
            continue
        assert file.exists(), target
        assert not anchor or anchor in _anchors(file), target


@pytest.mark.parametrize(("page", "language"), [("README.md", "en"), ("README.ru.md", "ru")])
def test_the_first_page_shows_the_main_pages(page, language):
    shown = re.findall(r"docs/pictures/(\w+)\.(\w+)\.png", (ROOT / page).read_text("utf-8"))

    assert {each[1] for each in shown} == {language}
    assert {each[0] for each in shown} >= {"start", "consent", "check", "desk", "card", "editor"}


def test_pictures_are_light():
    for picture in PICTURES.glob("*.png"):
        assert picture.stat().st_size <= MOST_BYTES, picture.name


def test_the_two_commands_are_there():
    makefile = (ROOT / "Makefile").read_text("utf-8")
    readme = (ROOT / "README.md").read_text("utf-8")

    for command in re.findall(r"^    make (\w+)", readme, re.MULTILINE):
        assert re.search(rf"^{command}:", makefile, re.MULTILINE), command
    assert "mentor-school up --demo --sandbox" in makefile


def test_every_decision_is_listed_and_has_three_parts():
    listed = (DOCS / "adr" / "README.md").read_text("utf-8")

    for number, page in enumerate(sorted((DOCS / "adr").glob("0*.md")), start=1):
        text = page.read_text("utf-8")
        assert text.startswith(f"# {number:04}. ")
        assert [line for line in text.splitlines() if line.startswith("## ")] == [
            "## Context",
            "## Decision",
            "## What follows",
        ]
        assert f"({page.name})" in listed


def test_every_page_is_in_the_index():
    index = (DOCS / "README.md").read_text("utf-8")

    for page in DOCS.glob("*.md"):
        assert page.name == "README.md" or f"({page.name})" in index


def test_every_field_type_door_and_role_is_documented():
    definitions = (DOCS / "writing-definitions.md").read_text("utf-8")
    permissions = (DOCS / "permissions.md").read_text("utf-8")
    guide = (DOCS / "admin-guide.md").read_text("utf-8")

    assert [name for name in FIELD_TYPES if f"`{name}`" not in definitions] == []
    assert [name for name in kinds() if f"| `{name}` |" not in permissions] == []
    assert [name for name in STAFF_ROLES if f"`{name}`" not in guide] == []


def _anchors(page: Path) -> set[str]:
    """The anchors that headings of a page have on the usual hosts."""
    titles = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", title.lower()).strip() for title in titles)
    return {title.replace(" ", "-") for title in plain}
