"""Contacts of one request: who may change the child's, and whose contact is taken from whom."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text

from server.access.actors import SHELL
from server.kernel.errors import ContactRefused, DeadLink, NotAllowed, NotFound, StageClosed
from server.kernel.marks import one_time_code
from server.services import persons
from server.services.cases import filling
from server.services.families import arrivals, childs_turn
from server.services.messages import letters
from server.store import cases, consents, deliveries, people
from tests.factories import (
    Colleague,
    Enrolment,
    School,
    a_colleague,
    a_family,
    an_enrolment,
    an_invited_family,
)


def sends_link(made: Enrolment, contact: str) -> None:
    made.school.do(
        made.guardian, childs_turn.send_child_link, case_id=made.case_id, contact=contact
    )


def newest_link(made: Enrolment) -> consents.Link:
    query = select(consents.Link).where(consents.Link.person_id == made.child_id)
    found = made.school.do(
        SHELL, lambda work: list(work.session.scalars(query.order_by(consents.Link.id)))
    )
    return found[-1]


def comes_in(made: Enrolment) -> consents.Link:
    """The child follows its newest link and types the code."""
    link, do = newest_link(made), made.school.do
    sent = do(made.school.visitor, arrivals.ask_entry_code, link_id=link.id)
    do(
        made.school.visitor,
        arrivals.confirm_entry,
        link_id=link.id,
        code_id=sent.code_id,
        typed=one_time_code(made.school.tools.pepper, sent.code_id),
    )
    return link


def contact_of(made: Enrolment) -> str | None:
    def read(work):  # type: ignore[no-untyped-def]  # a lambda with two lines
        row = people.person(work.session, made.child_id)
        assert row is not None
        return persons.contact_of(persons.read(work, row))

    found = made.school.do(SHELL, read)
    return found.value if found else None


def changes(made: Enrolment, colleague: Colleague, contact: str) -> None:
    made.school.do(
        colleague.actor,
        childs_turn.change_childs_contact,
        case_id=made.case_id,
        contact=contact,
    )


def test_a_mistyped_contact_of_the_child_is_mended_by_the_guardian(school: School) -> None:
    made = an_enrolment(school, at="voice", age=15)
    sends_link(made, "tene@example.org")
    wrong = newest_link(made)

    sends_link(made, "teen@example.org")

    assert contact_of(made) == "teen@example.org"
    with pytest.raises(DeadLink):
        school.do(school.visitor, arrivals.ask_entry_code, link_id=wrong.id)


@pytest.mark.parametrize("used_by", ["code", "word", "signature"])
def test_a_contact_that_the_child_has_used_is_not_the_guardians_to_change(
    school: School, used_by: str
) -> None:
    made = an_enrolment(school, at="voice", age=15)
    sends_link(made, "teen@example.org")
    if used_by == "code":
        comes_in(made)
    elif used_by == "word":
        values = {"understands": "yes", "wants": "later"}
        school.do(
            made.mentee, filling.fill, case_id=made.case_id, step="voice",
            read=lambda _form: filling.Read(values),
        )  # fmt: skip
    else:
        made.signs_too()

    with pytest.raises(ContactRefused) as refused:
        sends_link(made, "second-of-mother@example.org")

    assert refused.value.facts["reason"] == "contact_in_use"
    assert contact_of(made) == "teen@example.org"
    school.do(made.guardian, childs_turn.send_child_link_again, case_id=made.case_id)
    assert newest_link(made).revoked_at is None


def test_nobody_changes_a_contact_once_the_case_has_ended(school: School, nina: Colleague) -> None:
    made = an_enrolment(school, at="enrolled", age=15)

    with pytest.raises(StageClosed):
        sends_link(made, "third@example.org")
    with pytest.raises(StageClosed):
        school.do(made.guardian, childs_turn.send_child_link_again, case_id=made.case_id)
    with pytest.raises(StageClosed):
        changes(made, nina, "third@example.org")


def test_the_coordinator_changes_it_and_the_old_contact_is_shut_and_told(
    school: School, nina: Colleague
) -> None:
    made = an_enrolment(school, at="returned", age=15)
    before, link = contact_of(made), newest_link(made)
    session = {"family": {"kind": "mentee", "person_id": str(made.child_id)}}
    school.do(SHELL, _keep_session, session)

    changes(made, nina, "new-phone@example.org")

    assert contact_of(made) == "new-phone@example.org"
    with pytest.raises(DeadLink):
        school.do(school.visitor, arrivals.ask_entry_code, link_id=link.id)
    assert school.do(SHELL, _sessions_of, made) == 0
    told = school.do(SHELL, _newest_delivery, "contact_changed")
    message = school.do(SHELL, letters.write_letter, delivery_id=told)
    assert message is not None
    assert message.to == before
    happened = school.do(SHELL, lambda work: cases.events_of(work.session, made.case_id))
    [event] = [one for one in happened if one.kind == "contact_changed"]
    assert event.actor_id == nina.person_id


def test_nothing_the_child_wrote_is_read_across_a_change(school: School, nina: Colleague) -> None:
    made = an_enrolment(school, at="returned", age=15)
    facts = {"case_id": made.case_id, "step": "minor_questionnaire"}
    assert school.do(made.mentee, filling.open_form, **facts).values["goal"] == "Научиться шить"

    changes(made, nina, "second-of-mother@example.org")

    assert school.do(made.mentee, filling.open_form, **facts).values == {}


def test_what_was_written_on_the_guardians_phone_is_not_read_by_the_first_contact(
    school: School,
) -> None:
    made = an_enrolment(school, at="returned", age=13)
    birthday = made.born.replace(year=made.born.year + 14)
    school.pass_days((birthday - school.day).days)

    sends_link(made, "second-of-mother@example.org")

    opened = school.do(
        made.mentee, filling.open_form, case_id=made.case_id, step="minor_questionnaire"
    )
    assert opened.values == {}


def test_only_who_decides_at_the_school_changes_a_contact(school: School) -> None:
    made = an_enrolment(school, at="returned", age=15)
    elsewhere = a_colleague(school, name="Лунёва Ася", place="cherepovets")

    with pytest.raises(NotFound):
        changes(made, elsewhere, "new-phone@example.org")
    with pytest.raises(NotAllowed):
        changes(made, a_colleague(school, role="curator", place="vologda"), "new@example.org")


def test_a_colleagues_contact_signs_for_nobody_as_a_guardian(
    school: School, nina: Colleague
) -> None:
    with pytest.raises(ContactRefused) as refused:
        a_family(school, contact=nina.email)

    assert refused.value.facts["reason"] == "contact_of_staff"


def test_who_was_a_guardian_first_stays_one_as_a_colleague(school: School) -> None:
    family = a_family(school, contact="anna@example.org")
    a_colleague(school, name="Смирнова Анна", email="anna@example.org")

    again = a_family(school, contact="anna@example.org")

    assert again.actor.person_id == family.actor.person_id


def test_a_teenagers_contact_signs_for_nobody_as_a_guardian(school: School) -> None:
    made = an_enrolment(school, at="questionnaire", age=15)
    contact = contact_of(made)
    assert contact is not None

    with pytest.raises(ContactRefused) as refused:
        a_family(school, contact=contact)

    assert refused.value.facts["reason"] == "contact_of_child"


def test_a_contact_that_a_guardian_only_typed_shuts_nobody_out(school: School) -> None:
    made = an_enrolment(school, at="voice", age=15)
    sends_link(made, "neighbour@example.org")

    assert a_family(school, contact="neighbour@example.org").actor.person_id is not None


def test_whose_contact_was_typed_for_the_child_is_told_to_its_owner_alone(
    school: School, nina: Colleague
) -> None:
    made = an_enrolment(school, at="voice", age=15)
    sends_link(made, nina.email)  # who types addresses does not learn who works here

    with pytest.raises(ContactRefused) as refused:
        comes_in(made)

    assert refused.value.facts["reason"] == "childs_contact_of_staff"


def test_the_guardians_own_contact_is_not_the_childs(school: School, nina: Colleague) -> None:
    made = an_enrolment(school, at="voice", age=15)

    with pytest.raises(ContactRefused) as refused:
        sends_link(made, made.family.contact)
    assert refused.value.facts["reason"] == "contact_of_guardian"

    sends_link(made, "teen@example.org")
    with pytest.raises(ContactRefused):
        changes(made, nina, made.family.contact)


def test_an_invitation_is_not_sent_to_a_colleague(school: School, nina: Colleague) -> None:
    with pytest.raises(ContactRefused) as refused:
        an_invited_family(school, nina, contact=nina.email)

    assert refused.value.facts["reason"] == "contact_of_staff"


def _keep_session(work, data) -> None:  # type: ignore[no-untyped-def]
    import json

    work.session.execute(
        text(
            "INSERT INTO session (id_hash, data, created_at, expires_at)"
            " VALUES (:id, cast(:data as jsonb), now(), now() + interval '1 hour')"
        ),
        {"id": json.dumps(data).encode(), "data": json.dumps(data)},
    )


def _sessions_of(work, made) -> int:  # type: ignore[no-untyped-def]
    query = text("SELECT count(*) FROM session WHERE data->'family'->>'person_id' = :id")
    return int(work.session.execute(query, {"id": str(made.child_id)}).scalar_one())


def _newest_delivery(work, letter):  # type: ignore[no-untyped-def]
    query = select(deliveries.Delivery.id).where(deliveries.Delivery.letter == letter)
    return work.session.scalar(query.order_by(deliveries.Delivery.id.desc()).limit(1))
