"""All checks of a bundle: each file against itself, against the others, and along every way.

The same for the model and for what a school's settings made of it, so that no door is laxer.
"""

from __future__ import annotations

from functools import partial

from server.consents.signers import SignerRules
from server.kernel.problems import Problem
from server.kernel.text import Text
from server.kernel.yaml import Path
from server.model.bundle import Bundle, thawed
from server.model.consent_checks import check_consent, check_rules
from server.model.definition import Variant, check_model
from server.model.form_checks import check_form
from server.model.notes import Notes
from server.workflows.compiled import compile_workflow
from server.workflows.definition import Bounded, ReviewStep, Step, WorkflowSpec
from server.workflows.proofs import SignersAt, prove
from server.workflows.structure import check_structure


def check(bundle: Bundle, *, variant: Variant = "standard") -> list[Problem]:
    """Everything that is wrong with a bundle, errors and warnings, in the order of its files.

    `variant` gives the numbers that the model leaves to it; no proof hangs on how many approve.
    """
    found = check_model(bundle.model, place_of=partial(bundle.place, "model:model"))
    for form in bundle.forms.values():
        found += check_form(bundle, form)
    for consent in bundle.consents.values():
        found += check_consent(bundle, consent)
    found += check_rules(bundle)
    for spec in bundle.workflows.values():
        found += check_workflow(bundle, spec, variant=variant)
    return sorted(found, key=_in_order)


def check_workflow(
    bundle: Bundle, spec: WorkflowSpec, *, variant: Variant = "standard"
) -> list[Problem]:
    """Everything that is wrong with one workflow; it is proved only when it hangs together."""
    place_of = partial(bundle.place, f"workflow:{spec.workflow}")
    found = check_structure(spec, bundle.forms, bundle.consents, place_of=place_of)
    if not found:
        compiled = compile_workflow(spec, bundle.forms, bundle.consents, bundle.numbers(variant))
        found = prove(
            compiled,
            consents=bundle.consents,
            signers_at=signers_at(bundle),
            raised=frozenset(_raised(bundle)),
            place_of=place_of,
        )
    return found + _Words(bundle, spec).check()


def signers_at(bundle: Bundle) -> SignersAt:
    """Who signs at which age, after the first country's table."""
    law = next(iter(bundle.legal.values()))
    return SignerRules.model_validate(thawed(law["signers"])).roles_at


def _raised(bundle: Bundle) -> list[str]:
    effects = (consent.on_withdraw for consent in bundle.consents.values())
    return [effect.open for effect in effects if effect is not None and effect.open]


def _in_order(problem: Problem) -> tuple[bool, str, int, int]:
    place = problem.place
    where = (place.file, place.line, place.column) if place else ("", 0, 0)
    return (problem.warning, *where)


class _Words(Notes):
    """The texts, parameters and reasons of one workflow."""

    def __init__(self, bundle: Bundle, spec: WorkflowSpec) -> None:
        super().__init__(bundle, "workflow", spec.workflow)
        self.spec = spec

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
            self.must_bind(step.remind.bound, "reminders", (*path, "remind", "bound"), step.id)
        if isinstance(step, ReviewStep):
            for number, outcome in enumerate(step.outcomes):
                texts[(*path, "outcomes", number, "label")] = outcome.label
            if isinstance(step.approvals, Bounded):
                at: Path = (*path, "approvals", "bound")
                self.must_bind(step.approvals.bound, "approvals per decision", at, step.id)
