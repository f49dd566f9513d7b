"""A bundle is what its content says, whatever machine read it; a folder cannot smuggle."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from server.kernel import places
from server.kernel.canonical import canonical
from server.model.bundle import MAX_FILES, Bundle, read_folder, read_sources


def test_it_goes_through_json_unchanged(bundle):
    stored = json.loads(json.dumps(bundle.to_json()))
    back = Bundle.from_json(stored)

    assert back == bundle
    assert back.hash == bundle.hash
    assert canonical(back.to_json()) == canonical(bundle.to_json())


def test_the_hash_is_of_the_content_and_not_of_how_it_is_written(bundle, sources):
    commented = {
        name: f"{text}\n# seen\n" for name, text in sources.items() if name[-5:] == ".yaml"
    }
    again, problems = read_sources({**sources, **commented})
    dos, _ = read_sources({name: text.replace("\n", "\r\n") for name, text in sources.items()})

    assert problems == []
    assert again.hash == bundle.hash == dos.hash


def test_a_changed_word_changes_its_document_and_the_whole(bundle, sources):
    file = "forms/minor_questionnaire.yaml"
    changed, _ = read_sources({**sources, file: sources[file].replace("Твоя цель", "Моя цель")})

    assert changed.hash != bundle.hash
    different = {name for name in bundle.hashes if bundle.hashes[name] != changed.hashes[name]}
    assert different == {"form:minor_questionnaire"}


def test_nothing_in_it_can_be_changed(bundle):
    with pytest.raises(TypeError):
        bundle.forms["new"] = bundle.forms["withdrawal"]
    with pytest.raises(TypeError):
        bundle.legal["ru"]["grounds"] = ()
    with pytest.raises(AttributeError):
        bundle.legal["ru"]["grounds"].append(1)


def test_texts_are_found_by_consent_language_and_age(bundle):
    assert "{{child_name}}" in bundle.text_of("processing", "ru")
    assert bundle.text_of("processing", "de") is None  # never another language in its place
    assert bundle.companion_of("photo", 8, "ru") == bundle.texts["photo.child"]["ru"]
    assert bundle.companion_of("photo", 15, "en") == bundle.texts["photo.teen"]["en"]
    assert bundle.companion_of("photo", 5, "ru") is None
    assert "ru" in bundle.texts["signature_rules"]


def test_numbers_follow_the_variant(bundle):
    assert bundle.numbers("strict")["P13"] == 2
    assert bundle.numbers("standard")["P13"] == 1


STRANGE = [
    # the path of a file, what is said of it
    ("forms/Анкета.yaml", "FILE-NAME"),
    ("forms/..yaml", "FILE-NAME"),
    ("../forms/x.yaml", "FILE-NAME"),
    ("/etc/x.yaml", "FILE-NAME"),
    ("forms/a/b.yaml", "FILE-NAME"),
    (f"forms/{'x' * 300}.yaml", "FILE-NAME"),
    ("forms/CON.yaml", "FILE-NAME"),
    ("forms/fоrm.yaml", "FILE-NAME"),  # the second letter is Cyrillic
    ("extra.yaml", "FILE-NAME"),
    ("consents/x.md", "FILE-NAME"),
]


@pytest.mark.parametrize(("path", "code"), STRANGE)
def test_a_file_in_a_strange_place_is_refused(sources, path, code):
    bundle, problems = read_sources({**sources, path: "form: x\n"})

    assert bundle is None
    assert [problem.code for problem in problems] == [code]


def test_a_file_called_otherwise_than_its_id_is_refused(sources):
    sources["forms/other.yaml"] = sources["forms/withdrawal.yaml"]
    bundle, problems = read_sources(sources)

    assert bundle is None
    assert [(p.code, p.facts["file"]) for p in problems] == [("FILE-ID", "withdrawal.yaml")]


def test_without_the_limits_or_the_law_there_is_no_bundle(sources):
    for missing, code in (("model.yaml", "FILE-MODEL"), ("legal/ru.yaml", "FILE-LEGAL")):
        bundle, problems = read_sources({k: v for k, v in sources.items() if k != missing})
        assert bundle is None
        assert [problem.code for problem in problems] == [code]


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path):
    (tmp_path / "forms").mkdir()
    (tmp_path / "forms" / "withdrawal.yaml").symlink_to("/etc/passwd")

    bundle, problems = read_folder(tmp_path)

    assert bundle is None
    assert "FILE-LINK" in [problem.code for problem in problems]


def test_a_folder_without_end_is_refused_unread(tmp_path: Path):
    for number in range(MAX_FILES + 1):
        (tmp_path / f"f{number}.yaml").touch()

    _, problems = read_folder(tmp_path)

    assert problems[0].code == "FILE-MANY"


def test_tests_of_definitions_and_schemas_lie_beside_unread(sources, bundle):
    more = {"workflows/x.test.yaml": "[", "schema/form.json": "{", "README.md": "#"}
    again, problems = read_sources({**sources, **more})

    assert problems == []
    assert again.hash == bundle.hash
    assert (places.workflow_defs() / "model.yaml").is_file()
