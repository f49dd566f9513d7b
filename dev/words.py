"""The catalogues' workbench: `python -m dev.words extract | set FILE.json | missing`.

extract   reads every sentence of the code into messages.pot and brings ru and en up to date
set       merges translations: {"English msgid": "Русский текст"}, or for a plural
          {"msgid": {"plural": "msgid_plural", "forms": ["одна", "две", "пять"]}}; what is said
          another way in a context stands under its name: {"@child": {"msgid": "…"}}
missing   prints what still lacks a translation, as a skeleton that `set` takes
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po, write_po

from server.kernel import places
from server.kernel.text import LOCALES
from server.words.compile import is_missing, load, misplaced, sentences, source_of

CODE = places.code() / "server"
TEMPLATE = places.translations() / "messages.pot"
# Which argument of a call holds the sentence; two numbers are a sentence and its plural.
KEYWORDS: dict[str, Any] = {
    "_": None,
    "_l": None,
    "N_": None,
    "gettext": None,
    "lazy_gettext": None,
    "ngettext": (1, 2),
    "NN_": (1, 2),
    "C_": ((1, "c"), 2),
    "translate": (2,),
    "translate_plural": (2, 3),
}
# Babel ships this function without types.
read_mapping: Callable[..., tuple[list[tuple[str, str]], dict[str, Any]]] = parse_mapping_cfg
# A date that moves with each extraction would make every two engineers' changes collide.
UNMOVED = datetime(2026, 9, 1, tzinfo=UTC)


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says; 1 when something has to be mended by hand."""
    parser = argparse.ArgumentParser(
        prog="python -m dev.words",
        description=__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument("--locale", default="ru", choices=LOCALES)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("extract")
    commands.add_parser("set").add_argument("files", nargs="+", type=Path)
    commands.add_parser("missing")
    chosen = parser.parse_args(arguments)
    if chosen.command == "missing":
        empty = skeleton(load(source_of(chosen.locale)))
        sys.stdout.write(json.dumps(empty, ensure_ascii=False, indent=1) + "\n")
        return 0
    with _alone():
        if chosen.command == "extract":
            extract()
            return 0
        return set_from(chosen.files, chosen.locale)


def extract() -> None:
    """Read the code's sentences into the template, and bring each catalogue up to date with it."""
    template = Catalog(project="Mentor School", charset="utf-8", creation_date=UNMOVED)
    with (places.translations() / "babel.cfg").open() as stream:
        methods, options = read_mapping(stream, filename="babel.cfg")
    for _, _, message, comments, context in extract_from_dir(
        CODE, methods, options, keywords=KEYWORDS, comment_tags=("Translators:",)
    ):
        template.add(message, auto_comments=comments, context=context)
    _write(template, TEMPLATE)
    for locale in LOCALES:
        catalog = _existing(locale)
        # No guesses: a sentence that changed is a sentence to translate.
        catalog.update(template, no_fuzzy_matching=True, update_creation_date=False)
        _write(catalog, source_of(locale))


def set_from(files: Sequence[Path], locale: str) -> int:
    """Merge translations into a catalogue; what does not fit is told and left out."""
    catalog = load(source_of(locale))
    problems = [
        f"{file.name}: {problem}"
        for file in files
        for problem in merge(catalog, json.loads(file.read_text("utf-8")))
    ]
    _write(catalog, source_of(locale))
    sys.stderr.writelines(f"{problem}\n" for problem in problems)
    return 1 if problems else 0


def merge(catalog: Catalog, said: Mapping[str, Any]) -> list[str]:
    """Take translations into the catalogue; what does not fit stays out and is named."""
    problems = []
    for key, text in said.items():
        here: list[tuple[str, str | None, Any]]
        if key.startswith("@"):
            here = [(msgid, key[1:], each) for msgid, each in text.items()]
        else:
            here = [(key, None, text)]
        tried = ((msgid, _set(catalog, msgid, each, context)) for msgid, context, each in here)
        problems += [f"{problem}: {msgid!r}" for msgid, problem in tried if problem]
    return problems


def skeleton(catalog: Catalog) -> dict[str, Any]:
    """The sentences without a translation, in the shape that `set` takes."""
    empty: dict[str, Any] = {}
    for message in sentences(catalog):
        if not is_missing(message) and not message.fuzzy:
            continue
        here = empty.setdefault(f"@{message.context}", {}) if message.context else empty
        if isinstance(message.id, str):
            here[message.id] = ""
        else:
            one, many = message.id
            here[one] = {"plural": many, "forms": [""] * catalog.num_plurals}
    return empty


def _set(catalog: Catalog, msgid: str, said: Any, context: str | None) -> str:
    message = catalog.get(msgid, context)
    if message is None:
        return "no such sentence in the code"
    if isinstance(message.id, str) != isinstance(said, str):
        return "one is a plural and the other is not"
    text = said if isinstance(said, str) else tuple(said["forms"])
    if not isinstance(text, str) and len(text) != catalog.num_plurals:
        return f"{catalog.num_plurals} forms are needed"
    if wrong := misplaced(message.id, text):
        return f"places differ ({wrong})"
    message.string = text
    message.flags.discard("fuzzy")
    return ""


def _existing(locale: str) -> Catalog:
    source = source_of(locale)
    if not source.is_file():
        return Catalog(locale=locale, project="Mentor School", charset="utf-8")
    with source.open("rb") as stream:
        return read_po(stream, locale=locale)


def _write(catalog: Catalog, target: Path) -> None:
    catalog.creation_date = catalog.revision_date = UNMOVED
    catalog.fuzzy = False
    catalog.header_comment = "# Sentences of Mentor School; `python -m dev.words` writes this file."
    catalog.version = "1.0"
    catalog.msgid_bugs_address = catalog.last_translator = catalog.language_team = "Mentor School"
    beside = target.with_suffix(f".{os.getpid()}")
    with beside.open("wb") as stream:
        # Sorted and without line numbers: two engineers' sentences land in different places.
        write_po(stream, catalog, no_location=True, sort_output=True, ignore_obsolete=True, width=0)
    beside.replace(target)


@contextmanager
def _alone() -> Iterator[None]:
    """Hold the folder of catalogues: two engineers may merge in the same second."""
    handle = os.open(places.translations(), os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


if __name__ == "__main__":
    sys.exit(main())
