"""The language of a command: what it says and how its help reads."""

from __future__ import annotations

import os
from collections.abc import Callable
from copy import copy
from typing import Any

import click

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
    # Imported only to speak: it would keep every start waiting.
    from server.words.catalogues import translate

    return translate(language(), msgid, **facts)


def say(msgid: str, /, **facts: Any) -> None:
    """Print a sentence in the language of the command."""
    click.echo(sentence(msgid, **facts))


def translator(chosen: str | None) -> Callable[[str], str]:
    """Translates into the language chosen, else into the terminal's."""
    from server.words.catalogues import translate

    spoken = chosen or language_of(os.environ)
    return lambda msgid: translate(spoken, msgid)


def in_language(command: click.Command, chosen: str | None) -> click.Command:
    """A copy of the command whose help, and that of all below it, is in the language chosen."""
    return _spoken(command, translator(chosen))


def _spoken(command: click.Command, say: Callable[[str], str]) -> click.Command:
    spoken = copy(command)
    spoken.help = say(command.help) if command.help else None
    spoken.params = [_spoken_parameter(parameter, say) for parameter in command.params]
    if isinstance(spoken, click.Group):
        below = spoken.commands.items()
        spoken.commands = {name: _spoken(command, say) for name, command in below}
    return spoken


def _spoken_parameter(parameter: click.Parameter, say: Callable[[str], str]) -> click.Parameter:
    spoken = copy(parameter)
    if isinstance(spoken, click.Option) and spoken.help:
        spoken.help = say(spoken.help)
    return spoken
