"""What one workflow may not say: a table of faults, each found with its place."""

# ruff: noqa: E501 - a row of a table stays in one line

from __future__ import annotations

import pytest

from server.kernel.yaml import load
from server.model.checks import around_workflows
from server.model.reading import read_document
from server.workflows.definition import WorkflowSpec
from server.workflows.structure import check_structure, spans
from tests.workflows.conftest import HEAD

REVIEW = """
      - review: decision
        by: [coordinator]
        outcomes:
          - {outcome: accept, label: {en: a}, to: done}
          - {outcome: decline, label: {en: a}, to: done}
"""

FAULTS = [
    # what is wrong, the stages and what follows, the code, its facts
    ("an unknown form", """
stages:
  - stage: one
    steps: [{form: place_reqest, by: guardian}]
ends: [done]
""", "TARGET-UNKNOWN", {"given": "place_reqest", "what": "form", "meant": "place_request"}),
    ("somebody who takes no part", """
stages:
  - stage: one
    steps: [{form: place_request, by: tutor}]
ends: [done]
""", "TARGET-UNKNOWN", {"given": "tutor", "what": "party"}),
    ("an unknown consent", """
stages:
  - stage: one
    steps: [{consent: health}]
ends: [done]
""", "TARGET-UNKNOWN", {"given": "health", "what": "consent"}),
    ("an end that is not listed", f"""
stages:
  - stage: one
    steps: {REVIEW}
ends: [finished]
""", "TARGET-UNKNOWN", {"given": "done", "what": "end", "known": ["finished"]}),
    ("an answer nobody can give", """
stages:
  - stage: one
    steps: [{form: child_voice, by: mentee, stop_on: {answer: {wants: never}, to: done}}]
ends: [done]
""", "TARGET-UNKNOWN", {"given": "never", "what": "answer", "known": ["yes", "no", "later"]}),
    ("a field the form does not have", """
stages:
  - stage: one
    steps: [{form: child_voice, by: mentee, wait_on: [{answer: {want: later}}]}]
ends: [done]
""", "TARGET-UNKNOWN", {"given": "want", "what": "field", "meant": "wants"}),
    ("a yes or no that is neither", """
stages:
  - stage: one
    steps: [{form: child_voice, by: mentee, wait_on: [{answer: {understands: maybe}}]}]
ends: [done]
""", "TARGET-UNKNOWN", {"given": "maybe", "what": "answer", "known": ["yes", "no"]}),
    ("a task that an answer opens and nobody knows", """
stages:
  - stage: one
    steps: [{form: child_voice, by: mentee, wait_on: [{answer: {wants: later}, open: call}]}]
ends: [done]
""", "TARGET-UNKNOWN", {"given": "call", "what": "task"}),
    ("a task that is not there", """
stages:
  - stage: one
    steps: [{form: place_request, by: guardian, due: {in: 3 days}, overdue: {open: call}}]
ends: [done]
""", "TARGET-UNKNOWN", {"given": "call", "what": "task"}),
    ("late without a due time", """
stages:
  - stage: one
    steps: [{form: place_request, by: guardian, overdue: {open: call}}]
tasks: [{task: call, for: coordinator, label: {en: Call}, done: [called]}]
ends: [done]
""", "OVERDUE-NEVER", {"step": "place_request"}),
    ("the same step twice", """
stages:
  - stage: one
    steps: [{form: place_request, by: guardian}, {form: place_request, by: guardian}]
ends: [done]
""", "ID-TWICE", {"id": "place_request", "what": "step"}),
    ("the same stage twice", """
stages:
  - {stage: one, steps: [{form: place_request, by: guardian}]}
  - {stage: one, steps: [{form: child_voice, by: mentee}]}
ends: [done]
""", "ID-TWICE", {"id": "one", "what": "stage"}),
    ("ages without a row", """
stages:
  - stage: one
    steps:
      - choose: voice
        by_age_of: mentee
        rows: [{to: 9, form: child_talk, by: guardian}, {from: 12, to: 16, form: child_voice, by: mentee}]
ends: [done]
""", "CHOICE-GAP", {"ages": "10-11, 17"}),
    ("ages with two rows", """
stages:
  - stage: one
    steps:
      - choose: voice
        by_age_of: mentee
        rows: [{to: 10, form: child_talk, by: guardian}, {from: 10, form: child_voice, by: mentee}]
ends: [done]
""", "CHOICE-OVERLAP", {"ages": "10"}),
    ("a gate on what comes later", """
stages:
  - {stage: one, gate: {given: [processing]}, steps: [{form: place_request, by: guardian}]}
  - {stage: two, steps: [{consent: processing}]}
ends: [done]
""", "GATE-LATE", {"stage": "one", "name": "processing"}),
    ("a gate on a consent nobody asks for", """
stages:
  - {stage: one, gate: {given: [photo]}, steps: [{form: place_request, by: guardian}]}
ends: [done]
""", "TARGET-UNKNOWN", {"given": "photo", "what": "consent"}),
    ("a consent among forms", """
stages:
  - {stage: one, steps: [{consent: processing}, {form: place_request, by: guardian}]}
ends: [done]
""", "STAGE-MIXED", {"stage": "one"}),
    ("a code for each document", """
stages:
  - {stage: one, steps: [{consent: processing}, {consent: participation}]}
ends: [done]
""", "NOT-BUILT", {"what": "a code for each document"}),
    ("a partner's own steps", """
stages:
  - {stage: one, own_steps: {bound: P24}, steps: [{form: place_request, by: guardian}]}
ends: [done]
""", "NOT-BUILT", {"what": "own_steps"}),
    ("nothing but optional stages", """
stages:
  - {stage: one, optional: true, steps: [{form: place_request, by: guardian}]}
ends: [done]
""", "STAGES-OPTIONAL", {}),
    ("who filled it in decides alone", """
stages:
  - stage: one
    steps:
      - {form: minor_questionnaire, by: mentee}
      - review: decision
        by: [mentee]
        not_by: {author_of: [minor_questionnaire]}
        outcomes: [{outcome: accept, label: {en: a}, to: done}, {outcome: no, label: {en: a}, to: done}]
ends: [done]
""", "NOBODY-ACTS", {"step": "decision", "roles": ["mentee"]}),
    ("approvals of nothing to accept", """
stages:
  - stage: one
    steps:
      - review: decision
        by: [coordinator]
        approvals: 2
        outcomes: [{outcome: yes, label: {en: a}, to: done}, {outcome: no, label: {en: a}, to: done}]
ends: [done]
""", "REVIEW-NO-ACCEPT", {"step": "decision"}),
    ("an outcome with two ways", """
stages:
  - stage: one
    steps:
      - {form: minor_questionnaire, by: mentee}
      - review: decision
        by: [coordinator]
        outcomes:
          - {outcome: accept, label: {en: a}, to: done, back_to: minor_questionnaire}
          - {outcome: no, label: {en: a}, to: done}
ends: [done]
""", "OUTCOME-TWO-WAYS", {"outcome": "accept"}),
    ("a way back that leads ahead", """
stages:
  - stage: one
    steps:
      - review: decision
        by: [coordinator]
        outcomes:
          - {outcome: accept, label: {en: a}, to: done}
          - {outcome: return, label: {en: a}, back_to: minor_questionnaire}
  - {stage: two, steps: [{form: minor_questionnaire, by: mentee}]}
ends: [done]
""", "BACK-AHEAD", {"form": "minor_questionnaire"}),
    ("a decision that no child may take", """
stages:
  - stage: one
    steps:
      - review: decision
        by: [coordinator, mentee]
        outcomes: [{outcome: accept, label: {en: a}, to: done}, {outcome: no, label: {en: a}, to: done}]
ends: [done]
""", "ROLE-DECIDES", {"role": "mentee", "allowed": ["coordinator", "cycle_lead"]}),
    ("three approvals of one parent", """
stages:
  - stage: one
    steps:
      - review: decision
        by: [guardian]
        approvals: 3
        outcomes: [{outcome: accept, label: {en: a}, to: done}, {outcome: no, label: {en: a}, to: done}]
ends: [done]
""", "APPROVALS-FEW", {"step": "decision", "approvals": 3, "people": 1}),
    ("a task for whom no desk is open", """
stages:
  - {stage: one, steps: [{form: place_request, by: guardian, due: {in: 3 days}, overdue: {open: call}}]}
tasks: [{task: call, for: mentee, label: {en: Call}, done: [called]}]
ends: [done]
""", "ROLE-TASKS", {"role": "mentee", "allowed": ["coordinator", "cycle_lead"]}),
    ("a letter to the family that is not there", """
stages:
  - {stage: one, steps: [{form: place_request, by: guardian}]}
ends: [done]
end_letters: {done: [{letter: enroled, to: guardian}]}
""", "TARGET-UNKNOWN", {"given": "enroled", "what": "letter", "meant": "enrolled"}),
    ("a notice that is not there", """
stages:
  - {stage: one, steps: [{form: place_request, by: guardian}, {notify: tell, letter: declned, to: guardian}]}
ends: [done]
""", "TARGET-UNKNOWN", {"given": "declned", "what": "letter", "meant": "declined"}),
    ("a letter whose link staff would not have", """
stages:
  - {stage: one, steps: [{form: place_request, by: guardian}, {notify: tell, letter: declined, to: coordinator}]}
ends: [done]
""", "TARGET-UNKNOWN", {"given": "declined", "what": "letter"}),
    ("a letter with a code that nobody made", """
stages:
  - {stage: one, steps: [{form: place_request, by: guardian}, {notify: tell, letter: signing_code, to: guardian}]}
ends: [done]
""", "TARGET-UNKNOWN", {"given": "signing_code", "what": "letter"}),
    ("an end for what was answered that is not listed", """
stages:
  - {stage: one, steps: [{form: place_request, by: guardian}]}
ends: [answered]
closed_by: {done: anwered}
""", "TARGET-UNKNOWN", {"given": "anwered", "what": "end", "meant": "answered"}),
    ("due at once", """
stages:
  - {stage: one, steps: [{form: place_request, by: guardian, due: {in: 0 days}}]}
ends: [done]
""", "TIME-ZERO", {"given": "0 days"}),
    ("a task due at once", """
stages:
  - {stage: one, steps: [{form: place_request, by: guardian}]}
tasks: [{task: call, for: coordinator, label: {en: Call}, done: [called], due: {in: 0 working days}}]
ends: [done]
""", "TIME-ZERO", {"given": "0 working days"}),
    ("a reminder at once", """
stages:
  - {stage: one, steps: [{form: place_request, by: guardian, remind: {after: [0 hours]}}]}
ends: [done]
""", "TIME-ZERO", {"given": "0 hours"}),
    ("a reminder when it is late already", """
stages:
  - {stage: one, steps: [{form: place_request, by: guardian, due: {in: 1 working day}, remind: {after: [1 day, 2 days]}}]}
ends: [done]
""", "REMIND-LATE", {"given": "2 days", "due": "1 working day"}),
    ("reminders out of order", """
stages:
  - {stage: one, steps: [{form: place_request, by: guardian, remind: {after: [7 days, 36 hours, 3 days]}}]}
ends: [done]
""", "REMIND-ORDER", {"given": "36 hours", "before": "7 days", "right": ["36 hours", "3 days", "7 days"]}),
    ("the same reminder twice", """
stages:
  - {stage: one, steps: [{form: place_request, by: guardian, remind: {after: [3 days, 3 days]}}]}
ends: [done]
""", "REMIND-ORDER", {"given": "3 days", "right": ["3 days"]}),
    ("one package with two due times", """
stages:
  - stage: one
    sign: package
    steps: [{consent: processing, due: {in: 14 days}}, {consent: participation, due: {in: 7 days}}]
ends: [done]
""", "PACKAGE-TIMES", {"step": "participation", "first": "processing", "key": "due"}),
    ("a wait behind a stop", """
stages:
  - stage: one
    steps:
      - form: child_voice
        by: mentee
        stop_on: {answer: {wants: "no"}, to: done}
        wait_on: [{answer: {understands: "no"}}, {answer: {wants: "no"}}]
ends: [done]
""", "WAIT-NEVER", {"said": "wants: no"}),
    ("a row from 12 to 3", """
stages:
  - stage: one
    steps:
      - choose: voice
        by_age_of: mentee
        rows: [{form: child_talk, by: guardian}, {from: 12, to: 3, form: child_voice, by: mentee}]
ends: [done]
""", "ROW-EMPTY", {"from_": 12, "to": 3}),
    ("a task that nothing opens", """
stages:
  - {stage: one, steps: [{form: place_request, by: guardian}]}
tasks: [{task: call, for: coordinator, label: {en: Call}, done: [called]}]
ends: [done]
""", "TASK-NEVER", {"task": "call"}),
    ("a demand on nothing", """
stages:
  - {stage: one, steps: [{form: place_request, by: guardian}]}
ends: [done]
requires: [{before: decision, done: [place_request], why: model.enrolment}]
""", "TARGET-UNKNOWN", {"given": "decision", "what": "step"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("stages", "code", "facts"), [row[1:] for row in FAULTS], ids=[row[0] for row in FAULTS]
)
def test_a_fault_is_found_and_placed(bundle, stages, code, facts):
    document = load(HEAD + stages, file="trial.yaml")
    spec = read_document(WorkflowSpec, document)
    assert isinstance(spec, WorkflowSpec), spec

    found = check_structure(
        spec,
        bundle.forms,
        bundle.consents,
        around=around_workflows(bundle),
        place_of=document.place,
    )

    problem = next(
        (one for one in found if one.code == code and facts.items() <= one.facts.items()), None
    )
    assert problem is not None, found
    assert problem.place.line > HEAD.count("\n")
    assert problem.at.startswith("trial")


PARTIES = [
    # the parties, and what is wrong with them
    ("coordinator: {}", "PARTY-UNREACHED", {"party": "coordinator", "key": "scope: school"}),
    ("coordinator: {reach: link}", "PARTY-UNREACHED", {"party": "coordinator"}),
    ("guardian: {}", "PARTY-UNREACHED", {"party": "guardian", "key": "reach: link"}),
    ("guardian: {scope: school}", "PARTY-UNREACHED", {"party": "guardian"}),
    ("tutor: {scope: school}", "ROLE-FILLS", {"role": "tutor"}),
    ("mentor: {scope: school}", "ROLE-STARTS", {"role": "mentor"}),
]


@pytest.mark.parametrize(("party", "code", "facts"), PARTIES, ids=[row[0] for row in PARTIES])
def test_somebody_must_be_able_to_do_it(bundle, party, code, facts):
    role = party.partition(":")[0]
    others = "".join(
        f"  {line}\n"
        for line in ("guardian: {reach: link}", "coordinator: {scope: school}")
        if not line.startswith(role)
    )
    by = role if role == "tutor" else "guardian"
    starts = role if role == "mentor" else "guardian"
    document = load(
        "workflow: trial\ntitle: {ru: Проба, en: Trial}\n"
        f"start: [{{by: {starts}, door: school_link}}]\nparties:\n  {party}\n{others}"
        f"stages:\n  - {{stage: one, steps: [{{form: place_request, by: {by}}}]}}\nends: [done]\n",
        file="trial.yaml",
    )
    spec = read_document(WorkflowSpec, document)
    assert isinstance(spec, WorkflowSpec), spec

    around = around_workflows(bundle)
    found = check_structure(spec, bundle.forms, bundle.consents, around=around)

    assert [one.code for one in found] == [code]
    assert facts.items() <= found[0].facts.items()


def test_a_variant_that_asks_for_two_finds_one_person_too_few(bundle):
    document = load(
        HEAD.replace("coordinator: {scope: school}", "coordinator: {reach: link}")
        + """
stages:
  - stage: one
    steps:
      - review: decision
        by: [coordinator]
        approvals: {bound: P13}
        outcomes: [{outcome: accept, label: {en: a}, to: done}, {outcome: no, label: {en: a}, to: done}]
ends: [done]
""",
        file="trial.yaml",
    )
    spec = read_document(WorkflowSpec, document)
    assert isinstance(spec, WorkflowSpec), spec

    def codes(variant):
        around = around_workflows(bundle, variant=variant)
        found = check_structure(spec, bundle.forms, bundle.consents, around=around)
        return {one.code for one in found}

    assert "APPROVALS-FEW" not in codes("standard")
    assert "APPROVALS-FEW" in codes("strict")


def test_the_shipped_workflows_have_none(bundle):
    for spec in bundle.workflows.values():
        around = around_workflows(bundle)
        assert check_structure(spec, bundle.forms, bundle.consents, around=around) == []


def test_ages_are_written_as_people_write_them():
    assert spans([0, 1, 2, 5, 7, 8]) == "0-2, 5, 7-8"
