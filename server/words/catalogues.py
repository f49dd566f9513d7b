"""Catalogues by locale, without Flask: the same words for jobs, terminals, definitions and PDFs."""

from __future__ import annotations

import gettext
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from server.kernel import places
from server.kernel.text import LOCALES

# The context of sentences that speak to a child: in Russian «ты» where a grown-up hears «вы».
TO_A_CHILD: Final = "child"


def translate(locale: str, msgid: str, **values: Any) -> str:
    """The sentence in `locale` with its named places filled.

    :raises KeyError: when a place of the sentence has no value, or there is no such locale.
    """
    return _filled(catalogue(locale).gettext(msgid), values)


def translate_to_child(locale: str, msgid: str, **values: Any) -> str:
    """The same to a child: as children are spoken to where that differs, else as to everybody."""
    return _filled(said_to_child(catalogue(locale), msgid), values)


def said_to_child(held: gettext.NullTranslations, msgid: str) -> str:
    """The sentence of a catalogue as a child is spoken to."""
    own = held.pgettext(TO_A_CHILD, msgid)
    return own if own != msgid else held.gettext(msgid)


def translate_plural(locale: str, one: str, many: str, count: int, **values: Any) -> str:
    """The sentence for this count in `locale`; `%(count)s` is filled as well."""
    return _filled(catalogue(locale).ngettext(one, many, count), {"count": count, **values})


def catalogue(locale: str) -> gettext.NullTranslations:
    """The catalogue of a locale, read once for each process.

    :raises KeyError: when the product does not speak this language.
    """
    if locale not in LOCALES:
        raise KeyError(locale)
    return _read(places.translations() / locale / "LC_MESSAGES")


def _filled(sentence: str, values: dict[str, Any]) -> str:
    return sentence % values if values else sentence


@cache
def _read(folder: Path) -> gettext.NullTranslations:
    compiled = folder / "messages.mo"
    if compiled.is_file():
        with compiled.open("rb") as stream:
            return gettext.GNUTranslations(stream)
    return _read_source(folder / "messages.po")


def _read_source(source: Path) -> gettext.NullTranslations:
    # A fresh clone has sources only. Reading them needs Babel and is slow, so it is imported here.
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    if not source.is_file():
        return gettext.NullTranslations()
    with source.open("rb") as stream:
        catalog = read_po(stream)
    compiled = BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
