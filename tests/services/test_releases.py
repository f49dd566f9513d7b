"""A published consent keeps its words: whoever publishes others says so by a later edition."""

from __future__ import annotations

from pathlib import Path

import pytest

from server.access.actors import SHELL
from server.kernel import places
from server.kernel.errors import DefinitionRefused
from server.kernel.text import LOCALES
from server.services.model import releases
from server.words.problems import line
from tests.factories import School, republished

SPEC = "consents/processing.yaml"
BODY = "consents/processing.ru.md"


@pytest.mark.parametrize(
    ("file", "before", "after", "changed"),
    [
        (BODY, "", "\n\nСведения получит и рекламодатель.\n", BODY),
        (SPEC, "Разрешаете школе работать", "Разрешаете всем работать", "question"),
        (SPEC, "Какие сведения", "Что узнают", "summary"),
        (SPEC, "classes: [contact, identity", "classes: [contact, special, identity", "classes"),
    ],
)
def test_other_words_under_the_same_date_are_refused_with_the_place_of_the_date(
    school: School, file: str, before: str, after: str, changed: str
) -> None:
    source = _shipped(file)
    spoilt = source.replace(before, after, 1) if before else source + after

    checked = _check(school, {file: spoilt})
    with pytest.raises(DefinitionRefused) as refused:
        _publish(school, {file: spoilt})

    problem = next(one for one in refused.value.problems if one.code == "EDITION-SAME")
    assert problem in checked.problems
    assert checked.refused
    assert problem.facts == {
        "consent": "processing",
        "published": "2026-09-01",
        "changed": [changed],
    }
    assert problem.place is not None
    assert problem.place.file == SPEC
    assert _shipped(SPEC).split("\n")[problem.place.line - 1].startswith("edition:")
    for locale in LOCALES:
        assert "2026-09-01" in line(problem, locale)


def test_an_edition_never_goes_back(school: School) -> None:
    republished(school, "processing", "2026-09-05")

    with pytest.raises(DefinitionRefused) as refused:
        republished(school, "processing", "2026-09-04")

    assert [one.code for one in refused.value.problems] == ["EDITION-BACK"]


def test_the_child_s_own_words_and_what_nobody_signs_need_no_new_edition(school: School) -> None:
    plain = "consents/processing.child.ru.md"
    paused = _shipped(SPEC).replace("code: F09", "code: F10")

    assert _publish(school, {plain: _shipped(plain) + "\n\nСпроси.\n", SPEC: paused})


def test_what_ships_is_held_to_the_same(school: School, shipped_elsewhere: Path) -> None:
    body = shipped_elsewhere / BODY
    body.write_text(body.read_text() + "\n\nСведения получит и рекламодатель.\n")

    with pytest.raises(DefinitionRefused) as refused, school.tools.begin(SHELL) as work:
        releases.load_shipped(work)

    assert [one.code for one in refused.value.problems] == ["EDITION-SAME"]


def test_an_update_of_the_product_leaves_a_later_text_of_the_platform_in_force(
    school: School, shipped_elsewhere: Path
) -> None:
    republished(school, "processing", "2026-09-05")
    form = shipped_elsewhere / "forms/minor_questionnaire.yaml"
    form.write_text(form.read_text().replace("en: School year", "en: Year at school"))

    with school.tools.begin(SHELL) as work:
        releases.load_shipped(work)

    with school.tools.begin(SHELL) as work:
        newest = releases.all_releases(work)[0]
        bundle = work.ready(newest.hash, "standard").bundle
    assert bundle.consents["processing"].edition.isoformat() == "2026-09-05"
    assert "за 5 рабочих дней" in (bundle.text_of("processing", "ru") or "")
    assert "Year at school" in str(bundle.to_json()["forms"])


@pytest.fixture
def shipped_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of what ships, taken for it: an update of the product that a test may write."""
    for name in places.workflow_defs().rglob("*"):
        if name.is_file():
            copy = tmp_path / name.relative_to(places.workflow_defs())
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(name.read_bytes())
    monkeypatch.setattr(places, "workflow_defs", lambda: tmp_path)
    return tmp_path


def _shipped(file: str) -> str:
    return (places.workflow_defs() / file).read_text(encoding="utf-8")


def _check(school: School, sources: dict[str, str]) -> releases.Checked:
    with school.tools.begin(SHELL) as work:
        return releases.check_sources(work, sources=dict(sources))


def _publish(school: School, sources: dict[str, str]) -> str:
    with school.tools.begin(SHELL) as work:
        return releases.publish(work, sources=dict(sources), note="")
