"""Mistakes of every layer, over several files, come together and in the reader's language."""

# ruff: noqa: E501 - a row of a table stays in one line

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from server.cli import run
from server.kernel import places
from server.model.bundle import read_sources
from server.model.checks import check_sources
from server.words.problems import line

# The file, what stood there, what stands there, and the code that this must lead to.
SPREAD = [
    # no YAML at all, and keys that nobody knows
    ("forms/child_talk.yaml", "type: yes_no", 'type: "yes_no', "YAML-SYNTAX"),
    ("forms/withdrawal.yaml", "required: true", "requierd: true", "KEY-UNKNOWN"),
    ("model.yaml", "percent: 30", "percent: true", "VALUE-TYPE"),
    # names across files
    ("forms/minor_questionnaire.yaml", "why: model.matching", "why: model.matchin", "TARGET-UNKNOWN"),
    ("consents/photo.yaml", "open: stop_photos", "open: stop_foto", "TARGET-UNKNOWN"),
    # order in one workflow
    ("workflows/consent_renewal.yaml", "7 days, 12 days", "12 days, 7 days", "REMIND-ORDER"),
    ("workflows/consent_withdrawal.yaml", "letter: withdrawal_done", "letter: withdrawl_done", "TARGET-UNKNOWN"),
    # a text that cannot be read, and one with a place that nothing fills
    ("consents/photo.en.md", "{{operator_name}}", "{{operator}}", "TEXT-PLACE-NOT-KNOWN"),
    ("consents/participation.teen.en.md", "\n", "\n\t", "YAML-TAB"),
]  # fmt: skip
# What only a walk through another workflow shows.
HASTY = """workflow: hasty
title: {ru: Спешка, en: Haste}
start: [{by: guardian, door: school_link}]
parties: {guardian: {reach: link}, mentee: {reach: link}, coordinator: {scope: school}}
stages:
  - stage: request
    steps: [{form: place_request, by: guardian}]
  - stage: consents
    steps: [{consent: processing}]
  - stage: review
    steps:
      - {form: minor_questionnaire, by: mentee}
      - review: decision
        by: [coordinator]
        outcomes:
          - {outcome: accept, label: {ru: Да, en: "Yes"}, to: done}
          - {outcome: decline, label: {ru: Нет, en: "No"}, to: done}
ends: [done]
end_labels: {done: {ru: Всё, en: Done}}
"""
FOUND = {
    *((file, code) for file, _, _, code in SPREAD),
    ("workflows/consent_withdrawal.yaml", "TASK-NEVER"),  # the other end of `stop_foto`
    ("workflows/hasty.yaml", "CASE-STUCK"),
    ("workflows/hasty.yaml", "DATA-BEFORE-CONSENT"),
}


@pytest.fixture
def spread(sources: dict[str, str]) -> dict[str, str]:
    for file, before, after, _ in SPREAD:
        assert before in sources[file], (file, before)
        sources[file] = sources[file].replace(before, after, 1)
    return {**sources, "workflows/hasty.yaml": HASTY}


def test_no_mistake_hides_another_and_none_is_made_up(spread):
    bundle, problems = check_sources(spread)

    assert bundle is None
    found = {(problem.place.file, problem.code) for problem in problems if problem.place}
    assert found == FOUND


@pytest.mark.parametrize("file", [row[0] for row in SPREAD])
def test_a_file_that_cannot_be_read_at_all_leads_to_no_other_complaint(sources, file):
    if file.endswith(".md"):
        sources[file] = "\x00"
    else:
        sources[file] = "{"

    _, problems = check_sources(sources)

    assert {problem.place.file for problem in problems if problem.place} == {file}


def test_a_release_with_a_mistake_is_none_however_much_of_it_is_good(spread):
    assert read_sources(spread)[0] is None


def test_the_command_line_shows_them_all_of_a_folder_and_of_single_files(
    spread, tmp_path: Path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(places.workflow_defs(), "defs")
    for file, content in spread.items():
        (tmp_path / "defs" / file).write_text(content)

    assert run(["defs", "check", "defs", "--json", "--lang", "en"]) == 1
    whole = {(one["file"], one["code"]) for one in json.loads(capsys.readouterr().out)}
    changed = [f"defs/{file}" for file in sorted({file for file, _ in FOUND})]
    assert run(["defs", "check", *changed, "--json", "--lang", "en"]) == 1
    single = {(one["file"], one["code"]) for one in json.loads(capsys.readouterr().out)}

    assert whole == {(f"defs/{file}", code) for file, code in FOUND}
    assert single == whole


def test_russian_output_holds_no_english_beside_names_of_the_files(spread):
    spread["workflows/late.yaml"] = HASTY.replace("hasty", "late").replace(
        "{form: minor_questionnaire, by: mentee}",
        "{form: minor_questionnaire, by: mentee, due: {in: 0 days}}",
    )
    spread["workflows/two.yaml"] = HASTY.replace("hasty", "two").replace(
        "by: [coordinator]", "by: [coordinator]\n        approvals: many"
    )
    spread["forms/broken.yaml"] = "form: broken\n  title: x: y\n"
    spread["forms/open.yaml"] = "form: [open\ntitle: x\n"
    written = set(re.findall(r"[A-Za-z]+", " ".join([*spread, *spread.values()])))
    # Codes, kinds of files and keys of the language itself.
    allowed = written | {"YAML", "UTF", "KB", "anyOf", "xn"} | set("UPFW")

    _, problems = check_sources(spread)

    assert len(problems) > 12
    for problem in problems:
        told = line(problem, "ru").replace(problem.code, "")
        known = {word for fact in ("allowed", "known", "folders", "kinds") for word in
                 re.findall(r"[A-Za-z]+", str(problem.facts.get(fact, "")))}  # fmt: skip
        wanted = re.findall(r"'([a-z_]+)'", str(problem.facts.get("wanted", "")))
        assert set(re.findall(r"[A-Za-z]+", told)) - allowed - known - set(wanted) == set(), told
