"""The one place where a page draws a compiled form and reads what was posted to it (FORMS.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Any, Final

from markupsafe import Markup
from werkzeug.datastructures import MultiDict

from server.forms.answers import Read, as_typed
from server.forms.builder import read_page
from server.forms.cache import KeptByForm
from server.forms.definition import FormSpec
from server.http.form_pages import page_of, readers_of
from server.kernel.canonical import sha256_hex
from server.kernel.problems import Problem
from server.services.cases import filling

EDITION: Final = "edition"  # the hidden field that tells which form was on the page
_MARK: Final = 16  # digits of a hash: enough to tell two editions of one form apart

Problems = Mapping[str, Sequence[Problem]]
NOTHING_WRONG: Final[Problems] = MappingProxyType({})


class Reader:
    """Reads a posted page for a service, and keeps what was typed for the page that shows it again.

    A form that was republished since the page was drawn is not taken unseen: `republished` is set
    and the service is told that something is wrong.
    """

    def __init__(self, posted: MultiDict[str, str], *, today: date, locale: str) -> None:
        self._posted = posted
        self._today = today
        self._locale = locale
        self.form: FormSpec | None = None
        self.read = Read()
        self.republished = False

    def __call__(self, form: FormSpec) -> filling.Read:
        """The answers, as services take them."""
        self.form = form
        self.read = read_page(form, self._posted, today=self._today, locale=self._locale)
        self.republished = self._posted.get(EDITION) != edition_of(form)
        problems: dict[str, Any] = dict(self.read.problems)
        if self.republished:
            problems[EDITION] = []
        return filling.Read(self.read.values, problems)

    def problems(self, refused: Mapping[str, Any]) -> dict[str, list[Problem]]:
        """What is wrong by field: found here, or by the service that was given the answers."""
        return {name: list(found) for name, found in refused.items() if found}


def rows(
    form: FormSpec,
    locale: str,
    *,
    typed: Mapping[str, Any] | None = None,
    problems: Problems = NOTHING_WRONG,
    beside: Mapping[str, Markup] = MappingProxyType({}),
) -> Markup:
    """The rows of a form: what was typed, what is wrong with it, what stands `beside` one."""
    return page_of(form, locale).render(typed or {}, problems, beside)


def readers(form: FormSpec, locale: str) -> str:
    """Who reads the answers, where it is the same for all of them: then it is said once, above."""
    return readers_of(form, locale)


def errors(form: FormSpec, locale: str, problems: Problems) -> list[dict[str, str]]:
    """The lines of the error summary, in the order of the page."""
    return [
        {"name": target.removeprefix("f-"), "label": "", "text": sentence}
        for target, sentence in page_of(form, locale).summary(problems)
    ]


def stored(form: FormSpec, values: Mapping[str, Any]) -> dict[str, Any]:
    """Answers kept before, as if they had just been typed."""
    return as_typed(form, values)


def edition_of(form: FormSpec) -> str:
    """A mark that is another one as soon as anything in the form is."""
    return _EDITIONS.get(form, "")


def _edition(form: FormSpec, _key: str) -> str:
    return sha256_hex(form.model_dump_json(by_alias=True).encode())[:_MARK]


_EDITIONS: Final = KeptByForm(_edition, most=256)
