"""From a step's transaction to the gateway: once, the same when repeated, never for nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from server.gateways.message import Message, TryLater, Undeliverable
from server.jobs.ground import MOST_ATTEMPTS
from server.kernel.marks import token_hash
from server.services import persons
from server.services.messages import codes, links
from server.store import consents, people
from tests.jobs.conftest import MAIL, Place


def test_a_letter_leaves_after_the_commit_and_says_who_writes(place: Place) -> None:
    place.write()
    assert place.sent() == []

    place.settle()

    (letter,) = place.sent()
    assert letter["to"] == "olga@example.org"
    assert "Вологодская школа наставничества" in letter["text"]
    assert place.rows("SELECT state, channel, attempts FROM delivery") == [("sent", "mail", 1)]


def test_what_was_rolled_back_sends_nothing(place: Place) -> None:
    def fail_afterwards() -> None:
        with place.work() as work:
            place.write_in(work)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_afterwards()

    place.settle()

    assert place.sent() == []


def test_the_link_in_a_letter_opens_the_door_and_is_stored_nowhere(place: Place) -> None:
    place.write()
    place.settle()

    (link,) = place.sent()[0]["links"]
    token = link.rpartition("/s/")[2]
    opened = f"token_hash = '\\x{token_hash(token).hex()}'"
    assert place.rows(f"SELECT kind FROM door WHERE {opened}") == [("link",)]
    assert token not in place.sent()[0]["subject"]
    assert token not in str(place.rows("SELECT * FROM delivery, outbox, link"))


def test_a_letter_sent_twice_is_the_same_letter(place: Place) -> None:
    place.write()
    place.settle()
    (first,) = place.sent()
    place.rows("UPDATE outbox SET done_at = NULL, not_before = NULL")
    place.rows("UPDATE delivery SET state = 'queued'")

    place.settle()

    assert place.sent() == [first]


def test_a_gateway_that_is_down_is_tried_again_and_seen(
    place: Place, through: Callable[..., Place], lease_ends: Callable[[], None]
) -> None:
    def down(message: Message) -> None:
        raise TryLater("no_answer")

    place.write()
    through(place, down).settle()

    assert place.sent() == []
    assert place.rows("SELECT state, failure, attempts FROM delivery") == [
        ("queued", "no_answer", 1)
    ]
    assert place.rows("SELECT done_at, failure, attempts FROM outbox") == [(None, "no_answer", 1)]

    lease_ends()
    place.settle()

    assert len(place.sent()) == 1
    assert place.rows("SELECT state, failure FROM delivery") == [("sent", None)]


def test_a_letter_that_waits_for_its_next_try_is_left_alone(
    place: Place, through: Callable[..., Place]
) -> None:
    tries = []

    def down(message: Message) -> None:
        tries.append(message.id)
        raise TryLater("no_answer")

    place.write()
    for _ in range(3):
        through(place, down).settle()

    assert len(tries) == 1


def test_a_refused_letter_is_not_tried_again(place: Place, through: Callable[..., Place]) -> None:
    def refuse(message: Message) -> None:
        raise Undeliverable("address_refused")

    place.write()
    through(place, refuse).settle()

    assert place.rows("SELECT state, failure FROM delivery") == [("failed", "address_refused")]
    assert place.rows("SELECT done_at IS NULL, failure FROM outbox") == [(False, "address_refused")]


def test_a_letter_is_given_up_in_the_end(place: Place, through: Callable[..., Place]) -> None:
    def down(message: Message) -> None:
        raise TryLater("no_answer")

    place.write()
    place.rows(f"UPDATE outbox SET attempts = {MOST_ATTEMPTS - 1}")
    through(place, down).settle()

    assert place.rows("SELECT state FROM delivery") == [("failed",)]


def erase(place: Place, work: Any) -> dict[str, Any]:
    kept = people.keys(work.session, people.SubjectKey, [place.guardian_id])
    work.session.delete(kept[place.guardian_id])
    return {}


def forget_contact(place: Place, work: Any) -> dict[str, Any]:
    person = people.person(work.session, place.guardian_id)
    persons.write(work, person, {"name": "Смирнова Ольга"})
    return {}


def own_link(place: Place, work: Any) -> consents.Link:
    link_id = links.make_link(
        work, case_id=place.case_id, person_id=place.guardian_id, role="guardian"
    )
    work.transaction.run_queued()
    link = consents.link(work.session, link_id)
    assert link is not None
    return link


def revoked_link(place: Place, work: Any) -> dict[str, Any]:
    link = own_link(place, work)
    link.revoked_at = work.now
    return {"link_id": link.id}


def expired_link(place: Place, work: Any) -> dict[str, Any]:
    link = own_link(place, work)
    link.expires_at = work.now
    return {"link_id": link.id}


def code(place: Place, work: Any) -> consents.Code:
    row = consents.Code(
        tenant_id=place.tenant_id, purpose="enter", person_id=place.guardian_id,
        contact_index=b"0" * 16, bound_hash="0" * 64, channel="mail", attempts=0,
        created_at=work.now, expires_at=work.now + codes.LIFE,
    )  # fmt: skip
    work.session.add(row)
    work.session.flush()
    return row


def expired_code(place: Place, work: Any) -> dict[str, Any]:
    row = code(place, work)
    row.expires_at = work.now - timedelta(seconds=1)
    return {"code_id": row.id}


def used_code(place: Place, work: Any) -> dict[str, Any]:
    row = code(place, work)
    row.used_at = work.now
    return {"code_id": row.id}


def replaced_code(place: Place, work: Any) -> dict[str, Any]:
    row = code(place, work)
    row.dropped_at = work.now
    return {"code_id": row.id}


@pytest.mark.parametrize(
    ("happened", "state", "reason"),
    [
        (erase, "dropped", "erased"),
        (forget_contact, "failed", "no_contact"),
        (revoked_link, "dropped", "link_revoked"),
        (expired_link, "dropped", "link_expired"),
        (expired_code, "dropped", "code_expired"),
        (used_code, "dropped", "code_used"),
        (replaced_code, "dropped", "code_replaced"),  # a newer one is on its way
    ],
)
def test_a_letter_that_became_pointless_is_dropped_and_says_why(
    place: Place, happened: Callable[[Place, Any], dict[str, Any]], state: str, reason: str
) -> None:
    with place.work() as work:
        place.write_in(work, **happened(place, work))

    place.settle()

    assert place.sent() == []
    assert place.rows("SELECT state, failure FROM delivery") == [(state, reason)]
    assert place.rows("SELECT done_at IS NULL FROM outbox") == [(False,)]


def test_a_code_is_the_same_in_the_message_and_in_the_check(place: Place) -> None:
    with place.work() as work:
        row = code(place, work)
        place.write_in(work, "signing_code", code_id=row.id, link_id=None)
        code_id = row.id

    place.settle()

    (sent,) = place.sent()
    (typed,) = sent["codes"]
    assert typed in sent["text"]
    with place.work() as work:
        codes.use_code(work, code_id=code_id, typed=typed, bound_hash="0" * 64)


def test_no_address_and_no_name_reaches_the_outbox_or_the_log(
    place: Place, capsys: pytest.CaptureFixture[str], through: Callable[..., Place]
) -> None:
    def down(message: Message) -> None:
        raise TryLater("no_answer")

    place.write()
    through(place, down).settle()

    kept = str(place.rows("SELECT payload, failure FROM outbox")) + capsys.readouterr().err
    assert MAIL.value not in kept
    assert "Смирнова" not in kept
