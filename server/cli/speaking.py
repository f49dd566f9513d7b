"""The language of a command: what it says and how its help reads."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import click

from server.words.catalogues import translate
from server.words.speech import language_of


def language() -> str:
    """The language asked for by `--lang`, also after a command's name; else the terminal's."""
    context = click.get_current_context(silent=True)
    while context is not None:
        if chosen := context.params.get("lang"):
            return str(chosen)
        context = context.parent
    return language_of(os.environ)


def sentence(msgid: str, /, **facts: Any) -> str:
    """A sentence in the language of the command."""
    return translate(language(), msgid, **facts)


def say(msgid: str, /, **facts: Any) -> None:
    """Print a sentence in the language of the command."""
    click.echo(sentence(msgid, **facts))


def translator(chosen: str | None) -> Callable[[str], str]:
    """Translates into the language chosen, else into the terminal's."""
    spoken = chosen or language_of(os.environ)
    return lambda msgid: translate(spoken, msgid)


def in_language(command: click.Command, chosen: str | None) -> click.Command:
    """The command with its help, and that of all below it, in the language chosen."""
    _translate(command, translator(chosen))
    return command


def _translate(command: click.Command, say: Callable[[str], str]) -> None:
    if command.help:
        command.help = say(command.help)
    for parameter in command.params:
        if isinstance(parameter, click.Option) and parameter.help:
            parameter.help = say(parameter.help)
    if isinstance(command, click.Group):
        for below in command.commands.values():
            _translate(below, say)
