"""`mentor-school defs`: what it prints, and how it ends."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from server.cli import run
from server.kernel import places
from server.model.schemas import schema_files

GOOD_FORM = """form: trial
title: {ru: Проба, en: Trial}
fields:
  - {field: told, type: note, label: {ru: Здравствуйте, en: Hello}}
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_what_ships_has_no_problem(here, capsys):
    assert run(["defs", "check", "--lang", "en"]) == 0
    assert capsys.readouterr().out.startswith("No problems. Files read:")


def test_a_single_file_is_checked_among_all_that_ships(here, capsys):
    (here / "trial.yaml").write_text(GOOD_FORM)

    assert run(["defs", "check", "trial.yaml", "--lang", "en"]) == 0
    assert capsys.readouterr().out == "No problems. Files read: 1.\n"


def test_every_mistake_is_a_line_with_its_place_as_typed(here, capsys):
    spoilt = GOOD_FORM.replace("type: note", "type: nota").replace("title", "titel")
    (here / "trial.yaml").write_text(spoilt)

    assert run(["defs", "check", "trial.yaml", "--lang", "en"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("trial.yaml:1:1: KEY-MISSING ")
    assert lines[1].startswith(
        "trial.yaml:2:1: KEY-UNKNOWN There is no key “titel” here. Did you mean “title”?"
    )
    assert lines[2].startswith("trial.yaml:4:25: VALUE-CHOICE ")
    assert len(lines) == 3


def test_a_broken_file_is_told_in_the_same_form(here, capsys):
    (here / "trial.yaml").write_text("form: trial\nform: again\n")

    assert run(["defs", "check", "trial.yaml", "--lang", "en"]) == 1
    assert capsys.readouterr().out == (
        "trial.yaml:2:1: YAML-DUPLICATE The key “form” is already in line 1. Remove one of them.\n"
    )


def test_problems_as_json_hold_place_code_reason_and_way(here, capsys):
    folder = here / "defs"
    shutil.copytree(places.workflow_defs(), folder)
    file = folder / "consents" / "processing.yaml"
    file.write_text(
        file.read_text().replace("pause: [photo, voice, review]", "pause: [photo, voice]")
    )

    assert run(["defs", "check", "defs", "--json", "--lang", "en"]) == 1
    (problem, *_) = json.loads(capsys.readouterr().out)
    assert problem["file"] == "defs/workflows/minor_enrolment.yaml"
    assert problem["code"] == "WITHDRAWAL-NOT-PAUSED"
    assert problem["trail"][-1] == "the consent processing is withdrawn"
    assert problem["line"] > 1
    assert problem["warning"] is False


def test_a_reason_is_shown_beneath(here, capsys):
    shipped = (places.workflow_defs() / "consents" / "photo.yaml").read_text()
    (here / "photo.yaml").write_text(shipped + "required: true\n")

    assert run(["defs", "check", "photo.yaml", "--lang", "en"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert "REQUIRED-PURPOSE" in lines[0]
    assert lines[1].startswith("  Law: A guardian's consent (Federal Law 152-FZ")


def test_a_warning_alone_is_no_refusal(here, capsys):
    long = "слово " * 200 + "конец.\n"
    shipped = (places.workflow_defs() / "consents" / "photo.teen.ru.md").read_text()
    (here / "photo.teen.ru.md").write_text(long + shipped)

    assert run(["defs", "check", "photo.teen.ru.md", "--lang", "en"]) == 0
    assert "TEXT-LONG" in capsys.readouterr().out


def test_settings_are_carried_out_before_the_checks(here, capsys):
    settings = """settings: trial
model: "1.0"
variant: strict
changes:
  - {change: hide, at: minor_questionnaire.days}
"""
    (here / "school.yaml").write_text(settings.replace("strict", "flexible"))
    (here / "strict.yaml").write_text(settings)

    assert run(["defs", "check", "--overlay", "school.yaml", "--lang", "en"]) == 0
    assert run(["defs", "check", "--overlay", "strict.yaml", "--json", "--lang", "en"]) == 1
    out = capsys.readouterr().out
    problem = json.loads(out[out.index("[") :])[0]
    assert (problem["file"], problem["line"]) == ("strict.yaml", 5)


def test_a_path_that_is_not_there_is_wrong_use(here, capsys):
    assert run(["defs", "check", "nowhere.yaml"]) == 2


def test_a_file_that_says_nothing_of_what_it_is(here, capsys):
    (here / "x.yaml").write_text("a: 1\n")

    assert run(["defs", "check", "x.yaml", "--lang", "en"]) == 1
    assert "FILE-KIND" in capsys.readouterr().out


def test_schemas_are_written(here, capsys):
    assert run(["defs", "schema", "--to", "out"]) == 0
    assert {f.name: f.read_text() for f in (here / "out").iterdir()} == schema_files()


def test_a_workflow_is_drawn(here, capsys):
    assert run(["defs", "diagram", "minor_enrolment", "--lang", "en"]) == 0
    assert "decision -- Accept --> end_enrolled" in capsys.readouterr().out
    assert run(["defs", "diagram", "nothing", "--lang", "en"]) == 1
