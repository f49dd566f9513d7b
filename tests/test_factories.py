"""What the factories promise: each application stands where it is said to stand."""

from typing import get_args

import pytest

from server.runtime import Runtime
from server.services.worklist import desk
from tests.factories import (
    At,
    a_colleague,
    a_school,
    an_enrolment,
    an_invited_family,
    standing_still,
)


@pytest.mark.parametrize("at", [at for at in get_args(At) if at != "invited"])
@pytest.mark.parametrize("age", [8, 12, 15])
def test_an_application_stands_where_it_was_brought(runtime: Runtime, at: At, age: int) -> None:
    school = a_school(standing_still(runtime).tools)

    made = an_enrolment(school, at=at, age=age)

    steps = {"consents": "consents", "voice": "voice", "review": "decision"}
    steps |= {"questionnaire": "minor_questionnaire", "returned": "minor_questionnaire"}
    row = made.row
    assert row.end == (None if at in steps else at)
    if at in steps:
        assert made.task(steps[at]).status == 0


def test_an_invitation_waits_for_the_family_and_then_goes_on(runtime: Runtime) -> None:
    school = a_school(standing_still(runtime).tools)
    nina = a_colleague(school)
    made = an_invited_family(school, nina)

    made.child = "Гусев Лев"
    made.asks_for_a_place()
    made.signs()
    made.speaks()
    made.fills_in()

    rows = school.do(nina.actor, desk.worklist, school_id=school.id).rows
    assert [(row.child_name, row.kind) for row in rows] == [("Гусев Лев", "review")]
