"""Whatever people do in whatever order, a case stays sound."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from server.kernel.errors import MentorSchoolError
from server.workflows.engine import advance, outcomes_left
from server.workflows.moves import (
    CaseState,
    Closed,
    Decided,
    EndCase,
    Facts,
    Filled,
    Looked,
    Raised,
    Signed,
    Started,
    TaskFinished,
    Withdrawn,
)

CONSENTS = ("processing", "participation", "photo")
STEPS = (
    "place_request",
    "voice",
    "minor_questionnaire",
    "decision",
    "consents",
    "photo",
    "no_such",
)

answers = st.sampled_from(["given", "refused", "deferred"])
facts = st.builds(
    Facts,
    age=st.none() | st.integers(0, 19),
    consents=st.dictionaries(
        st.sampled_from(CONSENTS),
        st.sampled_from(["requested", "given", "refused", "withdrawn", "expired"]),
    ),
    owed=st.sampled_from([frozenset(), frozenset({"mentee"})]),
)
moves = st.one_of(
    st.just(Started()),
    st.just(Looked()),
    st.builds(
        Filled,
        st.sampled_from(STEPS),
        st.fixed_dictionaries(
            {
                "understands": st.sampled_from(["yes", "no"]),
                "wants": st.sampled_from(["yes", "no", "later"]),
            }
        ),
    ),
    st.builds(
        Signed,
        st.sampled_from(["consents", "photo", "voice"]),
        st.sampled_from(["guardian", "mentee"]),
        st.dictionaries(st.sampled_from(CONSENTS), answers),
    ),
    st.builds(
        Decided,
        st.sampled_from(["decision", "voice"]),
        st.sampled_from(["accept", "return", "decline", "maybe"]),
        st.integers(1, 3),
    ),
    st.builds(Raised, st.sampled_from(["call_guardian", "no_such"])),
    st.builds(TaskFinished, st.just("call_guardian"), st.sampled_from(["called", "maybe"])),
    st.builds(
        Withdrawn, st.sampled_from(CONSENTS), st.sampled_from([(), ("voice", "review"), ("photo",)])
    ),
    st.builds(Closed, st.sampled_from(["expired", "closed_after_withdrawal", "no_such"])),
)
walks = st.lists(st.tuples(moves, facts), max_size=25)


def fold(compiled, walk):
    """The state after a walk, and the moves that were taken; what does not fit is refused."""
    state = CaseState()
    taken = []
    for move, world in walk:
        try:
            step = advance(compiled, state, move, world)
        except MentorSchoolError:
            continue
        taken.append((move, world, step))
        state = step.state
    return state, taken


@given(walk=walks)
@settings(max_examples=300, deadline=None)
def test_every_move_is_taken_or_refused_and_the_same_moves_give_the_same_state(enrolment, walk):
    state, taken = fold(enrolment, walk)
    again, _ = fold(enrolment, [(move, world) for move, world, _ in taken])

    assert again == state
    assert CaseState.from_json(json.loads(json.dumps(state.to_json()))) == state


@given(walk=walks)
@settings(max_examples=300, deadline=None)
def test_a_case_ends_once_and_then_stands_still(enrolment, walk):
    state, taken = fold(enrolment, walk)

    ends = [e for _, _, step in taken for e in step.effects if isinstance(e, EndCase)]
    assert len(ends) == (state.status == "ended")
    if state.status == "ended":
        assert state.end == ends[0].end
        assert not any(
            step.status in ("open", "paused", "waiting") for step in state.steps.values()
        )


GIVEN = {"processing": "given", "participation": "given", "photo": "given"}


@given(data=st.data(), age=st.integers(0, 17))
@settings(max_examples=200, deadline=None)
def test_a_case_that_people_go_on_with_comes_to_an_end(enrolment, data, age):
    state = advance(enrolment, CaseState(), Started(), Facts()).state
    world = Facts(age, GIVEN)
    for _ in range(40):
        if state.status == "ended":
            return
        open_keys = [key for key, step in state.steps.items() if step.status == "open"]
        assert open_keys, "nobody has anything to do"
        key = data.draw(st.sampled_from(sorted(open_keys)))
        state = advance(enrolment, state, act(enrolment, state, key, data), world).state
    assert state.status != "ended" or state.end


def act(compiled, state, key, data):
    """What somebody who wants to go on does with an open task."""
    node, _, role = key.partition(".")
    if compiled.kind(node) == "sign":
        names = [step.consent for step in compiled.package(node)]
        return Signed(node, role or "guardian", dict.fromkeys(names, "given"))
    if compiled.kind(node) == "review":
        left = [one.outcome for one in outcomes_left(compiled, state, node)]
        return Decided(node, data.draw(st.sampled_from(left)))
    return Filled(node, {"wants": "yes"})
