"""`consent`: verify what was signed, and keep the end of each chain elsewhere."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import click

from server import settings
from server.access.actors import SHELL
from server.cli import refusals, speaking
from server.evidence.chain import Head
from server.evidence.export import read_anchors, write_anchor
from server.evidence.verify import Report
from server.kernel.errors import Broken, MentorSchoolError
from server.runtime import Runtime, build
from server.services.consent import verification
from server.store import tenancy
from server.words.speech import N_

# Neither intact nor broken: it could not be looked at. 0 to 3 are the chain's own (CONSENT R37).
NOT_LOOKED_AT = 64
LONG = 20_000  # events from which a progress bar is worth its line

WHY = {
    "intact": N_("intact"),
    "not_json": N_("broken: event %(seq)s is no event any more"),
    "hash_differs": N_("broken: event %(seq)s was changed"),
    "columns_differ": N_("broken: event %(seq)s was changed"),
    "number_differs": N_("broken: an event before number %(seq)s is missing or doubled"),
    "prev_differs": N_("broken: event %(seq)s does not follow the one before it"),
    "stream_differs": N_("broken: event %(seq)s belongs to another partner"),
    "payload_differs": N_("broken: the sealed part of event %(seq)s was changed"),
    "payload_missing": N_("the sealed part of event %(seq)s is missing, though nobody was erased"),
    "beyond_head": N_("broken: event %(seq)s lies behind the end that is written down"),
    "head_missing": N_("broken: there are events, but where the chain ends is not written down"),
    "record_differs": N_("broken: the record of a consent is not what event %(seq)s says of it"),
    "record_untold": N_("broken: there is a record of a consent that no event tells of"),
    "shorter_than_anchor": N_("cut off: number %(seq)s and what follows is missing"),
    "other_than_anchor": N_("another chain: event %(seq)s is not the one that was kept elsewhere"),
}


class CannotLook(click.ClickException):
    """What was asked for cannot be verified at all."""

    exit_code = NOT_LOOKED_AT


class LookingCommand(click.Command):
    """A command whose exits 0 to 3 tell of the chain alone: whatever else stops it ends with 64.

    Without this a mistyped option would read as "unlike the anchor", and a database that is away
    as "broken".
    """

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        try:
            return super().make_context(*args, **extra)
        except click.UsageError as error:
            raise CannotLook(error.format_message()) from error

    def invoke(self, ctx: click.Context) -> Any:
        language = speaking.language()
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except MentorSchoolError as error:
            raise CannotLook(refusals.sentence(error, language)) from error
        except Exception as error:
            if sys.flags.dev_mode:
                raise
            raise CannotLook(refusals.unexpected(error, language)) from error


@dataclass(frozen=True, slots=True)
class _Partner:
    id: UUID
    slug: str
    name: str


@click.group(help=N_("Verify what was signed."))
def consent() -> None:
    """The group `consent`."""


@consent.command(
    cls=LookingCommand,
    help=N_(
        "Verify the chain of evidence of every partner, or of one. Ends with 0 when it is intact,"
        " 1 when it is broken, 2 when it is shorter than or other than an anchor, 3 when a sealed"
        " part is missing though nobody was erased, 64 when it could not be looked at."
    ),
)
@click.option("--partner", metavar="SLUG", help=N_("Only this partner, by its short name."))
@click.option(
    "--anchor",
    type=click.Path(path_type=Path),
    help=N_("A file of anchors kept elsewhere, as `consent anchor` prints them."),
)
@click.option("--json", "as_json", is_flag=True, help=N_("Print the findings as JSON."))
def verify(partner: str | None, anchor: Path | None, as_json: bool) -> int:
    anchors = _anchors(anchor)
    with _runtime() as runtime:
        partners = _partners(runtime, partner)
        gone = set() if partner else _gone(anchors, partners)
        found = [(one, _verify(runtime, one, anchors)) for one in partners]
    if as_json:
        click.echo(json.dumps([_data(*each) for each in found], ensure_ascii=False, indent=2))
    else:
        for each in found:
            _say(*each)
    if gone:
        click.echo(
            speaking.sentence(
                N_("The anchors name chains that are not here: %(streams)s"),
                streams=", ".join(sorted(gone)),
            ),
            err=True,
        )
    return _worst([report.exit_code for _, report in found] + [2] * bool(gone))


@consent.command(
    cls=LookingCommand,
    help=N_("Print the end of each chain, to be kept elsewhere and given to `consent verify`."),
)
@click.option("--partner", metavar="SLUG", help=N_("Only this partner, by its short name."))
def anchor(partner: str | None) -> None:
    with _runtime() as runtime:
        for one in _partners(runtime, partner):
            with runtime.tools.begin(SHELL, one.id) as work:
                head = verification.head_of(work)
            if head.seq:
                click.echo(write_anchor(head))


@consent.command(
    cls=LookingCommand,
    help=N_(
        "Print the events of one partner, a line each, to be verified without the server. They"
        " hold ids and fingerprints, nothing of a person."
    ),
)
@click.option(
    "--partner",
    metavar="SLUG",
    required=True,
    help=N_("Only this partner, by its short name."),
)
@click.option(
    "--payloads",
    is_flag=True,
    help=N_("Print instead which sealed parts are there and which were erased."),
)
def export(partner: str, payloads: bool) -> None:
    lines = verification.exported_payloads if payloads else verification.exported_rows
    with _runtime() as runtime:
        for one in _partners(runtime, partner):
            with runtime.tools.begin(SHELL, one.id) as work:
                for line in lines(work):
                    click.echo(line)


@contextmanager
def _runtime() -> Iterator[Runtime]:
    runtime = build(settings.load(os.environ))
    try:
        yield runtime
    finally:
        runtime.close()


def _anchors(file: Path | None) -> list[Head]:
    if file is None:
        return []
    try:
        found = read_anchors(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise CannotLook(
            speaking.sentence(
                N_("%(path)s cannot be read: %(why)s."), path=file, why=error.strerror or "?"
            )
        ) from None
    except (Broken, UnicodeDecodeError) as error:
        line = getattr(error, "facts", {}).get("line", 1)
        raise CannotLook(
            speaking.sentence(
                N_(
                    "%(path)s, line %(line)s: an anchor is three words: chain, number, fingerprint."
                ),
                path=file,
                line=line,
            )
        ) from None
    if not found:
        # Verified without an anchor, whoever named a file would believe it was compared.
        raise CannotLook(speaking.sentence(N_("%(path)s holds no anchor."), path=file))
    return found


def _partners(runtime: Runtime, slug: str | None) -> list[_Partner]:
    with runtime.tools.begin(SHELL) as work:
        known = [_Partner(row.id, row.slug, row.name) for row in tenancy.all_tenants(work.session)]
    found = [one for one in known if slug in (None, one.slug)]
    if slug is not None and not found:
        raise CannotLook(
            speaking.sentence(
                N_("There is no partner “%(slug)s”. There are: %(known)s."),
                slug=slug,
                known=", ".join(one.slug for one in known) or "-",
            )
        )
    return found


def _gone(anchors: Sequence[Head], partners: Sequence[_Partner]) -> set[str]:
    """The chains of anchors that are not here at all: they went, and their partners with them."""
    return {anchor.stream for anchor in anchors} - {str(one.id) for one in partners}


def _verify(runtime: Runtime, partner: _Partner, anchors: Sequence[Head]) -> Report:
    own = [one for one in anchors if one.stream == str(partner.id)]
    with runtime.tools.begin(SHELL, partner.id) as work:
        length = verification.head_of(work).seq
        if length < LONG or not sys.stderr.isatty():
            return verification.verify_chain(work, anchors=own)
        with click.progressbar(length=length, label=partner.slug, file=sys.stderr) as bar:
            return verification.verify_chain(
                work, anchors=own, seen=lambda seq: bar.update(1000) if seq % 1000 == 0 else None
            )


def _say(partner: _Partner, report: Report) -> None:
    why = speaking.sentence(WHY[report.why], seq=report.first_bad)
    speaking.say(
        N_("%(partner)s: %(why)s. Events: %(events)s, erased parts: %(erased)s, end: %(head)s"),
        partner=f"{partner.name} ({partner.slug})",
        why=why,
        events=report.events,
        erased=report.erased,
        head=f"{report.head.seq} {report.head.hash.hex()}" if report.events else "-",
    )


def _data(partner: _Partner, report: Report) -> dict[str, object]:
    return {
        "partner": partner.slug,
        "tenant": str(partner.id),
        "exit": report.exit_code,
        "why": report.why,
        "first_bad": report.first_bad,
        "events": report.events,
        "erased": report.erased,
        "anchors": report.anchors,
        "head": {"seq": report.head.seq, "hash": report.head.hash.hex()},
    }


def _worst(exits: Sequence[int]) -> int:
    """Of several chains the gravest exit: broken, then unlike an anchor, then a missing part."""
    return min((code for code in exits if code), default=0)
