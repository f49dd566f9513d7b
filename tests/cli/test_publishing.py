"""`mentor-school defs publish`: the same service that the API calls, with places as typed."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from server.access.actors import SYSTEM
from server.cli import run
from server.kernel.places import workflow_defs
from server.runtime import Runtime
from server.services.model import releases
from server.store import definitions

Publish = Callable[..., tuple[int, str]]
FORM = "forms/withdrawal.yaml"


@pytest.fixture
def publish(
    runtime: Runtime,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Publish:
    """Runs the command in a folder of its own beside an installation with the shipped release."""
    for name in [name for name in os.environ if name.startswith("MENTOR_SCHOOL_")]:
        monkeypatch.delenv(name)
    for name, value in {
        "DATABASE_URL": runtime.settings.database_url,
        "REDIS_URL": "none",
        "MENTOR_SCHOOL_DATA": str(runtime.settings.data.path),
        "MENTOR_SCHOOL_SANDBOX": "yes",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    with runtime.tools.begin(SYSTEM) as work:
        releases.load_shipped(work)

    def call(*words: str) -> tuple[int, str]:
        capsys.readouterr()
        code = run(["--lang", "en", "defs", "publish", *words])
        said = capsys.readouterr()
        return code, said.out + said.err

    return call


def _numbers(runtime: Runtime) -> list[str]:
    with runtime.tools.begin(SYSTEM) as work:
        return [row.number for row in definitions.releases(work.session)]


def _reworded() -> str:
    return (workflow_defs() / FORM).read_text().replace("title: {ru: ", "title: {ru: Про ", 1)


def test_a_single_file_takes_the_place_of_the_published_one(
    runtime: Runtime, publish: Publish, tmp_path: Path
) -> None:
    (tmp_path / "any_name.yaml").write_text(_reworded())

    code, said = publish("any_name.yaml", "--note", "plainer words")

    newest = _numbers(runtime)[0]
    assert (code, said) == (0, f"Published: release {newest}.\n")
    assert newest.startswith("1.0+")
    with runtime.tools.begin(SYSTEM) as work:
        assert definitions.releases(work.session)[0].note == "plainer words"


def test_a_whole_folder_is_published_and_told_as_json(
    runtime: Runtime, publish: Publish, tmp_path: Path
) -> None:
    shutil.copytree(workflow_defs(), tmp_path / "defs")
    (tmp_path / "defs" / FORM).write_text(_reworded())

    code, said = publish("defs", "--json")

    found: dict[str, Any] = json.loads(said)
    assert code == 0
    assert found["release"] == _numbers(runtime)[0]
    assert not [one for one in found["problems"] if not one["warning"]]


def test_a_dry_run_publishes_nothing(runtime: Runtime, publish: Publish, tmp_path: Path) -> None:
    (tmp_path / "form.yaml").write_text(_reworded())

    assert publish("form.yaml", "--dry-run") == (0, "No problems. Files read: 1.\n")
    assert _numbers(runtime) == ["1.0"]


def test_what_does_not_hold_is_told_with_its_place_and_nothing_is_published(
    runtime: Runtime, publish: Publish, tmp_path: Path
) -> None:
    (tmp_path / "form.yaml").write_text(_reworded().replace("title:", "titel:"))

    code, said = publish("form.yaml")

    assert code == 1
    assert said.startswith("form.yaml:")
    assert "KEY-UNKNOWN" in said
    assert _numbers(runtime) == ["1.0"]


def test_other_words_of_a_consent_under_its_published_date_are_refused_with_the_place_of_the_date(
    runtime: Runtime, publish: Publish, tmp_path: Path
) -> None:
    shutil.copytree(workflow_defs(), tmp_path / "defs")
    body = tmp_path / "defs/consents/processing.ru.md"
    body.write_text(body.read_text() + "\n\nСведения получит и рекламодатель.\n")

    for words in (("defs",), ("defs", "--dry-run")):
        code, said = publish(*words)

        line = next(one for one in said.splitlines() if "EDITION-SAME" in one)
        assert code == 1
        assert re.search(r"consents/processing\.yaml:\d+:\d+: EDITION-SAME", line)
        assert "consents/processing.ru.md" in line
    assert _numbers(runtime) == ["1.0"]


@pytest.mark.parametrize(
    ("content", "said"),
    [("settings: x\nmodel: '1.0'\nvariant: strict\n", "FILE-KIND"), ("form: [", "YAML-SYNTAX")],
)
def test_what_is_no_definition_is_refused(
    runtime: Runtime, publish: Publish, tmp_path: Path, content: str, said: str
) -> None:
    (tmp_path / "x.yaml").write_text(content)

    code, told = publish("x.yaml")

    assert code == 1
    assert said in told
    assert _numbers(runtime) == ["1.0"]


def test_what_was_published_before_is_nothing_new(publish: Publish) -> None:
    code, said = publish(str(workflow_defs()))

    assert code == 1
    assert said == "Nothing is new: this was published before.\n"


def test_a_path_that_is_not_there_is_wrong_use(publish: Publish) -> None:
    assert publish("nowhere.yaml")[0] == 2
    assert publish()[0] == 2
