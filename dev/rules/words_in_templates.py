"""No sentence stands in a template outside `_()`.

A bare English sentence is shown as it is to a Russian reader, and no test of the catalogue can
miss it: it never reached the catalogue. This holds for what is read aloud as well (`alt`,
`aria-label`, `placeholder`, `title`). Names that are the same in every language are let through.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from jinja2 import Environment

from dev.rules import Offence

FOLDERS = ("server/web/templates", "server/admin/templates")
SAME_EVERYWHERE = {
    "PDF", "QR", "YAML", "SVG", "JSON", "SMS", "Mentor", "School", "Русский", "English",
}  # fmt: skip
_READ_ALOUD = ("alt", "aria-label", "aria-description", "placeholder", "title")
_ATTRIBUTE = re.compile(r"""[a-z-]+="[^"]*"|[a-z-]+='[^']*'""")  # printed by a macro for a tag
_CLASSES = re.compile(r"(?=.*-)[a-z-]+(?:\s+[a-z-]+)*")  # field field-text has-error: a macro's too
_WORD = re.compile(r"[^\W\d_]{2,}")
_SILENT = ("script", "style")


def offences(root: Path) -> Iterator[Offence]:
    """Every word of a template that a reader would see untranslated."""
    for folder in FOLDERS:
        for file in sorted((root / folder).rglob("*.html")):
            name = file.relative_to(root).as_posix()
            for line, words in bare_words(file.read_text("utf-8")):
                yield Offence(name, line, f"“{words}” stands outside _()")


def bare_words(template: str) -> list[tuple[int, str]]:
    """The lines and words that no `_()` translates."""
    reader = _Reader()
    reader.feed(_without_jinja(template))
    reader.close()
    return reader.found


def _without_jinja(template: str) -> str:
    """The HTML alone, each line where it was: what Jinja computes becomes blanks."""
    kept: list[str] = []
    raw = Environment(autoescape=True, extensions=["jinja2.ext.i18n"])
    for _, kind, text in raw.lex(template):
        kept.append(text if kind == "data" else re.sub(r"[^\n]", " ", text))
    return "".join(kept)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[int, str]] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in _SILENT
        for name, value in attrs:
            if name in _READ_ALOUD:
                self._look(value or "")

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in _SILENT

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._look(_ATTRIBUTE.sub("", data))

    def _look(self, text: str) -> None:
        if _CLASSES.fullmatch(text.strip()):
            return
        words = [word for word in _WORD.findall(text) if word not in SAME_EVERYWHERE]
        if words:
            first = re.search(re.escape(words[0]), text)
            above = text[: first.start()].count("\n") if first else 0
            self.found.append((self.getpos()[0] + above, " ".join(text.split())[:60]))
