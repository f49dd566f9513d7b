"""Invented schools, people and applications, made by the product's own services.

    school = a_school(tools)
    nina = a_colleague(school, name="Белова Нина")
    artyom = an_enrolment(school, at="review")

Everything goes the way a family goes, so what a test finds is what a school would have. The clock
is the one of `tools`: `standing_still(runtime)` gives tools whose clock a test moves by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import count
from typing import Any, Concatenate, Literal, ParamSpec, TypeVar, get_args
from uuid import UUID

from argon2 import PasswordHasher

from server.access.actors import SHELL, VISITOR, Actor, Holding
from server.kernel.clock import FixedClock
from server.kernel.marks import one_time_code
from server.kernel.places import workflow_defs
from server.runtime import Runtime
from server.services.accounts import passwords, people
from server.services.cases import decisions, filling, unattended
from server.services.cases.filling import Read
from server.services.consent import withdrawals
from server.services.families import (
    applications,
    arrivals,
    childs_turn,
    packages,
    requests,
    signatures,
)
from server.services.model import releases
from server.services.unit_of_work import Tools, UnitOfWork
from server.services.worklist import cards, desk
from server.store import cases, schools

P = ParamSpec("P")
T = TypeVar("T")

MONDAY_MORNING = datetime(2026, 9, 7, 8, 0, tzinfo=UTC)
PASSWORD = "correct horse battery"
At = Literal[
    "invited", "consents", "voice", "questionnaire", "review", "returned", "enrolled",
    "declined_by_family", "declined_by_child",
]  # fmt: skip
ANSWERS: Mapping[str, Any] = {"goal": "Научиться шить", "interests": ["crafts", "people"]}

_numbers = count(1)


def standing_still(runtime: Runtime, at: datetime = MONDAY_MORNING) -> Runtime:
    """The same runtime with a clock that stands until the test moves it (`clock.at += …`)."""
    return replace(runtime, tools=replace(runtime.tools, clock=FixedClock(at)))


@dataclass(frozen=True)
class School:
    """A school with its organisation; `do` carries out a use case in it."""

    tools: Tools
    tenant_id: UUID
    id: UUID
    slug: str
    zone: str
    places: Mapping[str, UUID]  # short name → id

    def do(
        self,
        actor: Actor,
        service: Callable[Concatenate[UnitOfWork, P], T],
        /,
        *args: P.args,
        **facts: P.kwargs,
    ) -> T:
        """One use case as somebody, in a transaction of its own."""
        with self.tools.begin(actor, self.tenant_id) as work:
            return service(work, *args, **facts)

    @property
    def visitor(self) -> Actor:
        """Somebody who followed the poster's link."""
        return replace(VISITOR, tenant_id=self.tenant_id)

    @property
    def day(self) -> date:
        """Today, by the tools' clock."""
        return self.tools.clock.now().date()

    def pass_days(self, days: float) -> None:
        """Let time go by; only on a clock that stands still."""
        clock = self.tools.clock
        assert isinstance(clock, FixedClock)
        clock.at += timedelta(days=days)


@dataclass(frozen=True)
class Colleague:
    """Someone of staff, with the way to sign in."""

    name: str
    email: str
    actor: Actor
    password: str = PASSWORD

    @property
    def person_id(self) -> UUID:
        """The person."""
        assert self.actor.person_id is not None
        return self.actor.person_id


@dataclass(frozen=True)
class Family:
    """A guardian who proved a contact."""

    name: str
    contact: str
    relation: str
    actor: Actor
    place: str | None


@dataclass
class Enrolment:
    """A child's application, and what its people may do next."""

    school: School
    case_id: UUID
    family: Family
    child: str = ""
    born: date = date(2013, 4, 11)
    _child_id: UUID | None = field(default=None, repr=False)

    # Who acts -----------------------------------------------------------------------------------

    @property
    def guardian(self) -> Actor:
        """The guardian, in a session with a code typed."""
        return replace(self.family.actor, case_id=self.case_id)

    @property
    def mentee(self) -> Actor:
        """The child, in a session of its own."""
        row = self.row
        return Actor(
            "mentee", self.school.tenant_id, row.subject_id, case_id=self.case_id, assured=True
        )

    # What is there ------------------------------------------------------------------------------

    @property
    def row(self) -> cases.Case:
        """The case as it is stored now."""
        found = self.school.do(SHELL, lambda work: cases.case(work.session, self.case_id))
        assert found is not None
        return found

    @property
    def number(self) -> int:
        """The number people say aloud."""
        return self.row.number

    @property
    def child_id(self) -> UUID:
        """The child."""
        found = self.row.subject_id
        assert found is not None
        return found

    def task(self, step: str) -> cases.Task:
        """The newest task of a step."""
        rows = self.school.do(SHELL, lambda work: cases.tasks_of(work.session, self.case_id))
        return [row for row in rows if row.step == step][-1]

    def consent_id(self, name: str) -> UUID:
        """One consent of the application."""
        mine = self.school.do(self.guardian, applications.application, case_id=self.case_id)
        return next(one.consent_id for one in mine.consents if one.consent == name)

    # What happens -------------------------------------------------------------------------------

    def asks_for_a_place(self) -> None:
        """The guardian tells who the child is."""
        values = {
            "guardian_name": self.family.name,
            "relation": self.family.relation,
            "child_name": self.child,
            "birth_date": self.born,
        }
        self.school.do(
            self.guardian,
            requests.place_request,
            school_id=self.school.id,
            municipality_id=self.row.municipality_id,
            case_id=self.case_id,
            read=lambda _form: Read(values),
        )

    def signs(self, **answers: packages.Said) -> None:
        """The guardian answers the package of consents: yes to all unless told otherwise."""
        self._sign(self.guardian, "consents", answers)

    def signs_too(self) -> None:
        """The teenager signs the same documents."""
        self._sign(self.mentee, "consents", {})

    def photo(self, said: packages.Said = "given") -> None:
        """The guardian answers the question about photos."""
        self._sign(self.guardian, "photo", {"photo": said})

    def speaks(self, wants: str = "yes") -> None:
        """The child's own word; from 14 its own signature too."""
        actor = self.guardian if self.task("voice").role == "guardian" else self.mentee
        values = {"told_by": self.family.name, "understands": "yes", "wants": wants}
        self.school.do(
            actor, filling.fill, case_id=self.case_id, step="voice", read=_only_known(values)
        )
        if wants == "yes" and "mentee" in self._owing():
            self._sign(self.mentee, "consents", {})

    def fills_in(self, **answers: Any) -> None:
        """The child fills in the questionnaire."""
        values = {**ANSWERS, **answers}
        self.school.do(
            self.mentee,
            filling.fill,
            case_id=self.case_id,
            step="minor_questionnaire",
            read=lambda _form: Read(values),
        )

    def is_filled_in_by(self, colleague: Colleague, **answers: Any) -> None:
        """A coordinator enters the questionnaire for the family."""
        values = {**ANSWERS, **answers}
        self.school.do(
            colleague.actor,
            filling.fill,
            case_id=self.case_id,
            step="minor_questionnaire",
            read=lambda _form: Read(values),
        )

    def is_opened_by(self, colleague: Colleague) -> cards.Card:
        """Somebody opens the card."""
        return self.school.do(colleague.actor, desk.card, case_id=self.case_id, locale="ru")

    def is_decided_by(
        self, colleague: Colleague, outcome: str = "accept", comment: str = "Почему так"
    ) -> decisions.Verdict:
        """Somebody decides."""
        return self.school.do(
            colleague.actor,
            decisions.decide,
            case_id=self.case_id,
            task_id=self.task("decision").id,
            outcome=outcome,
            comment="" if outcome == "accept" else comment,
        )

    def withdraws(self, consent: str = "processing") -> UUID:
        """The guardian withdraws a consent; the case that follows from it."""
        return self.school.do(
            self.guardian, withdrawals.withdraw, consent_id=self.consent_id(consent)
        )

    def is_overdue(self) -> None:
        """Everything due of this application is done by the clock, as the scheduler does it."""
        timers = self.school.do(SHELL, _due_timers, case_id=self.case_id)
        for timer_id in timers:
            self.school.do(Actor("system", self.school.tenant_id), unattended.fire_timer, timer_id)

    def _sign(self, actor: Actor, stage: str, answers: Mapping[str, packages.Said]) -> None:
        do, tools = self.school.do, self.school.tools
        asked = do(actor, packages.package, case_id=self.case_id, stage=stage, locale="ru")
        said: dict[str, packages.Said] = {
            one.consent: answers.get(one.consent, "given") for one in asked.questions
        }
        facts: dict[str, Any] = {
            "case_id": self.case_id,
            "stage": stage,
            "answers": said,
            "hashes": {one.consent: one.document.hash for one in asked.questions},
            "locale": "ru",
        }
        if "given" in said.values():
            sent = do(actor, signatures.ask_package_code, **facts)
            facts["code_id"] = sent.code_id
            facts["typed"] = one_time_code(tools.pepper, sent.code_id)
        do(actor, signatures.sign, **facts)

    def _owing(self) -> set[str]:
        mine = self.school.do(self.guardian, applications.application, case_id=self.case_id)
        return {role for one in mine.consents if one.consent != "photo" for role in one.owed}


def a_school(
    tools: Tools,
    *,
    variant: str = "standard",
    zone: str = "Europe/Moscow",
    title: str = "Вологодская школа наставничества",
    places: Mapping[str, str] | None = None,
) -> School:
    """A partner with one school, as an operator sets it up; each call is another organisation."""
    mark = f"school-{next(_numbers)}"
    named = places or {"vologda": "Вологда", "cherepovets": "Череповец"}
    with tools.begin(SHELL) as work:
        releases.load_shipped(work)
    with tools.begin(SHELL) as work:
        tenant_id = people.add_tenant(work, slug=mark, name="АНО «Вектор роста»")
    today = tools.clock.now().date()
    with tools.begin(SHELL, tenant_id) as work:
        people.describe_partner(work, facts=_PARTNER)
        school_id = people.add_school(
            work,
            facts={
                "slug": mark,
                "title": {"ru": title, "en": "Vologda school of mentoring"},
                "initials": "ВР",
                "region": "Вологодская область",
                "zone": zone,
                "variant": variant,
                "cycle_start": today - timedelta(days=6),
                "cycle_end": today + timedelta(days=260),
                "opening_on": today + timedelta(days=12),
            },
            places=list(named.items()),
        )
        ids = {row.slug: row.id for row in schools.municipalities(work.session, school_id)}
    return School(tools, tenant_id, school_id, mark, zone, ids)


def a_colleague(
    school: School,
    *,
    name: str = "Белова Нина",
    role: str = "coordinator",
    place: str | None = None,
    email: str = "",
) -> Colleague:
    """Someone of staff with an account and a role from long ago, perhaps in one place only."""
    address = email or f"colleague{next(_numbers)}@example.org"
    if role in people.PLACED_ROLES and place is None:
        place = next(iter(school.places))
    place_id = school.places[place] if place else None
    person_id = school.do(
        SHELL, people.add_colleague, name=name, email=address, password_hash=_hash()
    )
    school.do(
        SHELL,
        people.appoint,
        person_id=person_id,
        school_id=school.id,
        role=role,
        since=date(2020, 1, 1),
        municipality_id=place_id,
    )
    held = Holding(role, school.id, place_id)
    return Colleague(name, address, Actor("staff", school.tenant_id, person_id, holdings=(held,)))


def a_family(
    school: School,
    *,
    name: str = "Смирнова Анна",
    contact: str = "",
    relation: str = "mother",
    place: str | None = "vologda",
) -> Family:
    """A guardian who came by the poster and typed the first code."""
    address = contact or f"family{next(_numbers)}@example.org"
    place_id = school.places[place] if place else None
    sent = school.do(
        school.visitor,
        arrivals.ask_contact,
        school_id=school.id,
        municipality_id=place_id,
        contact=address,
        locale="ru",
    )
    assert sent.check_id is not None
    found = school.do(
        school.visitor,
        arrivals.confirm_contact,
        check_id=sent.check_id,
        code_id=sent.code_id,
        typed=one_time_code(school.tools.pepper, sent.code_id),
    )
    actor = Actor("guardian", school.tenant_id, found.person_id, assured=True)
    return Family(name, address, relation, actor, place)


def an_invited_family(
    school: School, colleague: Colleague, *, contact: str = "", place: str = "vologda"
) -> Enrolment:
    """A coordinator invited a family by its contact alone."""
    address = contact or f"family{next(_numbers)}@example.org"
    case_id = school.do(
        colleague.actor,
        arrivals.invite,
        school_id=school.id,
        municipality_id=school.places[place],
        contact=address,
        locale="ru",
    )
    row = school.do(SHELL, lambda work: cases.case(work.session, case_id))
    assert row is not None
    actor = Actor("guardian", school.tenant_id, row.guardian_id, assured=True)
    return Enrolment(school, case_id, Family("Смирнова Анна", address, "mother", actor, place))


def an_enrolment(
    school: School,
    *,
    at: At = "review",
    child: str = "Смирнов Артём",
    age: int = 12,
    of: Family | None = None,
    place: str = "vologda",
    answers: Mapping[str, Any] | None = None,
) -> Enrolment:
    """A child's application, brought to where it stands by the family itself.

    `at` is what waits now: consents, voice, questionnaire, review; or an end. Invitations are made
    by `an_invited_family`.
    """
    assert at in get_args(At)
    guardian = of or a_family(school, name=_mother_of(child), place=place)
    born = _born(school.day, age)
    case_id = school.do(
        guardian.actor,
        requests.place_request,
        school_id=school.id,
        municipality_id=school.places[place],
        case_id=None,
        read=lambda _form: Read(
            {
                "guardian_name": guardian.name,
                "relation": guardian.relation,
                "child_name": child,
                "birth_date": born,
            }
        ),
    )
    made = Enrolment(school, case_id, guardian, child, born)
    return _brought(made, at, answers or {})


def republished(school: School, consent: str, edition: str, *, material: bool = True) -> None:
    """The platform publishes a consent's text anew, with one sentence more."""
    folder = workflow_defs() / "consents"
    spec = (folder / f"{consent}.yaml").read_text()
    spec = spec.replace("edition: 2026-09-01", f"edition: {edition}")
    spec = spec.replace("material: true", f"material: {str(material).lower()}")
    words = {
        f"consents/{consent}.ru.md": "\n\nНовое: школа отвечает за 5 рабочих дней.\n",
        f"consents/{consent}.en.md": "\n\nNew: the school answers within 5 working days.\n",
    }
    sources: dict[str, str | bytes] = {
        name: (workflow_defs() / name).read_text() + more for name, more in words.items()
    }
    sources[f"consents/{consent}.yaml"] = spec
    with school.tools.begin(SHELL) as work:
        releases.publish(work, sources=sources, note="new words")


def _brought(made: Enrolment, at: At, answers: Mapping[str, Any]) -> Enrolment:
    if at == "consents":
        return made
    if at == "declined_by_family":
        made.signs(processing="refused", participation="refused")
        return made
    made.signs()
    if at == "voice":
        return made
    if made.school.day >= _birthday(made.born, 14):
        made.school.do(
            made.guardian,
            childs_turn.send_child_link,
            case_id=made.case_id,
            contact=f"teen{next(_numbers)}@example.org",
        )
    made.speaks("no" if at == "declined_by_child" else "yes")
    if at in ("questionnaire", "declined_by_child"):
        return made
    made.fills_in(**answers)
    if at == "returned":
        made.is_decided_by(a_colleague(made.school, name="Орлова Вера"), "return")
    elif at == "enrolled":
        made.is_decided_by(a_colleague(made.school, name="Орлова Вера"))
    return made


def _only_known(values: Mapping[str, Any]) -> filling.Reading:
    """These answers, cut down to what the form asks."""

    def read(form: Any) -> Read:
        said = {spec.field: values[spec.field] for spec in form.fields if spec.field in values}
        return Read(said)

    return read


def _due_timers(work: UnitOfWork, *, case_id: UUID) -> list[UUID]:
    from sqlalchemy import select

    query = select(cases.Timer.id).where(
        cases.Timer.case_id == case_id, cases.Timer.fires_at <= work.now
    )
    return list(work.session.scalars(query.order_by(cases.Timer.fires_at)))


def _born(today: date, age: int) -> date:
    had_birthday = today >= date(today.year, 4, 11)
    return date(today.year - age - (not had_birthday), 4, 11)


def _birthday(born: date, age: int) -> date:
    return born.replace(year=born.year + age)


def _mother_of(child: str) -> str:
    surname = child.split(maxsplit=1)[0]
    return f"{surname}а Анна" if surname[-1] in "внй" else f"{surname} Анна"


@cache
def _hash() -> str:
    # A real hash with the least of work: a test signs in often and guards nothing.
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(
        passwords.normal(PASSWORD)
    )


_PARTNER: Mapping[str, Any] = {
    "name": "АНО «Вектор роста»",
    "legal_name": "Автономная некоммерческая организация «Вектор роста»",
    "kind": "ngo",
    "address": "160000, Вологда, ул. Мира, 1",
    "inn": "3525000001",
    "ogrn": "1023500000001",
    "processor_name": "ООО «Облако»",
    "processor_address": "Москва",
    "contact_name": "Ирина Мельникова",
    "contact_phone": "8 8172 00-00-00",
    "contact_hours": {"ru": "по будням с 10 до 18", "en": "weekdays 10 to 18"},
}
