"""A published consent keeps its words: other words are a later edition, and none goes back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from server.kernel.problems import Problem
from server.model.bundle import Bundle, text_name
from server.model.notes import Notes

# What a signer reads and agrees to. Who must sign at which age, or what a withdrawal pauses, may
# change without another document.
SHOWN = (
    "title", "question", "summary", "form", "purpose", "kind", "classes", "signers", "valid",
)  # fmt: skip

Content = Mapping[str, Any]  # what `Bundle.to_json` gave


def check_editions(before: Content, after: Bundle) -> list[Problem]:
    """Consents that say something else than in the release before, without a later edition.

    Two texts of one date would let nobody tell which of them was signed, and who signed the first
    would never be asked again (CONSENT.md R1, R4). `before` is plain JSON, since a release of an
    older language has to be compared too.
    """
    published, now = before["consents"], after.to_json()
    found: list[Problem] = []
    for name, spec in after.consents.items():
        if name not in published:
            continue
        notes = Notes(after, "consent", name)
        known = date.fromisoformat(published[name]["edition"])
        if spec.edition < known:
            notes.note(
                "EDITION-BACK", ("edition",), "edition",
                edition=spec.edition.isoformat(), published=known.isoformat(),
            )  # fmt: skip
        elif spec.edition == known and (changed := list(_changed(before, now, name))):
            notes.note(
                "EDITION-SAME", ("edition",), "edition",
                consent=name, published=known.isoformat(), changed=changed,
            )  # fmt: skip
        found += notes.found
    return found


def files_of(bundle: Bundle, consent: str) -> frozenset[str]:
    """The names, up to the language, of the files that make one consent."""
    spec = bundle.consents[consent]
    texts = (spec.text, *spec.companions.values())
    return frozenset({f"consents/{consent}", *(f"consents/{text_name(text)}" for text in texts)})


def _changed(before: Content, after: Content, name: str) -> Iterator[str]:
    old, new = before["consents"][name], after["consents"][name]
    yield from (key for key in SHOWN if old.get(key) != new.get(key))
    was, is_ = text_name(old["text"]), text_name(new["text"])
    said, says = before["texts"].get(was, {}), after["texts"].get(is_, {})
    # A language that comes new changes nothing that anybody has read.
    yield from (
        f"consents/{is_}.{locale}.md" for locale in sorted(said) if said[locale] != says.get(locale)
    )
