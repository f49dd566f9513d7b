"""The families of the demo, acting one after another on a clock that stood in the past."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from server.access.actors import SYSTEM, Actor
from server.consents.signers import day_in
from server.demo.cast import Family, born
from server.forms.answers import read_json
from server.forms.definition import FormSpec
from server.gateways.message import Message
from server.jobs import notifications
from server.kernel.clock import FixedClock
from server.kernel.marks import one_time_code
from server.services.cases import decisions, documents, filling, unattended
from server.services.cases.filling import Read
from server.services.consent import withdrawals as leaving
from server.services.families import (
    applications,
    arrivals,
    childs_turn,
    packages,
    requests,
    signatures,
)
from server.services.model import in_force
from server.services.unit_of_work import Tools, UnitOfWork
from server.services.worklist import desk
from server.store import cases

Scene = tuple[timedelta, Callable[[], None]]


@dataclass
class Timeline:
    """One school's last weeks; timers fire in between as they would have."""

    tools: Tools
    tenant_id: UUID
    school_id: UUID
    places: list[UUID]
    coordinators: list[Actor]
    phone: str
    post: Callable[[Message], None]  # keeps a letter of the past
    clock: FixedClock = field(init=False)
    signs_from: int = field(init=False)  # the age of a child's own signature

    def __post_init__(self) -> None:
        self.now = self.tools.clock.now()
        self.clock = FixedClock(self.now)
        self.tools = replace(self.tools, clock=self.clock)
        self.signs_from = self.do(SYSTEM, _signs_from, school_id=self.school_id)

    def play(self, cast: tuple[Family, ...]) -> None:
        """Let every family act in order of time, up to this moment."""
        waiting: list[tuple[datetime, int, Callable[[], None]]] = []
        for number, family in enumerate(cast):
            began = self.now - timedelta(days=family.began) + timedelta(minutes=7 * number)
            actor = _FamilyScenes(self, family, number)
            at = began
            for wait, act in actor.scenes():
                at = at + wait
                heapq.heappush(waiting, (at, number * 100 + len(waiting) % 100, act))
        while waiting:
            at, _, act = heapq.heappop(waiting)
            if at > self.now:
                continue
            self._fire_timers(at)
            self.clock.at = at
            act()
        self._fire_timers(self.now)

    def do(self, actor: Actor, service: Callable[..., Any], **kwargs: Any) -> Any:
        """One use case in this tenant at the time it is now, and the letters it asked for.

        A code is sent before it is typed, a link before it runs out, as it would have been.
        """
        with self.tools.begin(actor, self.tenant_id) as work:
            found = service(work, **kwargs)
        notifications.send_all(self.tools, self.tenant_id, self.post)
        return found

    def today(self) -> date:
        """The day in the demo's past."""
        return self.clock.at.astimezone(UTC).date()

    def _fire_timers(self, until: datetime) -> None:
        while True:
            with self.tools.begin(SYSTEM, self.tenant_id) as work:
                timer = cases.next_timer(work.session, until)
            if timer is None:
                return
            self.clock.at = timer.fires_at
            self.do(SYSTEM, unattended.fire_timer, timer_id=timer.id)


class _FamilyScenes:
    """What one family and its coordinator do, up to where the story stops."""

    def __init__(self, timeline: Timeline, family: Family, number: int) -> None:
        self.on = timeline
        self.family = family
        self.number = number
        self.case_id: UUID | None = None
        self.guardian: Actor | None = None
        self.child: Actor | None = None

    def scenes(self) -> Iterator[Scene]:
        """The scenes with the time that passes before each."""
        until = self.family.until
        hour, day = timedelta(hours=1), timedelta(days=1)
        if until == "invited":
            yield hour, self.be_invited
            return
        yield hour, self.arrive
        yield timedelta(minutes=4), self.ask_for_a_place
        if until in ("consents", "consents_overdue"):
            return
        if until == "declined_by_family":
            yield timedelta(minutes=3), self.refuse
            return
        yield timedelta(minutes=3), self.sign
        if self.family.photo:
            yield timedelta(minutes=1), self.answer_photo
        if until == "voice":
            return
        if self._is_teenager():
            yield hour, self.name_the_child
        if until == "own_signature":
            return
        yield hour * 3, self.say_no if until == "declined_by_child" else self.say_yes
        if until == "declined_by_child":
            return
        if self._is_teenager():
            yield timedelta(minutes=2), self.sign_oneself
        if until == "questionnaire":
            return
        by_staff = until == "decision_by_coordinator"
        yield day, self.be_filled_in if by_staff else self.fill_in
        if until in ("decision", "decision_by_coordinator", "decision_flagged"):
            yield hour, self.be_read
            return
        if until == "returned":
            yield day, self.be_returned
            return
        if until == "withdrawn":
            yield day, self.withdraw
            return
        yield day, lambda: self.be_decided("accept" if until == "enrolled" else "decline", "")
        yield hour, self.be_decided_again

    # The family ---------------------------------------------------------------------------------

    def arrive(self) -> None:
        visitor = Actor(kind="visitor", tenant_id=self.on.tenant_id)
        sent = self.on.do(
            visitor,
            arrivals.ask_contact,
            school_id=self.on.school_id,
            municipality_id=self._place(),
            contact=self._contact(),
            locale=self.family.locale,
        )
        proved = self.on.do(
            visitor,
            arrivals.confirm_contact,
            check_id=sent.check_id,
            code_id=sent.code_id,
            typed=one_time_code(self.on.tools.pepper, sent.code_id),
        )
        self.guardian = Actor(
            kind="guardian", tenant_id=self.on.tenant_id, person_id=proved.person_id, assured=True
        )

    def ask_for_a_place(self) -> None:
        birth = born(self.family.age, day_in("Europe/Moscow", self.on.now))
        answers = {
            "guardian_name": self.family.guardian,
            "relation": self.family.relation,
            "child_name": self.family.child,
            "birth_date": birth.isoformat(),
        }
        self.case_id = self.on.do(
            self._guardian(),
            requests.place_request,
            school_id=self.on.school_id,
            municipality_id=self._place(),
            case_id=None,
            read=self._reading(answers),
        )

    def sign(self) -> None:
        self._answer(self._guardian(), "consents", "given")

    def refuse(self) -> None:
        shown = self._package(self._guardian(), "consents")
        self.on.do(
            self._guardian(),
            signatures.sign,
            case_id=self.case_id,
            stage="consents",
            answers={"processing": "refused"},
            hashes=shown,
            locale=self.family.locale,
        )

    def answer_photo(self) -> None:
        self._answer(self._guardian(), "photo", self.family.photo or "given")

    def name_the_child(self) -> None:
        self.on.do(
            self._guardian(),
            childs_turn.send_child_link,
            case_id=self.case_id,
            contact=f"teen{self.number}@school-pupils.example",
        )

    def say_yes(self) -> None:
        self._speak("yes")

    def say_no(self) -> None:
        self._speak("no")

    def sign_oneself(self) -> None:
        self._answer(self._child(), "consents", "given")

    def fill_in(self) -> None:
        self._fill(self._child(), "minor_questionnaire", self._questionnaire())

    def withdraw(self) -> None:
        shown = self.on.do(self._guardian(), applications.application, case_id=self.case_id)
        given = next(one for one in shown.consents if one.consent == "processing")
        self.on.do(self._guardian(), leaving.withdraw, consent_id=given.consent_id)

    # The school ---------------------------------------------------------------------------------

    def be_invited(self) -> None:
        self.on.do(
            self._coordinator(),
            arrivals.invite,
            school_id=self.on.school_id,
            municipality_id=self._place(),
            contact=self._contact(),
            locale=self.family.locale,
        )

    def be_filled_in(self) -> None:
        self._fill(self._coordinator(), "minor_questionnaire", self._questionnaire())

    def be_read(self) -> None:
        if self.number % 2:
            self.on.do(self._coordinator(), desk.card, case_id=self.case_id, locale="ru")

    def be_returned(self) -> None:
        self.be_decided("return", "Напиши, пожалуйста, подробнее, чему хочешь научиться.")

    def be_decided_again(self) -> None:
        """Where two people must agree, the second one does."""
        shown = self.on.do(self._coordinator(1), desk.card, case_id=self.case_id, locale="ru")
        if any(one.task.kind == "review" for one in shown.tasks):
            self._decide(self._coordinator(1), "accept", "")

    def be_decided(self, outcome: str, comment: str) -> None:
        kind = (
            "В этом цикле все места заняты. Приходите в следующий." if outcome == "decline" else ""
        )
        self._decide(self._coordinator(), outcome, comment or kind)

    # What they share ----------------------------------------------------------------------------

    def _decide(self, who: Actor, outcome: str, comment: str) -> None:
        shown = self.on.do(who, desk.card, case_id=self.case_id, locale="ru")
        task = next(one.task for one in shown.tasks if one.task.kind == "review")
        self.on.do(
            who,
            decisions.decide,
            case_id=self.case_id,
            task_id=task.id,
            outcome=outcome,
            comment=comment,
        )

    def _speak(self, wants: str) -> None:
        by_guardian = self.family.age < 10
        who = self._guardian() if by_guardian else self._child()
        answers: dict[str, Any] = {"understands": "yes", "wants": wants}
        if by_guardian:
            answers["told_by"] = self.family.guardian
        self._fill(who, "voice", answers)

    def _fill(self, who: Actor, step: str, answers: Mapping[str, Any]) -> None:
        self.on.do(who, filling.fill, case_id=self.case_id, step=step, read=self._reading(answers))

    def _reading(self, answers: Mapping[str, Any]) -> Callable[[FormSpec], Read]:
        def read(form: FormSpec) -> Read:
            asked = {name: v for name, v in answers.items() if form.field_named(name)}
            found = read_json(form, asked, today=self.on.today())
            return Read(found.values, found.problems)

        return read

    def _package(self, who: Actor, stage: str) -> dict[str, str]:
        shown = self.on.do(
            who, packages.package, case_id=self.case_id, stage=stage, locale=self.family.locale
        )
        return {one.consent: one.document.hash for one in shown.questions}

    def _answer(self, who: Actor, stage: str, said: str) -> None:
        hashes = self._package(who, stage)
        asked: dict[str, Any] = {
            "case_id": self.case_id,
            "stage": stage,
            "answers": dict.fromkeys(hashes, said),
            "hashes": hashes,
            "locale": self.family.locale,
        }
        if said == "given":
            sent = self.on.do(who, signatures.ask_package_code, **asked)
            asked["code_id"] = sent.code_id
            asked["typed"] = one_time_code(self.on.tools.pepper, sent.code_id)
        self.on.do(who, signatures.sign, **asked)

    def _questionnaire(self) -> dict[str, Any]:
        return {
            "goal": self.family.goal,
            "interests": ["technology", "sport"] if self.number % 2 else ["arts", "people"],
            "days": ["saturday"],
            "grade": max(1, self.family.age - 6),
            "mentor_wish": "Спокойный и с чувством юмора",
        }

    def _guardian(self) -> Actor:
        assert self.guardian is not None
        return replace(self.guardian, case_id=self.case_id)

    def _child(self) -> Actor:
        if self.child is None:
            with self.on.tools.begin(SYSTEM, self.on.tenant_id) as work:
                assert self.case_id is not None
                row = cases.case(work.session, self.case_id)
                assert row is not None
                self.child = Actor(
                    kind="mentee",
                    tenant_id=self.on.tenant_id,
                    person_id=row.subject_id,
                    case_id=self.case_id,
                    assured=True,
                )
        return self.child

    def _coordinator(self, which: int = 0) -> Actor:
        return self.on.coordinators[which]

    def _is_teenager(self) -> bool:
        return self.family.age >= self.on.signs_from

    def _place(self) -> UUID:
        return self.on.places[self.family.place]

    def _contact(self) -> str:
        if self.number % 2:
            return f"family{self.number}@mail-families.example"
        return f"{self.on.phone}{1000 + self.number}"


def _signs_from(work: UnitOfWork, *, school_id: UUID) -> int:
    bundle = in_force.ready_in_force(work, school_id).bundle
    return documents.signer_rules(bundle).signs_from("mentee")
