"""The engine as a table: where a case stands, what happens, what follows."""

# ruff: noqa: E501 - a row of a table stays in one line

from __future__ import annotations

import pytest

from server.kernel.durations import Duration
from server.kernel.errors import ConsentMissing, MentorSchoolError, Refused, StageClosed
from server.workflows.engine import advance, outcomes_left
from server.workflows.moves import (
    CaseState,
    Closed,
    Decided,
    Facts,
    Filled,
    Looked,
    OpenTask,
    Raised,
    Signed,
    Started,
    TaskFinished,
    Withdrawn,
)
from server.workflows.telling import describe

GIVEN = {"processing": "given", "participation": "given"}
ASKED = {"processing": "requested", "participation": "requested"}
MENTEE = frozenset({"mentee"})
YES = Signed("consents", "guardian", GIVEN)

# The usual way of a child below 14 to the decision, and of a teenager.
REQUESTED = [(Started(), Facts()), (Filled("place_request"), Facts(12))]
CONSENTED = [*REQUESTED, (YES, Facts(12, GIVEN))]
HEARD = [*CONSENTED, (Filled("voice", {"wants": "yes"}), Facts(12, GIVEN))]
TO_DECIDE = [*HEARD, (Filled("minor_questionnaire"), Facts(12, GIVEN))]
RETURNED = [*TO_DECIDE, (Decided("decision", "return"), Facts(12, GIVEN))]
TEEN = [
    (Started(), Facts()),
    (Filled("place_request"), Facts(15)),
    (YES, Facts(15, ASKED, MENTEE)),
]
PAUSED = [
    *TO_DECIDE,
    (Withdrawn("processing", ("photo", "voice", "review")), Facts(12, {})),
]

STEPS = [
    # what it is, the way here, what happens, the facts, where it stands, what follows
    ("a request opens first", [], Started(), Facts(), "request",
     ["open place_request for guardian"]),
    ("one package for all consents", REQUESTED[:1], Filled("place_request"), Facts(12), "consents",
     ["close place_request done", "ask processing, participation", "open consents for guardian"]),
    ("a child below 10 is told by the guardian", [*REQUESTED], YES, Facts(9, GIVEN), "voice",
     ["close consents done", "ask photo", "open photo for guardian",
      "open voice with child_talk for guardian"]),
    ("from 10 the child is asked itself", [*REQUESTED], YES, Facts(10, GIVEN), "voice",
     ["close consents done", "ask photo", "open photo for guardian",
      "open voice with child_voice for mentee"]),
    ("from 14 the child signs beside", [*REQUESTED], YES, Facts(14, ASKED, MENTEE), "voice",
     ["close consents done", "ask photo", "open photo for guardian",
      "open voice with child_voice for mentee", "open consents for mentee"]),
    ("who turned 18 meanwhile is asked as the oldest", [*REQUESTED], YES, Facts(18, GIVEN), "voice",
     ["close consents done", "ask photo", "open photo for guardian",
      "open voice with child_voice for mentee"]),
    ("a required no ends it", REQUESTED,
     Signed("consents", "guardian", {"processing": "refused"}), Facts(12), "consents",
     ["close consents done", "end declined_by_family"]),
    ("a no to participation ends it as well", REQUESTED,
     Signed("consents", "guardian", {**GIVEN, "participation": "refused"}), Facts(12), "consents",
     ["close consents done", "end declined_by_family"]),
    ("photo put off stays open", CONSENTED,
     Signed("photo", "guardian", {"photo": "deferred"}), Facts(12, GIVEN), "voice", []),
    ("photo refused changes nothing else", CONSENTED,
     Signed("photo", "guardian", {"photo": "refused"}), Facts(12, GIVEN), "voice",
     ["close photo done"]),
    ("photo given at 15 waits for the child", TEEN,
     Signed("photo", "guardian", {"photo": "given"}), Facts(15, {**ASKED, "photo": "requested"}, MENTEE),
     "voice", ["close photo done", "open photo for mentee"]),
    ("not wanting stops it", CONSENTED, Filled("voice", {"wants": "no"}), Facts(12, GIVEN), "voice",
     ["close voice done", "letter stopped_by_child to guardian", "end declined_by_child"]),
    ("deciding later decides nothing", CONSENTED, Filled("voice", {"wants": "later"}),
     Facts(12, GIVEN), "voice", []),
    ("wanting what one does not understand waits for an adult who explains", CONSENTED,
     Filled("voice", {"understands": "no", "wants": "yes"}), Facts(12, GIVEN), "voice",
     ["open explain_to_child for coordinator"]),
    ("not wanting stands, understood or not", CONSENTED,
     Filled("voice", {"understands": "no", "wants": "no"}), Facts(12, GIVEN), "voice",
     ["close voice done", "letter stopped_by_child to guardian", "end declined_by_child"]),
    ("asked once more while the adult is on the way opens no second task",
     [*CONSENTED, (Filled("voice", {"understands": "no", "wants": "yes"}), Facts(12, GIVEN))],
     Filled("voice", {"understands": "no", "wants": "later"}), Facts(12, GIVEN), "voice", []),
    ("after it was explained the child answers again",
     [*CONSENTED, (Filled("voice", {"understands": "no", "wants": "yes"}), Facts(12, GIVEN)),
      (TaskFinished("explain_to_child", "explained"), Facts(12, GIVEN))],
     Filled("voice", {"understands": "yes", "wants": "yes"}), Facts(12, GIVEN), "review",
     ["close voice done", "open minor_questionnaire for mentee"]),
    ("wanting leads on", CONSENTED, Filled("voice", {"wants": "yes"}), Facts(12, GIVEN), "review",
     ["close voice done", "open minor_questionnaire for mentee"]),
    ("a teenager who has not signed waits at the gate", TEEN, Filled("voice", {"wants": "yes"}),
     Facts(15, ASKED, MENTEE), "voice", ["close voice done"]),
    ("the gate opens when the teenager signs",
     [*TEEN, (Filled("voice", {"wants": "yes"}), Facts(15, ASKED, MENTEE))],
     Signed("consents", "mentee", GIVEN), Facts(15, GIVEN), "review",
     ["close consents done", "open minor_questionnaire for mentee"]),
    ("or when somebody looks after it was given elsewhere",
     [*TEEN, (Filled("voice", {"wants": "yes"}), Facts(15, ASKED, MENTEE))],
     Looked(), Facts(15, GIVEN), "review", ["open minor_questionnaire for mentee"]),
    ("a teenager's no is not overruled", TEEN,
     Signed("consents", "mentee", {"processing": "refused"}), Facts(15, ASKED), "voice",
     ["close consents done", "end declined_by_family"]),
    ("who turns 14 before the signature counts is asked too", CONSENTED, Looked(),
     Facts(14, ASKED, MENTEE), "voice", ["open consents for mentee"]),
    ("a filled questionnaire goes to the decision", HEARD, Filled("minor_questionnaire"),
     Facts(12, GIVEN), "review",
     ["close minor_questionnaire done", "open decision for coordinator"]),
    ("accepting enrols", TO_DECIDE, Decided("decision", "accept"), Facts(12, GIVEN), "review",
     ["close decision done accept", "letter enrolled to guardian", "end enrolled"]),
    ("declining ends it", TO_DECIDE, Decided("decision", "decline"), Facts(12, GIVEN), "review",
     ["close decision done decline", "letter declined to guardian", "end declined_by_school"]),
    ("returning reopens the form", TO_DECIDE, Decided("decision", "return"), Facts(12, GIVEN),
     "review", ["close decision done return", "open minor_questionnaire for mentee round 2"]),
    ("filled in again it is decided again", RETURNED, Filled("minor_questionnaire"),
     Facts(12, GIVEN), "review",
     ["close minor_questionnaire done", "open decision for coordinator round 2"]),
    ("an overdue step opens a task", REQUESTED, Raised("call_guardian"), Facts(12), "consents",
     ["open call_guardian for coordinator"]),
    ("raised twice is one task", [*REQUESTED, (Raised("call_guardian"), Facts(12))],
     Raised("call_guardian"), Facts(12), "consents", []),
    ("a finished task can be opened again",
     [*REQUESTED, (Raised("call_guardian"), Facts(12)),
      (TaskFinished("call_guardian", "no_answer"), Facts(12))],
     Raised("call_guardian"), Facts(12), "consents",
     ["open call_guardian for coordinator round 2"]),
    ("finishing it moves nothing else", [*REQUESTED, (Raised("call_guardian"), Facts(12))],
     TaskFinished("call_guardian", "called"), Facts(12), "consents",
     ["close call_guardian done called"]),
    ("a withdrawal pauses what is open", TO_DECIDE,
     Withdrawn("processing", ("photo", "voice", "review")), Facts(12, {}), "review",
     ["pause photo, decision"]),
    ("what the child was still to sign falls with it", TEEN,
     Withdrawn("processing", ("voice", "review")), Facts(15, {}), "voice",
     ["pause voice, consents"]),
    ("a withdrawal that pauses no stage pauses nothing", TO_DECIDE, Withdrawn("photo"),
     Facts(12, GIVEN), "review", []),
    ("a paused case can still be closed", PAUSED, Closed("closed_after_withdrawal"), Facts(12),
     "review", ["letter closed_after_withdrawal to guardian", "end closed_after_withdrawal"]),
    ("a request without consent runs out", REQUESTED, Closed("expired"), Facts(12), "consents",
     ["end expired"]),
]  # fmt: skip


def run(compiled, way, state=None):
    for move, facts in way:
        state = advance(compiled, state or CaseState(), move, facts).state
    return state or CaseState()


@pytest.mark.parametrize(
    ("way", "move", "facts", "stage", "effects"),
    [row[1:] for row in STEPS],
    ids=[row[0] for row in STEPS],
)
def test_one_step(enrolment, way, move, facts, stage, effects):
    taken = advance(enrolment, run(enrolment, way), move, facts)

    assert list(describe(taken.effects)) == effects
    assert taken.state.stage == stage
    assert taken.state.end == next(
        (e.removeprefix("end ") for e in effects if e[:4] == "end "), None
    )


CLOSED = [
    # what is refused, the way here, what is tried, the facts, the error and its facts
    ("nothing before the start", [], Filled("place_request"), Facts(), StageClosed, {"state": "not_started"}),
    ("no second start", REQUESTED, Started(), Facts(), StageClosed, {"step": "started"}),
    ("a step not open yet", REQUESTED, Filled("minor_questionnaire"), Facts(12), StageClosed,
     {"step": "minor_questionnaire", "state": "not_open"}),
    ("a step that is done", CONSENTED, Filled("place_request"), Facts(12), StageClosed, {"state": "done"}),
    ("a package signed twice", CONSENTED, YES, Facts(12, GIVEN), StageClosed, {"state": "done"}),
    ("a step nobody knows", REQUESTED, Filled("nothing"), Facts(12), StageClosed, {"step": "nothing"}),
    ("a package nobody knows", REQUESTED, Signed("nothing", "guardian", {}), Facts(12), StageClosed, {}),
    ("a task nobody knows", REQUESTED, Raised("nothing"), Facts(12), StageClosed, {"state": "unknown"}),
    ("an end nobody knows", REQUESTED, Closed("nothing"), Facts(12), StageClosed, {"state": "unknown"}),
    ("a signature on a form", REQUESTED, Filled("consents"), Facts(12), StageClosed, {"state": "not_a_form"}),
    ("a decision on a form", HEARD, Decided("minor_questionnaire", "accept"), Facts(12, GIVEN), StageClosed,
     {"state": "not_a_review"}),
    ("a signature by who is not asked", CONSENTED, Signed("consents", "mentee", GIVEN), Facts(12),
     StageClosed, {"state": "not_open"}),
    ("silence is no answer", REQUESTED, Signed("consents", "guardian", {"processing": "given"}), Facts(12),
     Refused, {"reason": "answer_needed", "consents": ("participation",)}),
    ("what cannot wait cannot be put off", REQUESTED,
     Signed("consents", "guardian", {**GIVEN, "participation": "deferred"}), Facts(12),
     Refused, {"reason": "answer_needed"}),
    ("a consent of another stage", REQUESTED, Signed("consents", "guardian", {**GIVEN, "photo": "given"}),
     Facts(12), Refused, {"reason": "consent_not_asked", "consents": ("photo",)}),
    ("a second signer who says nothing", TEEN, Signed("consents", "mentee", {}), Facts(15, ASKED),
     Refused, {"reason": "answer_needed"}),
    ("an unknown outcome", TO_DECIDE, Decided("decision", "maybe"), Facts(12, GIVEN), Refused,
     {"reason": "outcome_unknown"}),
    ("an unknown outcome of a task", [*REQUESTED, (Raised("call_guardian"), Facts(12))],
     TaskFinished("call_guardian", "maybe"), Facts(12), Refused, {"reason": "outcome_unknown"}),
    ("a decision without a live consent", TO_DECIDE, Decided("decision", "accept"),
     Facts(12, {**GIVEN, "processing": "withdrawn"}), ConsentMissing, {"missing": ("processing",)}),
    ("a questionnaire without a live consent", HEARD, Filled("minor_questionnaire"),
     Facts(12, {**GIVEN, "participation": "expired"}), ConsentMissing, {"missing": ("participation",)}),
    ("choosing by an age that nobody knows", REQUESTED, YES, Facts(None, GIVEN), Refused,
     {"reason": "age_unknown"}),
    ("anything forward while it is paused", PAUSED, Decided("decision", "accept"), Facts(12, GIVEN),
     StageClosed, {"state": "paused"}),
    ("a look while it is paused", PAUSED, Looked(), Facts(12, GIVEN), StageClosed, {"state": "paused"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("way", "move", "facts", "error", "told"),
    [row[1:] for row in CLOSED],
    ids=[row[0] for row in CLOSED],
)
def test_what_does_not_fit_is_refused_with_facts(enrolment, way, move, facts, error, told):
    state = run(enrolment, way)

    with pytest.raises(error) as refused:
        advance(enrolment, state, move, facts)

    assert {name: refused.value.facts.get(name) for name in told} == told


def test_a_questionnaire_can_be_returned_three_times_and_then_no_more(enrolment):
    state = run(enrolment, TO_DECIDE)
    for _ in range(3):
        state = run(enrolment, [RETURNED[-1], TO_DECIDE[-1]], state)

    with pytest.raises(Refused) as refused:
        advance(enrolment, state, Decided("decision", "return"), Facts(12, GIVEN))

    assert refused.value.facts["reason"] == "outcome_used_up"
    assert [one.outcome for one in outcomes_left(enrolment, state, "decision")] == [
        "accept",
        "decline",
    ]


def test_the_strict_variant_needs_two_people_to_accept_and_one_to_decline(strict_enrolment):
    state = run(strict_enrolment, TO_DECIDE)

    half = advance(strict_enrolment, state, Decided("decision", "accept", 1), Facts(12, GIVEN))
    whole = advance(
        strict_enrolment, half.state, Decided("decision", "accept", 2), Facts(12, GIVEN)
    )
    declined = advance(
        strict_enrolment, half.state, Decided("decision", "decline"), Facts(12, GIVEN)
    )

    assert half.state == state
    assert half.effects == ()
    assert whole.state.end == "enrolled"
    assert declined.state.end == "declined_by_school"


def test_a_task_carries_its_deadline_and_reminders(enrolment):
    taken = advance(enrolment, run(enrolment, REQUESTED[:1]), *REQUESTED[1])

    opened = next(effect for effect in taken.effects if isinstance(effect, OpenTask))
    assert opened == OpenTask(
        step="consents",
        kind="sign",
        role="guardian",
        consents=("processing", "participation"),
        due=Duration(14, "days"),
        remind=(Duration(3, "days"), Duration(7, "days"), Duration(12, "days")),
        overdue="call_guardian",
    )


def test_an_ended_case_takes_nothing(enrolment):
    ended = run(enrolment, [*TO_DECIDE, (Decided("decision", "accept"), Facts(12, GIVEN))])

    moves = [
        Started(), Filled("voice"), YES, Decided("decision", "accept"), Raised("call_guardian"),
        TaskFinished("call_guardian", "called"), Withdrawn("processing", ("review",)),
        Closed("expired"), Looked(),
    ]  # fmt: skip
    for move in moves:
        with pytest.raises(StageClosed):
            advance(enrolment, ended, move, Facts(12, GIVEN))


def test_a_refused_move_changes_nothing(enrolment):
    state = run(enrolment, TO_DECIDE)
    before = state.to_json()

    with pytest.raises(MentorSchoolError):
        advance(enrolment, state, Decided("decision", "accept"), Facts(12, {}))

    assert state.to_json() == before


def test_a_withdrawal_opens_what_staff_have_to_do_and_ends_with_it(withdrawal):
    state = run(withdrawal, [(Started(), Facts()), (Filled("withdrawal"), Facts())])

    raised = advance(withdrawal, state, Raised("close_application"), Facts())
    done = advance(withdrawal, raised.state, TaskFinished("close_application", "done"), Facts())

    assert list(describe(raised.effects)) == ["open close_application for coordinator"]
    assert raised.effects[0].due == Duration(30, "days")
    assert list(describe(done.effects)) == [
        "close close_application done done",
        "letter withdrawal_done to guardian",
        "end closed",
    ]


def test_the_withdrawal_letters_go_out_when_it_is_filled_in(withdrawal):
    taken = advance(
        withdrawal, run(withdrawal, [(Started(), Facts())]), Filled("withdrawal"), Facts()
    )

    assert list(describe(taken.effects)) == [
        "close withdrawal done",
        "letter consent_withdrawn to coordinator",
        "letter withdrawal_received to guardian",
    ]


def test_look_ups_a_service_needs(enrolment):
    assert enrolment.gate_of("minor_questionnaire") == ("processing", "participation")
    assert enrolment.gate_of("voice") == ()
    assert enrolment.gate_of("consents") == ()
    assert enrolment.package_of("participation") == "consents"
    assert enrolment.asked() == ("processing", "participation", "photo")
    assert [enrolment.kind(n) for n in ("voice", "consents", "decision", "call_guardian")] == [
        "form", "sign", "review", "staff",
    ]  # fmt: skip
    assert enrolment.label("consents").in_("en") == "Consents"
    assert enrolment.label("call_guardian").in_("ru") == "Связаться с родителем"
    assert enrolment.label("minor_questionnaire").in_("ru") == "Анкета участника"
    assert enrolment.end_label("enrolled").in_("en") == "The child is in the programme"
    assert enrolment.end_by("expiry") == "expired"
    assert enrolment.end_by("withdrawal") == "closed_after_withdrawal"
