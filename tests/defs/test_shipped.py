"""What ships is sound, is what the golden files say, and its schemas are current."""

from __future__ import annotations

import json
import os
from pathlib import Path

import jsonschema_rs
import pytest
import yaml

import server
from server.kernel import places
from server.kernel.text import LOCALES
from server.kernel.yaml import Document, load
from server.model.bundle import Bundle
from server.model.checks import check
from server.model.schemas import schema_files
from server.workflows.compiled import compile_workflow
from server.workflows.definition import NotifyStep
from server.workflows.diagram import mermaid

HERE = os.path.dirname(__file__)
SHIPPED = {
    "workflow": ("minor_enrolment", "consent_withdrawal"),
    "form": (
        "guardian_contact", "place_request", "child_talk", "child_voice", "minor_questionnaire",
        "withdrawal",
    ),
    "consent": ("processing", "participation", "photo"),
}  # fmt: skip


def test_what_ships_has_no_problem_and_no_warning(bundle):
    assert check(bundle) == []


@pytest.mark.parametrize("variant", ["strict", "standard", "flexible"])
def test_it_holds_in_every_variant(bundle, variant):
    assert check(bundle, variant=variant) == []


def test_all_that_should_ship_is_there(bundle):
    for kind, names in SHIPPED.items():
        assert set(names) <= set(getattr(bundle, f"{kind}s"))


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind, names in SHIPPED.items() for name in names]
)
def test_a_definition_is_what_its_golden_file_says(bundle: Bundle, kind, name):
    """A change of what ships is seen in the golden file: write it anew with GOLDEN=write."""
    golden = os.path.join(HERE, "golden", f"{name}.{kind}.txt")
    content = normalised(bundle, kind, name)
    if os.environ.get("GOLDEN") == "write":
        os.makedirs(os.path.dirname(golden), exist_ok=True)
        with open(golden, "w", encoding="utf-8") as stream:
            stream.write(content)
    with open(golden, encoding="utf-8") as stream:
        assert content == stream.read()


def normalised(bundle, kind, name):
    spec = getattr(bundle, f"{kind}s")[name]
    raw = spec.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    text = yaml.safe_dump(raw, allow_unicode=True, sort_keys=False, width=100)
    if kind != "workflow":
        return text
    compiled = compile_workflow(spec, bundle.forms, bundle.consents)
    return text + "\n" + "\n".join(mermaid(compiled, locale) for locale in LOCALES)


def test_the_schemas_are_current():
    folder = places.workflow_defs() / "schema"

    for name, content in schema_files().items():
        assert (folder / name).read_text(encoding="utf-8") == content, (
            f"{name} is old: run `mentor-school defs schema`"
        )


def test_every_shipped_file_names_its_schema(sources):
    for name, content in sources.items():
        if name.endswith(".yaml"):
            first = content.split("\n", 1)[0]
            folder, _, path = first.partition("$schema=")
            assert folder == "# yaml-language-server: ", name
            target = os.path.normpath(os.path.join(os.path.dirname(name), path))
            assert (places.workflow_defs() / target).is_file(), name


@pytest.mark.parametrize(
    ("kind", "folder"), [("workflow", "workflows"), ("form", "forms"), ("consent", "consents")]
)
def test_the_schemas_allow_what_ships_and_refuse_a_misspelt_key(sources, kind, folder):
    checker = jsonschema_rs.Draft202012Validator(json.loads(schema_files()[f"{kind}.json"]))

    for name, content in sources.items():
        if name.startswith(f"{folder}/") and name.endswith(".yaml"):
            document = load(content, file=name)
            assert isinstance(document, Document)
            assert [error.message for error in checker.iter_errors(document.data)] == [], name
            assert not checker.is_valid({**document.data, "titel": {"ru": "Опечатка"}})


def test_no_field_asks_for_worries_or_for_whom_to_avoid(bundle):
    """Nobody could read the answer before a tutor exists (DECISIONS.md 9)."""
    names = {spec.field for form in bundle.forms.values() for spec in form.fields}

    assert names.isdisjoint({"worries", "who_not"})


def test_before_consent_only_the_place_request_is_asked(bundle):
    asked = {spec.is_ for spec in bundle.forms["place_request"].fields}

    assert asked == {
        "guardian.full_name", "guardian.capacity", "mentee.full_name", "mentee.birth_date",
    }  # fmt: skip


def test_only_processing_and_a_permission_are_required(bundle):
    required = {one.consent: one.kind for one in bundle.consents.values() if one.required}

    assert required == {"processing": "data", "participation": "permission"}


def test_every_letter_is_written_in_both_languages(bundle):
    letters = Path(server.__file__).parent / "letters"
    named = {
        letter.letter
        for spec in bundle.workflows.values()
        for several in spec.end_letters.values()
        for letter in several
    }
    named |= {
        step.letter
        for spec in bundle.workflows.values()
        for stage in spec.stages
        for step in stage.steps
        if isinstance(step, NotifyStep)
    }

    assert [
        f"{name}.{locale}"
        for name in sorted(named)
        for locale in LOCALES
        if not (letters / f"{name}.{locale}.txt").is_file()
    ] == []
