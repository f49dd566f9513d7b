"""Signing: what a code is good for, what counts once, whose signature is needed, what a no does."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import text

from server.access.actors import SHELL, Actor
from server.kernel.errors import (
    CodeRefused,
    LimitReached,
    NotFound,
    Refused,
    StageClosed,
    TextChanged,
)
from server.kernel.marks import one_time_code
from server.runtime import Runtime
from server.services.consent import verification
from server.services.families import arrivals, packages, signatures
from server.store import consents, definitions, evidence
from tests.factories import (
    Enrolment,
    School,
    a_family,
    a_school,
    an_enrolment,
    republished,
    standing_still,
)

BOTH = {"processing": "given", "participation": "given"}


def test_one_code_signs_the_package_and_each_consent_is_evidence_of_its_own(
    school: School,
) -> None:
    mine = an_enrolment(school, at="consents")

    state = _sign(mine, BOTH)

    assert state.stage == "voice"
    assert _states(mine)["processing"] == _states(mine)["participation"] == "given"
    answered = _evidence(school, "consent_answered")
    assert len(answered) == 2
    assert len({row.manifest for row in answered}) == 1
    assert len({row.document for row in answered}) == 2


def test_twenty_clicks_at_once_sign_once(school: School) -> None:
    mine = an_enrolment(school, at="consents")
    facts = _asked(mine, BOTH)

    with ThreadPoolExecutor(20) as clicks:
        answers = list(clicks.map(lambda _: _outcome(lambda: _do_sign(mine, facts)), range(20)))

    assert answers == ["voice"] * 20
    assert len(_evidence(school, "consent_answered")) == 2
    assert _count(school, "signature") == 2


def test_of_twenty_wrong_codes_at_once_five_are_compared_and_the_right_one_is_refused_then(
    school: School,
) -> None:
    mine = an_enrolment(school, at="consents")
    facts = _asked(mine, BOTH)
    wrong = {**facts, "typed": _other_than(facts["typed"])}

    with ThreadPoolExecutor(20) as tries:
        said = list(tries.map(lambda _: _outcome(lambda: _do_sign(mine, wrong)), range(20)))

    assert said.count("code_wrong") == 5
    assert said.count("code_spent") == 15
    assert _outcome(lambda: _do_sign(mine, facts)) == "code_spent"
    assert _states(mine)["processing"] == "requested"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda facts: {**facts, "answers": {**BOTH, "participation": "refused"}}, "code_other"),
        (lambda facts: {**facts, "typed": "０" * 6}, "code_wrong"),
        (lambda facts: {**facts, "typed": ""}, "code_malformed"),
        (lambda facts: {**facts, "code_id": None}, "code_needed"),
    ],
)
def test_a_code_signs_only_what_it_was_asked_for(
    school: School, change: Callable[[dict[str, Any]], dict[str, Any]], reason: str
) -> None:
    mine = an_enrolment(school, at="consents")
    facts = _asked(mine, BOTH)

    with pytest.raises(Refused) as refused:
        _do_sign(mine, change(facts))

    assert refused.value.reason == reason
    assert _evidence(school, "consent_answered") == []


def test_a_code_of_one_child_signs_nothing_for_another(school: School) -> None:
    one = an_enrolment(school, at="consents")
    other = an_enrolment(school, at="consents", child="Смирнова Ева", of=one.family)
    ours, theirs = _asked(one, BOTH), _asked(other, BOTH)

    said = _outcome(
        lambda: _do_sign(other, {**theirs, "code_id": ours["code_id"], "typed": ours["typed"]})
    )

    assert said in ("code_other", "code_spent")  # asking for a second drops the first
    assert _states(other)["processing"] == "requested"


def test_after_ten_minutes_a_code_is_dead_and_after_three_in_an_hour_none_is_sent(
    school: School,
) -> None:
    mine = an_enrolment(school, at="consents")
    facts = _asked(mine, BOTH)
    school.pass_days(11 / 1440)

    assert _outcome(lambda: _do_sign(mine, facts)) == "code_expired"
    _asked(mine, BOTH)
    school.pass_days(1 / 1440)
    _asked(mine, BOTH)
    school.pass_days(1 / 1440)
    with pytest.raises(LimitReached) as limit:
        _asked(mine, BOTH)
    assert limit.value.retry_at > school.tools.clock.now()


def test_a_used_code_does_not_count_against_the_family(school: School) -> None:
    family = a_family(school)
    for child in ("Смирнов Артём", "Смирнова Ева", "Смирнов Ян", "Смирнова Лада"):
        mine = an_enrolment(school, at="consents", child=child, of=family)
        assert _sign(mine, BOTH).stage == "voice"


def test_a_text_republished_between_reading_and_signing_is_shown_and_nothing_is_signed(
    school: School,
) -> None:
    mine = an_enrolment(school, at="consents")
    facts = _asked(mine, BOTH)
    republished(school, "processing", "2026-09-05")

    with pytest.raises(TextChanged) as changed:
        _do_sign(mine, facts)

    assert changed.value.consent == "processing"
    assert any(line.change == "added" and "Новое" in line.text for line in changed.value.lines)
    assert _states(mine)["processing"] == "requested"
    assert _sign(mine, BOTH).stage == "voice"
    edition = school.do(
        SHELL, lambda work: consents.consent(work.session, mine.consent_id("processing"))
    )
    assert edition is not None
    assert edition.edition.isoformat() == "2026-09-05"


def test_a_slip_of_the_pen_mended_in_a_text_disturbs_nobody(school: School) -> None:
    mine = an_enrolment(school, at="consents")
    facts = _asked(mine, BOTH)
    republished(school, "processing", "2026-09-05", material=False)

    assert _do_sign(mine, facts).stage == "voice"


def test_a_required_no_ends_the_application_without_a_code_and_is_evidence(school: School) -> None:
    mine = an_enrolment(school, at="consents")

    state = _sign(mine, {"processing": "refused"})

    assert (state.status, state.end) == ("ended", "declined_by_family")
    assert [row.answer for row in _evidence(school, "consent_answered")] == ["refused"]
    with pytest.raises(StageClosed):
        mine.fills_in()


def test_refusing_or_postponing_a_photo_changes_nothing_else(school: School) -> None:
    ways: dict[str, Any] = {}
    for number, said in enumerate(("given", "refused", "deferred")):
        mine = an_enrolment(school, at="voice", child=f"Смирнов Артём{'абв'[number]}")
        mine.photo(said)
        row = mine.row
        steps = {k: v for k, v in row.marking["steps"].items() if k != "photo"}
        ways[said] = (row.status, row.stage, steps, mine.task("voice").status)

    assert ways["given"] == ways["refused"] == ways["deferred"]


def test_from_fourteen_the_gate_opens_with_both_signatures_only(school: School) -> None:
    mine = an_enrolment(school, at="consents", age=15)
    _sign(mine, BOTH)
    assert _states(mine)["processing"] == "requested"

    mine = an_enrolment(school, at="questionnaire", age=15, child="Панин Матвей")
    assert _states(mine)["processing"] == "given"
    roles = {row.role for row in _evidence(school, "consent_answered") if row.case == mine.case_id}
    assert roles == {"guardian", "mentee"}


def test_a_child_that_turns_fourteen_before_the_signature_signs_too(school: School) -> None:
    mine = an_enrolment(school, at="consents", age=13)
    birthday = mine.born.replace(year=mine.born.year + 14)
    _move_to(school, birthday)

    _sign(mine, BOTH)

    assert _states(mine)["processing"] == "requested"
    assert _owed(mine, "processing") == ["mentee"]


def test_a_birthday_is_counted_in_the_time_zone_of_the_school(still_far_east: School) -> None:
    mine = an_enrolment(still_far_east, at="consents", age=13)
    birthday = mine.born.replace(year=mine.born.year + 14)
    # 22:00 UTC the day before is already the birthday in Kamchatka.
    _clock(still_far_east).at = datetime(
        birthday.year, birthday.month, birthday.day, tzinfo=UTC
    ) - timedelta(hours=2)

    _sign(mine, BOTH)

    assert _owed(mine, "processing") == ["mentee"]


def test_a_childs_no_is_final_at_any_age(school: School) -> None:
    for age in (8, 12, 16):
        mine = an_enrolment(school, at="declined_by_child", age=age, child=f"Жуков Роман{age}")
        assert mine.row.end == "declined_by_child"
        with pytest.raises(StageClosed):
            mine.speaks("yes")
    assert len(_evidence(school, "child_said_no")) == 3


def test_a_stranger_sees_and_signs_nothing_of_an_application(school: School) -> None:
    mine = an_enrolment(school, at="consents")
    stranger = a_family(school, name="Чужая Вера")
    facts = _asked(mine, BOTH)
    for actor in (stranger.actor, Actor("visitor", school.tenant_id)):
        with pytest.raises(NotFound):
            school.do(actor, signatures.sign, case_id=mine.case_id, stage="consents", **facts)


def test_the_answer_to_a_contact_is_the_same_whether_it_is_known_or_not(school: School) -> None:
    known = a_family(school).contact
    sent = [
        school.do(
            school.visitor,
            arrivals.ask_contact,
            school_id=school.id,
            municipality_id=None,
            contact=contact,
            locale="ru",
        )
        for contact in (known, "nobody@example.org")
    ]
    assert {type(one) for one in sent} == {arrivals.CodeSent}
    assert all(one.check_id for one in sent)


def test_the_chain_of_everything_above_verifies_and_a_touch_is_found(
    school: School, superuser_url: str
) -> None:
    mine = an_enrolment(school, at="enrolled")
    mine.withdraws()
    assert school.do(SHELL, verification.verify_chain).exit_code == 0

    with psycopg.connect(superuser_url) as connection:
        connection.execute("ALTER TABLE evidence DISABLE TRIGGER ALL")
        connection.execute(
            "UPDATE evidence SET body = replace(encode(body, 'escape'), 'given', 'taken')::bytea"
            " WHERE seq = (SELECT min(seq) FROM evidence WHERE type = 'consent_answered')"
        )
    broken = school.do(SHELL, verification.verify_chain)
    assert broken.exit_code == 1
    assert broken.first_bad == min(
        row.seq for row in _evidence(school, "consent_answered", readable=False)
    )


@pytest.mark.parametrize(
    "change",
    ["at = at + interval '1 hour'", "type = 'checkpoint'", "subject_id = gen_random_uuid()"],
)
def test_what_stands_beside_an_event_cannot_say_something_else(
    school: School, superuser_url: str, change: str
) -> None:
    an_enrolment(school, at="review")

    with psycopg.connect(superuser_url) as connection:
        connection.execute("ALTER TABLE evidence DISABLE TRIGGER ALL")
        connection.execute(f"UPDATE evidence SET {change} WHERE seq = 3".encode())

    broken = school.do(SHELL, verification.verify_chain)
    assert (broken.exit_code, broken.why, broken.first_bad) == (1, "columns_differ", 3)


PROOF = ("evidence", "evidence_payload", "signature", "event", "definition", "effective", "release")


@pytest.mark.parametrize("table", PROOF)
def test_what_is_proof_is_never_changed_not_even_by_a_superuser(
    school: School, superuser_url: str, table: str
) -> None:
    _with_a_row_in_each(school)
    for words in _changes_of(table):
        with psycopg.connect(superuser_url) as connection:
            assert _is_refused(connection, table, words) == f"rows of {table} are never changed"


@pytest.mark.parametrize("table", PROOF)
def test_the_role_of_the_server_has_no_right_to_change_what_is_proof(
    school: School, app_url: str, table: str
) -> None:
    _with_a_row_in_each(school)
    for words in _changes_of(table):
        with psycopg.connect(app_url) as connection:
            connection.execute("SELECT set_config('app.tenant', %s, true)", [str(school.tenant_id)])
            refusal = _is_refused(connection, table, words)
            assert refusal == f"permission denied for table {table}"


def test_ten_unused_codes_a_day_are_the_most_for_one_contact(school: School) -> None:
    sent = 0
    for hour in range(6):
        school.pass_days(1.01 / 24)
        for click in range(3):
            if sent == 10:
                with pytest.raises(LimitReached) as limit:
                    _first_code(school, f"browser {hour} {click}")
                assert limit.value.retry_at > school.tools.clock.now() + timedelta(hours=12)
                _first_code(school, "browser", contact="father@example.org")  # another's own ten
                continue
            _first_code(school, f"browser {hour} {click}")
            sent += 1
    school.pass_days(1)
    assert _first_code(school, "the day after")


def test_what_a_rolled_back_transaction_wrote_leaves_no_trace(school: School) -> None:
    mine = an_enrolment(school, at="consents")
    facts = _asked(mine, BOTH)
    counted = ("evidence", "evidence_payload", "signature", "receipt", "outbox", "event")
    before = {table: _count(school, table) for table in counted}
    head = school.do(SHELL, verification.head_of)

    with pytest.raises(_Killed):
        _sign_and_die(mine, facts, after=head.seq)

    assert {table: _count(school, table) for table in counted} == before
    assert _states(mine)["processing"] == "requested"
    assert school.do(SHELL, verification.head_of) == head
    assert school.do(SHELL, verification.verify_chain).exit_code == 0
    assert _do_sign(mine, facts).stage == "voice"  # nor is the code spent


def test_an_answer_to_a_text_whose_hash_was_not_sent_is_none(school: School) -> None:
    mine = an_enrolment(school, at="consents")
    for said in (BOTH, {"processing": "refused"}):
        facts = _asked(mine, said)
        with pytest.raises(TextChanged):
            _do_sign(mine, {**facts, "hashes": {}})
    assert _evidence(school, "consent_answered") == []
    assert mine.row.status == "open"


# What the tests share ------------------------------------------------------------------------


class _Killed(Exception):
    """A process dies in the midst of a transaction."""


def _with_a_row_in_each(school: School) -> None:
    an_enrolment(school, at="review")
    with school.tools.begin(SHELL, school.tenant_id) as work:
        definitions.keep_effective(work.session, school.tenant_id, "0" * 64, {}, work.now)


def _sign_and_die(mine: Enrolment, facts: dict[str, Any], *, after: int) -> None:
    with mine.school.tools.begin(mine.guardian) as work:
        signatures.sign(work, case_id=mine.case_id, stage="consents", **facts)
        work.session.flush()
        work.transaction.run_queued()
        assert evidence.last_seq(work.session) > after  # it was written, and goes again
        raise _Killed


def _is_refused(connection: psycopg.Connection[Any], table: str, words: str) -> str:
    """What PostgreSQL says to a change of a table in which there are rows to change."""
    assert connection.execute(f"SELECT 1 FROM {table}".encode()).fetchone()
    with pytest.raises(psycopg.errors.InsufficientPrivilege) as refused:
        connection.execute(words.encode())
    return str(refused.value).split("\n", maxsplit=1)[0]


def _changes_of(table: str) -> list[str]:
    column = {"definition": "hash", "effective": "hash", "release": "note"}.get(table, "tenant_id")
    change = f"UPDATE {table} SET {column} = {column}"
    return [change, f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"]


def _first_code(school: School, browser: str, contact: str = "mother@example.org") -> Any:
    return school.do(
        replace(school.visitor, session_id=browser),
        arrivals.ask_contact,
        school_id=school.id,
        municipality_id=None,
        contact=contact,
        locale="ru",
    )


@pytest.fixture
def still_far_east(runtime: Runtime) -> School:
    return a_school(standing_still(runtime).tools, zone="Asia/Kamchatka")


def _asked(mine: Enrolment, answers: dict[str, str]) -> dict[str, Any]:
    do = mine.school.do
    shown = do(mine.guardian, packages.package, case_id=mine.case_id, stage="consents", locale="ru")
    facts: dict[str, Any] = {
        "answers": answers,
        "hashes": {one.consent: one.document.hash for one in shown.questions},
        "locale": "ru",
    }
    if "given" in answers.values():
        sent = do(
            mine.guardian,
            signatures.ask_package_code,
            case_id=mine.case_id,
            stage="consents",
            **facts,
        )
        facts["code_id"] = sent.code_id
        facts["typed"] = one_time_code(mine.school.tools.pepper, sent.code_id)
    return facts


def _do_sign(mine: Enrolment, facts: dict[str, Any]) -> Any:
    return mine.school.do(
        mine.guardian, signatures.sign, case_id=mine.case_id, stage="consents", **facts
    )


def _sign(mine: Enrolment, answers: dict[str, str]) -> Any:
    return _do_sign(mine, _asked(mine, answers))


def _outcome(act: Callable[[], Any]) -> str:
    try:
        return str(act().stage)
    except CodeRefused as refused:
        return str(refused.reason)


def _other_than(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"


def _states(mine: Enrolment) -> dict[str, str]:
    rows = mine.school.do(SHELL, lambda work: consents.consents_of_case(work.session, mine.case_id))
    return {row.consent: row.state for row in rows}


def _owed(mine: Enrolment, name: str) -> list[str]:
    rows = mine.school.do(SHELL, lambda work: consents.consents_of_case(work.session, mine.case_id))
    return next(list(row.owed) for row in rows if row.consent == name)


class _Answered:
    def __init__(self, seq: int, body: dict[str, Any]) -> None:
        self.seq = seq
        self.manifest = body.get("manifest_hash")
        self.document = body.get("document_hash")
        self.answer = body.get("answer")
        self.role = body.get("signer_role")
        self.case = UUID(body["case"]) if "case" in body else None


def _evidence(school: School, kind: str, *, readable: bool = True) -> list[_Answered]:
    rows = school.do(
        SHELL,
        lambda work: work.session.execute(
            text("SELECT seq, body FROM evidence WHERE type = :kind ORDER BY seq"), {"kind": kind}
        ).all(),
    )
    return [
        _Answered(seq, json.loads(bytes(body))["body"] if readable else {}) for seq, body in rows
    ]


def _count(school: School, table: str) -> int:
    return int(
        school.do(
            SHELL,
            lambda work: work.session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one(),
        )
    )


def _clock(school: School) -> Any:
    return school.tools.clock


def _move_to(school: School, day: Any) -> None:
    _clock(school).at = datetime(day.year, day.month, day.day, 9, tzinfo=UTC)
