"""Problems noted against one document: each with its place in the file and its point by ids."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from server.kernel.durations import Duration
from server.kernel.problems import Problem
from server.kernel.text import LOCALES, Text
from server.kernel.yaml import Path
from server.model.bundle import Bundle
from server.model.definition import Counted, Variant
from server.model.reading import nearest


class Notes:
    """The problems of one document of a bundle (`form:minor_questionnaire`)."""

    def __init__(self, bundle: Bundle, kind: str, name: str) -> None:
        self.bundle = bundle
        self.document = f"{kind}:{name}"
        self.name = name
        self.found: list[Problem] = []

    def note(
        self,
        code: str,
        path: Path = (),
        at: str = "",
        *,
        why: str | None = None,
        warning: bool = False,
        **facts: Any,
    ) -> None:
        """Write one problem down."""
        point = f"{self.name}.{at}" if at else self.name
        place = self.bundle.place(self.document, path)
        self.found.append(Problem(code, facts, place, point, why, warning=warning))

    def must_know(
        self, what: str, given: str | None, known: Iterable[str], path: Path, at: str = ""
    ) -> None:
        """Refuse a name that nothing has; None says nothing."""
        names = list(known)
        if given is not None and given not in names:
            meant = nearest(given, names)
            self.note("TARGET-UNKNOWN", path, at, what=what, given=given, known=names, meant=meant)

    def must_bind(self, bound: str | None, counts: Counted, path: Path, at: str = "") -> None:
        """Refuse a parameter that is not there, or that counts something else."""
        if bound is None:
            return
        parameters = self.bundle.model.parameters
        self.must_know("parameter", bound, parameters, path, at)
        if bound in parameters and parameters[bound].counts != counts:
            found = parameters[bound].counts
            self.note("PARAMETER-COUNTS", path, at, parameter=bound, counts=found, wanted=counts)

    def must_lie_within(
        self,
        bound: str | None,
        variant: Variant,
        given: int | Duration,
        path: Path,
        at: str = "",
    ) -> None:
        """Refuse what ships outside the parameter by which it may later be moved."""
        if bound not in self.bundle.model.parameters:
            return
        range_ = self.bundle.model.range_of(bound, variant)
        if not range_.holds(given):
            facts: dict[str, Any] = {
                "given": str(given),
                "least": str(range_.from_),
                "most": str(range_.to),
            }
            why = self.bundle.model.parameters[bound].why
            self.note("BOUND-OUTSIDE", path, at, why=why, parameter=bound, **facts)

    def must_be_few(
        self, bound: str | None, variant: Variant, given: int, path: Path, at: str = ""
    ) -> None:
        """Refuse more of a thing than its parameter allows."""
        if bound not in self.bundle.model.parameters:
            return
        most = self.bundle.model.range_of(bound, variant).at_most
        if most is not None and given > most:
            why = self.bundle.model.parameters[bound].why
            facts: dict[str, Any] = {"parameter": bound, "given": given, "most": most}
            self.note("BOUND-MANY", path, at, why=why, **facts)

    def must_be_reasoned(self, why: str | None, path: Path, at: str = "") -> None:
        """Refuse a reason that the origin registry does not have."""
        self.must_know("reason", why, self.bundle.origins, path, at)

    def must_be_told(self, texts: Mapping[Path, Text | None], at: str = "") -> None:
        """Refuse a shipped text that a language is missing from."""
        for path, text in texts.items():
            missing = [locale for locale in LOCALES if text is not None and locale not in text]
            if missing:
                self.note("TEXT-LOCALE", path, at, missing=missing)
