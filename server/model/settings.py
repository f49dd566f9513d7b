"""A school's settings carried out under the limits: the one validator behind page, file, API and
command line, since a limit that one screen alone holds is no limit."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from server.forms.definition import FormSpec
from server.kernel.problems import Problem
from server.model.bundle import Bundle
from server.model.definition import AddField, Change, PlaceOf, SettingsSpec, target_of
from server.model.form_changes import AdaptedForm, Outcome, adapt_form, nearest_of
from server.model.limits import Limits
from server.model.workflow_changes import adapt_consent, adapt_workflow

Numbered = list[tuple[int, Change]]


@dataclass(frozen=True)
class Applied:
    """What settings make of a bundle, and what is wrong with them.

    `effective` carries out every change that has no problem; with no change it equals the bundle.
    `problems` come in the order of the changes; publish only when there are none. `settings` are
    then to be stored: the values of choices written out, changes that change nothing left out.
    With any problem they are as they came: nothing typed is lost.
    """

    effective: Bundle
    problems: tuple[Problem, ...]
    settings: SettingsSpec


def apply(bundle: Bundle, settings: SettingsSpec, *, place_of: PlaceOf = lambda _: None) -> Applied:
    """Carry out a school's settings on a release of the model; never raises for what they say.

    `place_of` tells where a value of the settings was written (`Document.place`), for settings
    that come from a file.
    """
    working = _Applying(bundle, settings, place_of)
    return working.result()


def adapted_form(bundle: Bundle, settings: SettingsSpec, form: FormSpec) -> AdaptedForm:
    """One form under settings, with its hidden questions still in their places: for an editor."""
    of_form = [
        (number, change)
        for number, change in enumerate(settings.changes)
        if target_of(change.at) == form.form
    ]
    limits = Limits(bundle, settings.variant)
    return adapt_form(form, of_form, limits=limits, place_of=lambda _: None)[0]


def to_data(settings: SettingsSpec) -> dict[str, Any]:
    """Settings as plain data, keys in the order people write them: for YAML, JSON and the store."""
    data = settings.model_dump(mode="json", by_alias=True, exclude_unset=True)
    changes = [{"change": one.pop("change"), **one} for one in data.pop("changes", [])]
    return {**data, "changes": changes}


def to_yaml(settings: SettingsSpec) -> str:
    """Settings as a YAML file, one change a line: read again it gives the same settings."""
    data = to_data(settings)
    head = [f"{key}: {_flow(data[key])}" for key in ("settings", "model", "variant")]
    changes = [f"  - {_flow(change)}" for change in data["changes"]]
    return "\n".join([*head, "changes:" if changes else "changes: []", *changes, ""])


def with_change(settings: SettingsSpec, change: Change) -> SettingsSpec:
    """The settings with a change instead of an earlier one of its kind at its point, else last."""
    key = key_of(change)
    changes = [change if key_of(one) == key else one for one in settings.changes]
    if change not in changes:
        changes.append(change)
    return settings.model_copy(update={"changes": tuple(changes)})


def without_change(settings: SettingsSpec, change: Change) -> SettingsSpec:
    """The settings without the change of this kind at this point: there it is as shipped again."""
    kept = tuple(one for one in settings.changes if key_of(one) != key_of(change))
    return settings.model_copy(update={"changes": kept})


def key_of(change: Change) -> tuple[str, str]:
    """What a change is about: two of one key would contradict each other."""
    own = f".{change.field.field}" if isinstance(change, AddField) else ""
    return change.change, change.at + own


# Words that may stand without quotes; those that YAML reads as something else are none of them.
_PLAIN = re.compile(r"^(?!(?:true|false|null|yes|no|on|off)$)[a-z][a-z0-9_]*(\.[a-z0-9_]+)*$")


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_flow(held)}" for key, held in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(held) for held in value) + "]"
    if isinstance(value, str) and _PLAIN.match(value):
        return value
    return json.dumps(value, ensure_ascii=False)


class _Applying:
    """One list of changes while it is carried out."""

    def __init__(self, bundle: Bundle, settings: SettingsSpec, place_of: PlaceOf) -> None:
        self.bundle = bundle
        self.settings = settings
        self.place_of = place_of
        self.limits = Limits(bundle, settings.variant)
        self.problems: dict[int, list[Problem]] = {}
        self.stored: dict[int, Change | None] = dict(enumerate(settings.changes))

    def result(self) -> Applied:
        forms, workflows, consents = (
            dict(self.bundle.forms),
            dict(self.bundle.workflows),
            dict(self.bundle.consents),
        )
        for target, changes in self._by_target().items():
            outcome = Outcome()
            if target in forms:
                adapted, outcome = adapt_form(forms[target], changes, **self._ground)
                forms[target] = adapted.form
            elif target in workflows:
                workflows[target], outcome = adapt_workflow(
                    workflows[target], changes, **self._ground
                )
            elif target in consents:
                consents[target], outcome = adapt_consent(consents[target], changes, **self._ground)
            else:
                self._no_such_target(target, changes)
            self.problems.update(outcome.problems)
            self.stored.update(outcome.stored)
        found = [one for _, listed in sorted(self.problems.items()) for one in listed]
        problems = (*self._release(), *found)
        return Applied(
            replace(self.bundle, forms=forms, workflows=workflows, consents=consents),
            problems,
            self.settings if problems else self._to_store(),
        )

    @property
    def _ground(self) -> dict[str, Any]:
        return {"limits": self.limits, "place_of": self.place_of}

    def _by_target(self) -> Mapping[str, Numbered]:
        """The changes by the definition they are about, without those that contradict another."""
        found: dict[str, Numbered] = {}
        seen: set[tuple[str, str]] = set()
        for number, change in enumerate(self.settings.changes):
            if key_of(change) in seen and not isinstance(change, AddField):
                place = self.place_of(("changes", number, "at"))
                facts = {"given": change.at}
                self.problems[number] = [Problem("SETTINGS-TWICE", facts, place, change.at)]
                continue
            seen.add(key_of(change))
            found.setdefault(target_of(change.at), []).append((number, change))
        return found

    def _no_such_target(self, target: str, changes: Numbered) -> None:
        known = [*self.bundle.forms, *self.bundle.workflows, *self.bundle.consents]
        facts = {"given": target, "nearest": nearest_of(target, known)}
        for number, change in changes:
            place = self.place_of(("changes", number, "at"))
            self.problems[number] = [Problem("SETTINGS-TARGET", facts, place, change.at)]

    def _release(self) -> list[Problem]:
        if self.settings.model == self.bundle.model.model:
            return []
        facts = {"given": self.settings.model, "model": self.bundle.model.model}
        return [Problem("SETTINGS-MODEL", facts, self.place_of(("model",)), "model")]

    def _to_store(self) -> SettingsSpec:
        changes = tuple(stored for _, stored in sorted(self.stored.items()) if stored is not None)
        if changes == self.settings.changes:
            return self.settings
        return self.settings.model_copy(update={"changes": changes})
