"""The child's own page: what waits for it, in plain words, and whom it may call."""

from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import UUID

from server.access.policy import Permission
from server.consents.texts import Block
from server.services.cases import documents, steps
from server.services.cases.standing import Standing
from server.services.families.applications import (
    ConsentState,
    NextStep,
    adult_comes,
    consent_states,
    next_step,
)
from server.services.unit_of_work import UnitOfWork
from server.store.steps import TaskRow


@dataclass(frozen=True)
class Companion:
    """Plain words for the child beside one consent: what it is about, or what is written down."""

    kind: str  # of the consent: permission, data
    words: tuple[Block, ...]


@dataclass(frozen=True)
class ChildPage:
    """What waits for a child."""

    case_id: UUID
    number: int
    child_name: str
    age: int | None
    tasks: tuple[NextStep, ...]
    adult_comes: bool  # somebody of the school is to explain first
    companions: tuple[Companion, ...]
    help_line: str
    ended: bool
    end: str | None
    consents: tuple[ConsentState, ...]


def child_page(work: UnitOfWork, *, case_id: UUID, locale: str) -> ChildPage:
    """The child's own page: what is open for it, in plain words.

    :raises NotFound: when this is not the child of this case.
    """
    standing = steps.load(work, case_id)
    steps.require(work, standing, Permission.CHILD_ANSWER)
    bundle = standing.ready.bundle
    plain = [
        Companion(
            bundle.consents[step.consent].kind,
            documents.companion(work, standing, step.consent, locale),
        )
        for step in standing.compiled.package(_first_package(standing))
    ]
    return ChildPage(
        case_id=case_id,
        number=standing.case.number,
        child_name=standing.subject.get("name", ""),
        age=standing.age(work.now),
        tasks=tuple(_own(standing, task) for task in standing.tasks if task.role == "mentee"),
        adult_comes=adult_comes(standing),
        companions=tuple(one for one in plain if one.words),
        help_line=_help_line(standing, locale),
        ended=standing.state.status == "ended",
        end=standing.state.end,
        consents=consent_states(work, standing) if work.actor.assured else (),
    )


def help_line(work: UnitOfWork, *, case_id: UUID, locale: str) -> str:
    """Whom a child may call when it is bad; it is the same for everybody and no secret."""
    return _help_line(steps.load(work, case_id), locale)


def _own(standing: Standing, task: TaskRow) -> NextStep:
    """A step as the child reads it: a form by its own title, which speaks to who fills it in."""
    step = next_step(standing, task)
    if task.form is None:
        return step
    return replace(step, label=standing.compiled.forms[task.form].title)


def _first_package(standing: Standing) -> str:
    """The stage that asks for the consents of this workflow."""
    stages = standing.compiled.spec.stages
    return next(one.stage for one in stages if standing.compiled.package(one.stage))


def _help_line(standing: Standing, locale: str) -> str:
    words = standing.ready.bundle.texts.get("child_help_line", {})
    return words.get(locale) or words.get("ru", "")
