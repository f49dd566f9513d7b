"""The parts of the docs that the code itself tells: `python -m dev.papers [--check]`.

Each part stands between two comments in a page of docs/:

    <!-- told by the code: commands -->
    …
    <!-- end -->

Without `--check` the parts are written anew; with it nothing is written, and 1 says that a page is
stale. Everything around the marks is written by hand and stays.
"""

from __future__ import annotations

import importlib
import inspect
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import grimp

from server.access.actors import Actor, Holding
from server.access.policy import Permission, Thing, allowed, scopes_of
from server.api import v1
from server.api.table import TABLE as ROUTES
from server.cli import COMMANDS, command_line
from server.jobs.effects import TOPICS
from server.kernel.ids import new_id
from server.services.accounts.people import STAFF_ROLES
from server.store.base import Base
from server.store.tables import ROWS
from server.words import limits as limit_words
from server.words import problems as problem_words
from server.workflows import moves

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
_PART = re.compile(
    r"(?P<head><!-- told by the code: (?P<name>[a-z ]+) -->\n).*?(?P<foot><!-- end -->)", re.DOTALL
)

ROLE_WORDS = {
    "coordinator": "coordinator",
    "cycle_lead": "cycle lead",
    "curator": "municipal representative",
    "partner_admin": "partner's administrator",
    "tutor": "tutor",
}


def main() -> int:
    """Write every part, or tell which pages are stale."""
    check = "--check" in sys.argv[1:]
    stale = []
    for page in sorted(DOCS.rglob("*.md")):
        before = page.read_text("utf-8")
        after = told(before)
        if after != before:
            stale.append(page.relative_to(ROOT).as_posix())
            if not check:
                page.write_text(after, "utf-8")
    if check and stale:
        sys.stdout.write(f"Stale: {', '.join(stale)}. Run: python -m dev.papers\n")
        return 1
    return 0


def told(page: str) -> str:
    """The page with every marked part as the code tells it now."""

    def tell(match: re.Match[str]) -> str:
        return f"{match['head']}\n{PARTS[match['name']]().rstrip()}\n\n{match['foot']}"

    return _PART.sub(tell, page)


def permissions() -> str:
    """Who may do what: asked of the permission table itself, role by role."""
    lines = ["| what | id | who | token's scope |", "|---|---|---|---|"]
    for each in Permission:
        who = ", ".join(_who_may(each)) or "nobody"
        scopes = ", ".join(f"`{scope}`" for scope in scopes_of(each)) or "–"
        lines.append(f"| {each.value} | `{each.name}` | {who} | {scopes} |")
    return "\n".join(lines)


def _who_may(permission: Permission) -> Iterator[str]:
    for role in STAFF_ROLES:
        if _may_staff(permission, role):
            yield ROLE_WORDS[role]
    if allowed(Actor(kind="staff", platform=True), permission, Thing()):
        yield "keeper of the model"
    guardian, child, case = new_id(), new_id(), new_id()
    about = Thing(case_id=case, guardian_id=guardian, subject_id=child)
    typed = Actor(kind="guardian", person_id=guardian, case_id=case, assured=True)
    link_alone = Actor(kind="guardian", person_id=guardian, case_id=case)
    if allowed(link_alone, permission, about):
        yield "the child's guardian"
    elif allowed(typed, permission, about):
        yield "the child's guardian, after a code"
    if allowed(Actor(kind="mentee", person_id=child, case_id=case), permission, about):
        yield "the child"
    if allowed(Actor(kind="shell"), permission, Thing()):
        yield "the operator at the shell"


def _may_staff(permission: Permission, role: str) -> bool:
    school = new_id()
    actor = Actor(
        kind="staff",
        holdings=(Holding(role, school),),
    )
    return allowed(actor, permission, Thing(school_id=school))


def commands() -> str:
    """Every command of the shell with its arguments and options."""
    parts: list[str] = []
    for name, (where, _) in COMMANDS.items():
        module, _, attribute = where.partition(":")
        parts += _described((name,), getattr(importlib.import_module(module), attribute))
    return "\n\n".join(parts)


def _described(path: tuple[str, ...], command: click.Command) -> Iterator[str]:
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            yield from _described((*path, name), below)
        return
    # The group's name on top, as a reader would type it.
    context = click.Context(command, info_name=" ".join(("mentor-school", *path)))
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    lines = [f"### `{' '.join(path)}`", "", " ".join((command.help or "").split()), ""]
    lines += ["    " + usage]
    options = [
        (", ".join(each.opts), " ".join((each.help or "").split()), each.required)
        for each in command.params
        if isinstance(each, click.Option) and not each.hidden
    ]
    if options:
        lines += ["", "| option | |", "|---|---|"]
        lines += [
            f"| `{flags}` | {said}{' Required.' if required else ''} |"
            for flags, said, required in options
        ]
    yield "\n".join(lines)


def general_options() -> str:
    """What stands before the name of a command."""
    shown = [each for each in command_line.params if isinstance(each, click.Option)]
    return "\n".join(
        ["| option | |", "|---|---|"]
        + [f"| `{', '.join(each.opts)}` | {each.help or ''} |" for each in shown]
    )


def routes() -> str:
    """The API's routes, out of the table that the views come from."""
    assert v1.PARTS  # importing them filled the table
    lines = ["| | what it does | permission | scope |", "|---|---|---|---|"]
    for row in sorted(ROUTES, key=lambda each: (each.path, each.method)):
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", row.path)
        scope = ", ".join(f"`{one}`" for one in row.scopes)
        lines.append(f"| `{row.method} {path}` | {row.summary} | `{row.needs.name}` | {scope} |")
    return "\n".join(lines)


def tables() -> str:
    """Every table, what a row is, and whether the walls between partners stand around it."""
    mapped = {
        mapper.class_.__tablename__: mapper.class_
        for module in ROWS
        for mapper in module.Base.registry.mappers
    }
    lines = ["| table | a row is | seen by |", "|---|---|---|"]
    for name, row in sorted(mapped.items()):
        first = inspect.cleandoc(row.__doc__ or "").split("\n\n")[0].replace("\n", " ")
        lines.append(f"| `{name}` | {first} | {_seen_by(name, row)} |")
    return "\n".join(lines)


def _seen_by(name: str, row: type[Base]) -> str:
    if name in ("door", "membership") or "tenant_id" not in row.__table__.columns:
        return "outside the walls"
    return "its partner, and the relay" if name in ("inbox", "outbox", "timer") else "its partner"


def imports() -> str:
    """Which package imports which, measured."""
    graph = grimp.build_graph("server")
    arrows: dict[str, set[str]] = {}
    for module in graph.modules:
        for other in graph.find_modules_directly_imported_by(module):
            above, below = _package(module), _package(other)
            if above != below and "server" not in (above, below):
                arrows.setdefault(above, set()).add(below)
    names = {_package(module) for module in graph.modules} - {"server"}
    count = sum(len(below) for below in arrows.values())
    lines = ["| package | imports |", "|---|---|"]
    lines += [
        f"| `{name}` | {', '.join(sorted(arrows.get(name, ()))) or 'nothing of ours'} |"
        for name in sorted(names, key=lambda one: (-len(arrows.get(one, ())), one))
    ]
    possible = len(names) * (len(names) - 1) // 2
    lines += ["", f"{len(names)} packages, {count} of {possible} possible arrows, no circle."]
    return "\n".join(lines)


def _package(module: str) -> str:
    return module.split(".")[1] if "." in module else module


def effects() -> str:
    """What a step may lead to inside the database, and what leaves it through the outbox."""
    lines = ["| effect of a step | |", "|---|---|"]
    for effect in moves.Effect.__args__:
        lines.append(f"| `{effect.__name__}` | {_first_line(effect)} |")
    lines += ["", "| topic of the outbox | carried out by |", "|---|---|"]
    for name, topic in TOPICS.items():
        told = _first_line(topic.carry_out)
        lines.append(f"| `{name}` | {told} |")
    return "\n".join(lines)


def _first_line(thing: object) -> str:
    return inspect.cleandoc(thing.__doc__ or "").split("\n")[0]


def problems() -> str:
    """Every code that a check of definitions or of a school's settings may print, and its words."""
    told = dict(problem_words.SENTENCES)
    told |= {code: sentence["en"] for code, sentence in limit_words.SENTENCES.items()}
    lines = ["| code | what it says |", "|---|---|"]
    for code, sentence in sorted(told.items()):
        plain = re.sub(r"%\((\w+)\)[sd]|(?<!\{)\{(\w+)\}(?!\})", r"*\1\2*", sentence)
        lines.append(f"| `{code}` | {plain.replace('|', chr(92) + '|')} |")
    return "\n".join(lines)


PARTS: dict[str, Callable[[], str]] = {
    "permissions": permissions,
    "commands": commands,
    "general options": general_options,
    "routes": routes,
    "tables": tables,
    "imports": imports,
    "effects": effects,
    "problems": problems,
}

if __name__ == "__main__":
    sys.exit(main())
