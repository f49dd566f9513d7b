"""The shipped definitions, compiled, and small workflows written in a test."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from server.kernel import places
from server.model.bundle import Bundle, read_folder
from server.model.reading import read
from server.workflows.compiled import Compiled, compile_workflow
from server.workflows.definition import WorkflowSpec


@pytest.fixture(scope="session")
def bundle() -> Bundle:
    found, problems = read_folder(places.workflow_defs())
    assert problems == []
    assert found is not None
    return found


@pytest.fixture(scope="session")
def enrolment(bundle: Bundle) -> Compiled:
    return compile_workflow(bundle.workflows["minor_enrolment"], bundle.forms, bundle.consents)


@pytest.fixture(scope="session")
def strict_enrolment(bundle: Bundle) -> Compiled:
    spec = bundle.workflows["minor_enrolment"]
    return compile_workflow(spec, bundle.forms, bundle.consents, bundle.numbers("strict"))


@pytest.fixture(scope="session")
def withdrawal(bundle: Bundle) -> Compiled:
    return compile_workflow(bundle.workflows["consent_withdrawal"], bundle.forms, bundle.consents)


@pytest.fixture
def workflow() -> Callable[[str], WorkflowSpec]:
    """Stages, and what follows them, as a workflow with a guardian, a child and a coordinator."""

    def written(stages: str) -> WorkflowSpec:
        spec = read(WorkflowSpec, HEAD + stages, file="trial.yaml")
        assert isinstance(spec, WorkflowSpec), spec
        return spec

    return written


HEAD = """
workflow: trial
title: {ru: Проба, en: Trial}
start: [{by: guardian, door: school_link}]
parties:
  guardian: {reach: link}
  mentee: {reach: link}
  coordinator: {scope: school}
"""
