"""All checks of a bundle: each file against itself, against the others, and along every way.

The same for the model and for what a school's settings made of it, so that no door is laxer.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, partial
from typing import get_args
from uuid import UUID

from server.access.actors import Actor, Holding
from server.access.policy import Permission, Thing, allowed
from server.consents.definition import ConsentSpec
from server.consents.signers import SignerRules
from server.forms.definition import Role
from server.kernel.problems import Problem
from server.kernel.text import LOCALES, Text
from server.kernel.yaml import Path
from server.model.bundle import Bundle, read_what_can_be, thawed
from server.model.consent_checks import check_consent, check_rules
from server.model.definition import Variant, check_model
from server.model.form_checks import check_form
from server.model.notes import Notes
from server.words import letters
from server.workflows.compiled import compile_workflow
from server.workflows.definition import Bounded, Remind, ReviewStep, Step, WorkflowSpec
from server.workflows.proofs import prove
from server.workflows.structure import Around, check_structure
from server.workflows.structure_people import FAMILY, Offices
from server.workflows.worlds import SignersAt


def check_sources(
    sources: Mapping[str, str | bytes], *, unread: frozenset[str] = frozenset()
) -> tuple[Bundle | None, list[Problem]]:
    """The bundle out of sources, and everything that is wrong: with them, and between them.

    A file that cannot be read hides no mistake of another: what is good is checked all the same,
    silent only about what stands in the unread ones. `unread` names more of those (`Read.unread`).
    """
    read = read_what_can_be(sources)
    found = check(read.bundle, unread=read.unread | unread)
    return (None if read.problems else read.bundle), sorted([*read.problems, *found], key=_in_order)


def check(
    bundle: Bundle, *, variant: Variant = "standard", unread: frozenset[str] = frozenset()
) -> list[Problem]:
    """Everything that is wrong with a bundle, errors and warnings, in the order of its files.

    `variant` gives the numbers that the model leaves to it; no proof hangs on how many approve.
    """
    found = check_model(bundle.model, place_of=partial(bundle.place, "model:model"))
    for form in bundle.forms.values():
        found += check_form(bundle, form, variant=variant)
    for consent in bundle.consents.values():
        found += check_consent(bundle, consent)
        found += check_term(bundle, consent, variant=variant)
    found += check_rules(bundle)
    found = [problem for problem in found if not _is_of_unread(problem, bundle, unread)]
    for spec in bundle.workflows.values():
        found += check_workflow(bundle, spec, variant=variant, unread=unread)
    return sorted(found, key=_in_order)


def check_workflow(
    bundle: Bundle,
    spec: WorkflowSpec,
    *,
    variant: Variant = "standard",
    unread: frozenset[str] = frozenset(),
) -> list[Problem]:
    """Everything that is wrong with one workflow; it is proved only when it hangs together."""
    place_of = partial(bundle.place, f"workflow:{spec.workflow}")
    raised = _raised(bundle, spec, unread)
    around = around_workflows(bundle, variant=variant, raised=raised)
    found = check_structure(spec, bundle.forms, bundle.consents, around=around, place_of=place_of)
    # Without the law nobody knows who signs.
    if not found and bundle.legal:
        compiled = compile_workflow(spec, bundle.forms, bundle.consents, around.numbers)
        found = prove(
            compiled,
            consents=bundle.consents,
            signers_at=signers_at(bundle),
            raised=raised,
            place_of=place_of,
        )
    found += _Words(bundle, spec, variant).check()
    return [problem for problem in found if not _is_of_unread(problem, bundle, unread)]


def check_term(bundle: Bundle, consent: ConsentSpec, *, variant: Variant) -> list[Problem]:
    """How long a consent lives lies within the parameter that bounds it."""
    notes = Notes(bundle, "consent", consent.consent)
    valid = consent.valid
    notes.must_lie_within(valid.bound, variant, valid.plus, ("valid", "plus"), "valid")
    return notes.found


def signers_at(bundle: Bundle) -> SignersAt:
    """Who signs at which age, after the first country's table."""
    law = next(iter(bundle.legal.values()))
    return SignerRules.model_validate(thawed(law["signers"])).roles_at


def around_workflows(
    bundle: Bundle, *, variant: Variant = "standard", raised: frozenset[str] | None = None
) -> Around:
    """What every workflow of a bundle is held against beside its forms and consents."""
    to_family, to_staff = _letters()
    return Around(
        offices=_offices(),
        letters_to_family=to_family,
        letters_to_staff=to_staff,
        numbers=bundle.numbers(variant),
        raised=_raised_by_consents(bundle) if raised is None else raised,
    )


def _raised(bundle: Bundle, spec: WorkflowSpec, unread: frozenset[str]) -> frozenset[str]:
    raised = _raised_by_consents(bundle)
    if any(name.startswith("consent:") for name in unread):
        # Which task its withdrawal opens stands in a file that nobody can read: it may be any.
        raised |= {task.task for task in spec.tasks}
    return raised


def _raised_by_consents(bundle: Bundle) -> frozenset[str]:
    effects = (consent.on_withdraw for consent in bundle.consents.values())
    return frozenset(effect.open for effect in effects if effect is not None and effect.open)


_SOMEWHERE = UUID(int=1)


@cache
def _offices() -> Offices:
    """What the permission table lets each role of staff do at a school."""

    def holders(*permissions: Permission) -> frozenset[str]:
        found = set()
        for role in get_args(Role):
            actor = Actor(kind="staff", holdings=(Holding(role, _SOMEWHERE),))
            thing = Thing(school_id=_SOMEWHERE)
            if role not in FAMILY and all(allowed(actor, each, thing) for each in permissions):
                found.add(role)
        return frozenset(found)

    return Offices(
        start=holders(Permission.CASE_INVITE),
        fill=holders(Permission.CASE_FILL_FOR_FAMILY),
        decide=holders(Permission.DESK_READ, Permission.CASE_DECIDE),
        finish=holders(Permission.DESK_READ, Permission.CASE_DECIDE),
    )


# A definition's letter carries no code, and a link of its own only to the family.
_NOT_TO_FAMILY = frozenset({"code", "minutes"})
_NOT_TO_STAFF = _NOT_TO_FAMILY | {"link"}


@cache
def _letters() -> tuple[frozenset[str], frozenset[str]]:
    """The letters that an application can send: to the family, and to staff."""
    channels: tuple[letters.Channel, ...] = ("mail", "sms")
    asked = {
        name: frozenset[str]().union(
            *(letters.places_of(name, locale, way) for locale in LOCALES for way in channels)
        )
        for name in letters.names()
    }
    return (
        frozenset(name for name, of in asked.items() if not of & _NOT_TO_FAMILY),
        frozenset(name for name, of in asked.items() if not of & _NOT_TO_STAFF),
    )


def _is_of_unread(problem: Problem, bundle: Bundle, unread: frozenset[str]) -> bool:
    """Whether a name is missing only because the file that has it could not be read."""
    if not unread:
        return False
    facts = problem.facts
    if problem.code == "TEXT-MISSING":
        return f"text:{facts['file']}" in unread
    if problem.code != "TARGET-UNKNOWN":
        return False
    kinds = {name.partition(":")[0] for name in unread}
    what = facts["what"]
    if what in ("form", "consent"):
        return f"{what}:{facts['given']}" in unread
    if what in ("task", "stage"):  # of another workflow; its own are all there
        return problem.at.partition(".")[0] in bundle.consents and "workflow" in kinds
    return bool(_STANDS_IN.get(what, frozenset()) & kinds)


_STANDS_IN = {
    "parameter": frozenset({"model"}),
    "reason": frozenset({"legal"}),
    "purpose": frozenset({"legal", "consent"}),
}


def _in_order(problem: Problem) -> tuple[bool, str, int, int]:
    place = problem.place
    where = (place.file, place.line, place.column) if place else ("", 0, 0)
    return (problem.warning, *where)


class _Words(Notes):
    """The texts, parameters and reasons of one workflow."""

    def __init__(self, bundle: Bundle, spec: WorkflowSpec, variant: Variant) -> None:
        super().__init__(bundle, "workflow", spec.workflow)
        self.spec = spec
        self.variant = variant

    def check(self) -> list[Problem]:
        spec = self.spec
        texts: dict[Path, Text | None] = {("title",): spec.title}
        self.must_be_reasoned(spec.locked.why if spec.locked else None, ("locked", "why"))
        for index, stage in enumerate(spec.stages):
            texts[("stages", index, "title")] = stage.title
            for number, step in enumerate(stage.steps):
                self._step(step, ("stages", index, "steps", number), texts)
        for index, task in enumerate(spec.tasks):
            path: Path = ("tasks", index)
            texts[(*path, "label")] = task.label
            texts.update({(*path, "done_labels", n): t for n, t in task.done_labels.items()})
            if task.due is not None:
                self.must_bind(task.due.bound, "deadlines", (*path, "due", "bound"), task.task)
            if missing := [name for name in task.done if name not in task.done_labels]:
                self.note("LABEL-MISSING", (*path, "done"), task.task, names=missing)
        texts.update({("end_labels", name): text for name, text in spec.end_labels.items()})
        if missing := [end for end in spec.ends if end not in spec.end_labels]:
            self.note("LABEL-MISSING", ("ends",), "ends", names=missing)
        for index, demand in enumerate(spec.requires):
            self.must_be_reasoned(demand.why, ("requires", index, "why"), "requires")
        self.must_be_told(texts)
        return self.found

    def _step(self, step: Step, path: Path, texts: dict[Path, Text | None]) -> None:
        texts[(*path, "label")] = step.label
        if step.due is not None:
            self.must_bind(step.due.bound, "deadlines", (*path, "due", "bound"), step.id)
        if step.remind is not None:
            self._reminders(step, step.remind, (*path, "remind"))
        if isinstance(step, ReviewStep):
            for number, outcome in enumerate(step.outcomes):
                texts[(*path, "outcomes", number, "label")] = outcome.label
            if isinstance(step.approvals, Bounded):
                at: Path = (*path, "approvals", "bound")
                self.must_bind(step.approvals.bound, "approvals per decision", at, step.id)

    def _reminders(self, step: Step, remind: Remind, path: Path) -> None:
        self.must_bind(remind.bound, "reminders", (*path, "bound"), step.id)
        for number, after in enumerate(remind.after):
            at: Path = (*path, "after", number)
            self.must_lie_within(remind.bound, self.variant, after, at, step.id)
        self.must_be_few(remind.bound, self.variant, len(remind.after), (*path, "after"), step.id)
