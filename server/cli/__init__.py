"""The command `mentor-school`: every command is loaded only when it is called."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import click

from server import __version__
from server.kernel.errors import MentorSchoolError
from server.words.speech import LANGUAGES, N_, language_of

# name -> where it is, and what it does
COMMANDS = {
    "up": ("server.cli.running:up", N_("Run everything on this machine.")),
    "serve": ("server.cli.running:serve", N_("Run the web server.")),
    "worker": ("server.cli.running:worker", N_("Run a worker for jobs.")),
    "scheduler": (
        "server.cli.running:scheduler",
        N_("Run the one process that watches the clock."),
    ),
    "migrate": ("server.cli.database:migrate", N_("Bring the tables up to date.")),
    "db": ("server.cli.database:db", N_("Work on the database as its owner.")),
    "doctor": ("server.cli.doctor:doctor", N_("See whether everything is set up right.")),
    "defs": ("server.cli.definitions:defs", N_("Check and publish definitions.")),
    "consent": ("server.cli.consent:consent", N_("Verify what was signed.")),
    "tenant": ("server.cli.people:tenant", N_("Add partners.")),
    "user": ("server.cli.people:user", N_("Add people with an account.")),
    "token": ("server.cli.people:token", N_("Make tokens for the API.")),
    "clock": ("server.cli.clock:clock", N_("Move the clock of the sandbox.")),
    "routes": ("server.cli.routes:routes", N_("List all addresses of the pages and the API.")),
}
# What only our own processes call.
HIDDEN = {"load-demo": "server.cli.running:load_demo"}


@dataclass(frozen=True, slots=True)
class Asked:
    """What can be seen in the words of a command before they are parsed."""

    language: str
    wants_help: bool


class LazyGroup(click.Group):
    """Knows its commands by name and imports the one that is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        where = HIDDEN.get(cmd_name) or COMMANDS.get(cmd_name, ("", ""))[0]
        if not where:
            return None
        module, _, name = where.partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        # Nobody reads the help now, and the catalogues would keep the command waiting.
        if not ctx.obj.wants_help:
            return command
        from server.cli import speaking

        return speaking.in_language(command, ctx.obj.language)

    def get_help(self, ctx: click.Context) -> str:
        from server.cli import speaking

        return click.Group.get_help(speaking.in_language(self, ctx.obj.language), ctx)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        from server.cli import speaking

        say = speaking.translator(ctx.obj.language)
        with formatter.section(say(N_("Commands"))):
            formatter.write_dl([(name, say(text)) for name, (_, text) in COMMANDS.items()])


@click.group(
    cls=LazyGroup,
    help=N_("Mentor School: workflows, forms and consents for schools of mentoring."),
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="mentor-school")
@click.option(
    "--lang",
    type=click.Choice(LANGUAGES),
    help=N_("Language of what is printed; by default that of the terminal, else Russian."),
)
def command_line(lang: str | None) -> None:
    del lang  # read from the context by `speaking.language`


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and leave: 0 done, 1 refused with reasons, 2 wrong use; never a traceback."""
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command; the exit code. `python -X dev` shows tracebacks to developers."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    language = _language_asked_for(words)
    asked = Asked(language, wants_help=bool({"-h", "--help"} & set(words)))
    try:
        code = command_line.main(words, prog_name="mentor-school", standalone_mode=False, obj=asked)
        return code if isinstance(code, int) else 0
    except click.exceptions.Abort:
        return 130
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except MentorSchoolError as error:
        from server.cli import refusals

        click.echo(refusals.sentence(error, language), err=True)
        return 1
    except BrokenPipeError:
        # Whoever read us has seen enough; Python must not complain while it closes the pipe.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        if sys.flags.dev_mode:
            raise
        from server.cli import refusals

        click.echo(refusals.unexpected(error, language), err=True)
        return 1


def _language_asked_for(words: list[str]) -> str:
    """The language for refusals, also where the words could not be parsed."""
    for word, following in zip(words, [*words[1:], ""], strict=True):
        value = following if word == "--lang" else word.removeprefix("--lang=")
        if word.startswith("--lang") and value in LANGUAGES:
            return value
    return language_of(os.environ)
