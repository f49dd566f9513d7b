"""What one consent must hold: its document in every language, its signers, what a no may do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from server.consents.definition import ConsentSpec
from server.consents.texts import elements_missing, mean_sentence_length, places_in
from server.kernel.problems import Place, Problem
from server.kernel.text import LOCALES, Text
from server.kernel.yaml import Path
from server.model.bundle import Bundle, text_name
from server.model.notes import Notes

# Of each kind of consent the one purpose without which taking part is impossible (CONSENT.md R11,
# DECISIONS.md 12).
REQUIRABLE = {"data": "processing", "permission": "participation"}
# Purposes whose law asks for more than a text: publishing wants every place named, and a choice and
# conditions for each item (152-FZ article 10.1).
NOT_BUILT = ("dissemination",)
# Children below 18 get the document in words of their own age (R6).
BANDS = ("7-13", "14-17")
RULES = "signature_rules"
# Words in a sentence, on average, above which a text is reported.
LONG_FOR_ADULTS = 16
LONG_FOR_CHILDREN = 10

# What may stand between two braces in a consent's text, question and facts: all that a school, a
# cycle and a request know. A name that is not here would stay empty on a parent's page.
PLACES = frozenset(
    {
        "actions_list", "authority_document", "child_address", "child_birth_date",
        "child_document", "child_name", "contact_hours", "contact_name", "contact_phone",
        "data_list", "edition_date", "guardian_address", "guardian_capacity",
        "guardian_document", "guardian_name", "operator_address", "operator_inn",
        "operator_name", "operator_ogrn", "processor_address", "processor_name",
        "retention_until", "school_title", "valid_until", "withdraw_how",
    }
)  # fmt: skip


def check_consent(bundle: Bundle, consent: ConsentSpec) -> list[Problem]:
    """Every contradiction of a consent with the law's file, its texts and the workflows."""
    return _Consent(bundle, consent).check()


def check_rules(bundle: Bundle) -> list[Problem]:
    """The rules of the simple signature exist in every language wherever a consent is signed."""
    if not bundle.consents:
        return []
    texts = bundle.texts.get(RULES, {})
    return [
        Problem("TEXT-MISSING", {"file": _file(RULES, locale)}, Place(_file(RULES, locale), 1, 1))
        for locale in LOCALES
        if locale not in texts
    ]


class _Consent(Notes):
    def __init__(self, bundle: Bundle, consent: ConsentSpec) -> None:
        super().__init__(bundle, "consent", consent.consent)
        self.consent = consent

    def check(self) -> list[Problem]:
        consent = self.consent
        self.must_be_told(dict(self._words()))
        reason = consent.locked.why if consent.locked else None
        self.must_be_reasoned(reason, ("locked", "why"))
        self.must_bind(consent.valid.bound, "retention", ("valid", "bound"), "valid")
        requirable = REQUIRABLE[consent.kind]
        if consent.required and consent.purpose != requirable:
            facts: dict[str, Any] = {"purpose": consent.purpose, "allowed": requirable}
            self.note("REQUIRED-PURPOSE", ("required",), "required", why="law.ru.152fz.9", **facts)
        self._purpose()
        self._withdrawal()
        self._texts()
        self._companions()
        return self.found

    def _words(self) -> Iterator[tuple[Path, Text]]:
        yield ("title",), self.consent.title
        yield ("question",), self.consent.question
        for number, fact in enumerate(self.consent.summary):
            yield ("summary", number, "term"), fact.term
            yield ("summary", number, "text"), fact.text

    def _purpose(self) -> None:
        for other in self.bundle.consents.values():
            if other.purpose == self.consent.purpose and other.consent < self.consent.consent:
                facts: dict[str, Any] = {"purpose": other.purpose, "other": other.consent}
                self.note("PURPOSE-TWICE", ("purpose",), "purpose", **facts)
        if self.consent.purpose in NOT_BUILT:
            what = f"purpose: {self.consent.purpose}"
            self.note("NOT-BUILT", ("purpose",), "purpose", what=what)
        if self.consent.purpose in self.bundle.grounds:
            self.note("PURPOSE-GROUND", ("purpose",), "purpose", purpose=self.consent.purpose)

    def _withdrawal(self) -> None:
        effect = self.consent.on_withdraw
        if effect is None:
            return
        specs = self.bundle.workflows.values()
        tasks = [task.task for spec in specs for task in spec.tasks]
        at: Path = ("on_withdraw", "open")
        self.must_know("task", effect.open, tasks, at, "on_withdraw")
        asking = [spec for spec in specs if self._asked_in(spec.stages)]
        stages = [stage.stage for spec in asking for stage in spec.stages]
        for number, stage in enumerate(effect.pause):
            at = ("on_withdraw", "pause", number)
            self.must_know("stage", stage, stages, at, "on_withdraw")

    def _asked_in(self, stages: Any) -> bool:
        steps = (step for stage in stages for step in stage.steps)
        return any(getattr(step, "consent", None) == self.consent.consent for step in steps)

    def _texts(self) -> None:
        for locale in LOCALES:
            name = text_name(self.consent.text)
            text = self._text(self.consent.text, locale, ("text",))
            shown = [text or "", self.consent.question.in_(locale)]
            shown += [words.in_(locale) for _, words in self._words()]
            self._places("\n".join(shown), _file(name, locale))
            if text is not None:
                self._elements(text, name, locale)
                self._length(text, name, locale, LONG_FOR_ADULTS)

    def _companions(self) -> None:
        for band in BANDS:
            companion = self.consent.companions.get(band)  # type: ignore[call-overload]  # one of BANDS
            if companion is None:
                self.note("COMPANION-MISSING", ("companions",), "companions", ages=band)
                continue
            for locale in LOCALES:
                text = self._text(companion, locale, ("companions", band))
                if text is not None:
                    name = text_name(companion)
                    self._places(text, _file(name, locale))
                    self._length(text, name, locale, LONG_FOR_CHILDREN)

    def _text(self, path: str, locale: str, at: Path) -> str | None:
        text = self.bundle.texts.get(text_name(path), {}).get(locale)
        if text is None:
            file = _file(text_name(path), locale)
            self.note("TEXT-MISSING", at, str(at[0]), file=file)
        return text

    def _places(self, text: str, file: str) -> None:
        for name in sorted(places_in(text) - PLACES):
            before = text.partition(f"{{{{{name}}}}}")[0]
            where = Place(file, before.count("\n") + 1, len(before) - before.rfind("\n"))
            facts = {"place": name}
            self.found.append(Problem("TEXT-PLACE-NOT-KNOWN", facts, where, f"{self.name}.text"))

    def _elements(self, text: str, name: str, locale: str) -> None:
        for element in elements_missing(text, self.consent.form):
            title, why = self._told(element, locale)
            place = Place(_file(name, locale), 1, 1)
            facts = {"element": title}
            at = f"{self.name}.text"
            self.found.append(Problem("TEXT-ELEMENT", facts, place, at, why))

    def _told(self, element: str, locale: str) -> tuple[str, str | None]:
        """How the law's file calls an element, and why it must be there."""
        for law in self.bundle.legal.values():
            for form in law["consent_forms"].values():
                for known in form["elements"]:
                    if known["element"] == element:
                        return str(known["title"].get(locale, element)), form.get("why")
        return element, None

    def _length(self, text: str, name: str, locale: str, most: int) -> None:
        mean = round(mean_sentence_length(text), 1)
        if mean > most:
            file = _file(name, locale)
            facts = {"mean": mean, "most": most}
            place = Place(file, 1, 1)
            self.found.append(Problem("TEXT-LONG", facts, place, f"{self.name}.text", warning=True))


def _file(name: str, locale: str) -> str:
    return f"consents/{name}.{locale}.md"
