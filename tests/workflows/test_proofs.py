"""What the walk through every way proves, and the shortest way it shows where a demand breaks."""

# ruff: noqa: E501 - a row of a table stays in one line

from __future__ import annotations

import pytest

from server.words.problems import say_turn
from server.workflows.compiled import compile_workflow
from server.workflows.proofs import prove

CONSENTS = """
  - stage: consents
    sign: package
    steps: [{consent: processing}, {consent: participation}]
"""
REQUEST = """
stages:
  - {stage: request, steps: [{form: place_request, by: guardian}]}
"""
DECISION = """
      - review: decision
        by: [coordinator]
        outcomes:
          - {outcome: accept, label: {en: Accept}, to: enrolled}
          - {outcome: decline, label: {en: Decline}, to: declined}
"""
BOTH_ENDS = "    refused: {processing: declined, participation: declined}\n"
ENDS = "ends: [enrolled, declined]\n"


def told(problem):
    """The way to a problem as people read it."""
    return tuple(say_turn(turn, "en") for turn in problem.trail)


def at_age(age):
    return ("guardian", "mentee") if age >= 14 else ("guardian",)


@pytest.fixture
def proved(bundle, workflow):
    """The findings in a workflow of these stages, by code."""

    def run(stages, **more):
        compiled = compile_workflow(workflow(stages), bundle.forms, bundle.consents)
        found = prove(compiled, consents=bundle.consents, signers_at=at_age, **more)
        return {problem.code: problem for problem in found}

    return run


def test_the_shipped_workflows_are_proved(bundle):
    for name in bundle.workflows:
        compiled = compile_workflow(bundle.workflows[name], bundle.forms, bundle.consents)
        raised = frozenset({"close_application", "stop_photos"})
        found = prove(compiled, consents=bundle.consents, signers_at=at_age, raised=raised)
        assert found == []


def test_a_questionnaire_before_its_consent_is_shown_with_the_way_there(proved):
    found = proved(REQUEST + "  - stage: review\n    steps:\n"
                   "      - {form: minor_questionnaire, by: mentee}" + DECISION + ENDS)  # fmt: skip

    problem = found["DATA-BEFORE-CONSENT"]
    assert problem.facts == {"form": "minor_questionnaire", "consent": "processing"}
    assert told(problem) == ("age 0: start", "guardian: fill in place_request")
    assert problem.at == "trial.minor_questionnaire"


def test_a_refused_consent_that_leads_nowhere_leaves_the_case_stuck(proved):
    found = proved(
        REQUEST + CONSENTS + "    refused: {participation: declined}\n"
        "  - stage: review\n    gate: {given: [processing, participation]}\n    steps:\n"
        "      - {form: minor_questionnaire, by: mentee}" + DECISION + ENDS
    )

    assert list(found) == ["CASE-STUCK"]
    assert told(found["CASE-STUCK"]) == (
        "age 0: start",
        "guardian: fill in place_request",
        "guardian: sign processing refused, participation given",
    )


def test_without_a_gate_a_teenager_could_be_decided_on_before_signing(proved):
    found = proved(
        REQUEST + CONSENTS + BOTH_ENDS + "  - stage: review\n    steps:" + DECISION + ENDS +
        "requires: [{before: decision, given: [processing], why: law.ru.152fz.9}]\n"
    )  # fmt: skip

    problem = found["REQUIRES"]
    assert problem.facts == {"before": "decision", "missing": ["processing"]}
    assert problem.why == "law.ru.152fz.9"
    assert told(problem) == (
        "age 14: start",
        "guardian: fill in place_request",
        "guardian: sign processing given, participation given",
    )


def test_with_the_gate_the_same_demand_holds(proved):
    found = proved(
        REQUEST + CONSENTS + BOTH_ENDS +
        "  - stage: review\n    gate: {given: [processing, participation]}\n    steps:" + DECISION +
        ENDS + "closed_by: {withdrawal: declined}\n"
        "requires: [{before: decision, given: [processing], why: law.ru.152fz.9}]\n"
    )  # fmt: skip

    assert found == {}


def test_a_demand_on_a_step_that_an_optional_stage_evades(proved):
    found = proved(
        REQUEST + "  - {stage: talk, optional: true, steps: [{form: child_voice, by: mentee}]}\n"
        "  - stage: review\n    steps:" + DECISION + ENDS +
        "requires: [{before: decision, done: [child_voice], why: safety.child_voice}]\n"
    )  # fmt: skip

    assert found["REQUIRES"].facts["missing"] == ["child_voice"]


def test_a_choice_by_age_before_the_birth_date_is_known(proved):
    found = proved("""
stages:
  - stage: voice
    steps:
      - choose: voice
        by_age_of: mentee
        rows: [{to: 9, form: child_talk, by: guardian}, {from: 10, form: child_voice, by: mentee}]
  - stage: review
    steps:""" + DECISION + ENDS)  # fmt: skip

    assert list(found) == ["AGE-UNKNOWN"]


def test_an_end_that_no_way_reaches(proved):
    found = proved(
        REQUEST + "  - stage: review\n    steps:" + DECISION + "ends: [enrolled, declined, lost]\n"
    )

    assert list(found) == ["END-UNREACHED"]
    assert found["END-UNREACHED"].facts == {"end": "lost"}


def test_a_stage_behind_an_end_is_never_reached(proved):
    found = proved(
        REQUEST + "  - stage: review\n    steps:" + DECISION +
        "  - {stage: late, steps: [{form: child_voice, by: mentee}]}\n" + ENDS
    )  # fmt: skip

    assert list(found) == ["STAGE-UNREACHED"]


def test_a_withdrawal_that_leaves_its_step_open(proved, bundle, workflow):
    spec = workflow(
        REQUEST + CONSENTS + BOTH_ENDS +
        "  - stage: interview\n    gate: {given: [processing, participation]}\n    steps:" + DECISION +
        ENDS + "closed_by: {withdrawal: declined}\n"
    )  # fmt: skip
    loose = bundle.consents["processing"].model_copy(
        update={"on_withdraw": bundle.consents["photo"].on_withdraw}
    )
    consents = {**bundle.consents, "processing": loose}
    compiled = compile_workflow(spec, bundle.forms, consents)

    found = prove(compiled, consents=consents, signers_at=at_age)

    problem = next(one for one in found if one.code == "WITHDRAWAL-NOT-PAUSED")
    assert problem.facts == {"step": "decision", "stage": "interview", "consent": "processing"}
    assert told(problem)[-1] == "the consent processing is withdrawn"


def test_a_case_that_only_tasks_end_is_stuck_when_nothing_opens_them(bundle):
    spec = bundle.workflows["consent_withdrawal"]
    compiled = compile_workflow(spec, bundle.forms, bundle.consents)

    codes = [one.code for one in prove(compiled, consents=bundle.consents, raised=frozenset())]

    assert codes == ["END-UNREACHED", "CASE-STUCK"]
