"""Compile the catalogues: `python -m server.words.compile`.

Refuses what people would notice: a Russian sentence that is missing or guessed (fuzzy), and in any
language a translation whose named places are not those of its sentence.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from server.kernel import places
from server.kernel.text import LOCALES

# English is the language of the msgids: what is not said otherwise there is already right.
COMPLETE = ("ru",)
_PLACE = re.compile(r"%\((\w+)\)[a-z]")


def main(arguments: Sequence[str] | None = None) -> int:
    """Compile all catalogues; 1 and nothing written when one of them is not fit to be read."""
    parser = argparse.ArgumentParser(prog="python -m server.words.compile", description=__doc__)
    parser.add_argument(
        "--incomplete", action="store_true", help="compile even when sentences are missing"
    )
    chosen = parser.parse_args(arguments)
    catalogs = {locale: load(source_of(locale)) for locale in LOCALES}
    problems = [
        f"{locale}: {problem}" for locale in LOCALES for problem in faults(catalogs[locale], locale)
    ]
    sys.stderr.writelines(f"{problem}\n" for problem in problems)
    if problems and not chosen.incomplete:
        return 1
    for locale, catalog in catalogs.items():
        _write(catalog, source_of(locale).with_suffix(".mo"))
    return 0


def source_of(locale: str) -> Path:
    """The catalogue that people edit."""
    return places.translations() / locale / "LC_MESSAGES" / "messages.po"


def load(source: Path) -> Catalog:
    """The catalogue of a file.

    :raises OSError: when it cannot be read.
    """
    with source.open("rb") as stream:
        return read_po(stream)


def faults(catalog: Catalog, locale: str) -> Iterator[str]:
    """What is wrong with a catalogue, a line each."""
    for message in sentences(catalog):
        if message.fuzzy:
            yield f"guessed, not translated: {_first(message.id)!r}"
        elif is_missing(message):
            if locale in COMPLETE:
                yield f"missing: {_first(message.id)!r}"
        elif wrong := misplaced(message.id, message.string):
            yield f"other places than its sentence ({wrong}): {_first(message.id)!r}"


def sentences(catalog: Catalog) -> Iterator[Message]:
    """The messages of a catalogue without its header."""
    return (message for message in catalog if message.id)


def is_missing(message: Message) -> bool:
    """Whether any form of the sentence is still empty."""
    return not all(_forms(message.string))


def misplaced(msgid: Any, text: Any) -> str:
    """The named places that only one of the two has, empty when they agree.

    A plural form may leave the count out («Один ребёнок»), but may not name what is not there.
    """
    known = set().union(*(_PLACE.findall(form) for form in _forms(msgid)))
    named = set().union(*(_PLACE.findall(form) for form in _forms(text)))
    return ", ".join(sorted(named ^ known))


def _forms(text: Any) -> tuple[str, ...]:
    return tuple(text) if isinstance(text, (tuple, list)) else (text,)


def _first(msgid: Any) -> str:
    return _forms(msgid)[0]


def _write(catalog: Catalog, target: Path) -> None:
    # Another process may be reading: it sees the old file or the new one, never half of one.
    beside = target.with_suffix(f".{os.getpid()}")
    with beside.open("wb") as stream:
        write_mo(stream, catalog)
    beside.replace(target)


if __name__ == "__main__":
    sys.exit(main())
