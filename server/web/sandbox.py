"""The page `/_outbox`: every mail and message of the sandbox, for one person to play them all."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path

from flask import Blueprint, Flask, Response, current_app, request, url_for

from server.gateways.sandbox import Kept, kept
from server.http.context import door, tools
from server.http.rendering import locale, page
from server.words import dates

blueprint = Blueprint("sandbox", __name__)

SHOWN = 30
ZONE = "UTC"  # the sandbox has schools in several zones; the letters themselves tell local days
_ADDRESS = re.compile(r"https?://\S+")


@dataclass(frozen=True, slots=True)
class Shown:
    """A letter as the page shows it: its text in pieces, addresses apart."""

    letter: Kept
    when: str
    pieces: tuple[tuple[str, bool], ...]  # text, and whether it is an address
    only_url: str  # the page with the letters of this recipient alone


def register(app: Flask, *, outbox: Path) -> None:
    """Open the page in a sandbox; `outbox` is the folder its gateway writes to."""
    app.extensions["outbox"] = outbox
    app.register_blueprint(blueprint)


@blueprint.get("/_outbox")
@door("sandbox")
def outbox() -> Response:
    """Show the newest letters; `to` filters by recipient, `follow` looks again by itself."""
    to = request.args.get("to", "").strip()
    skip = max(0, request.args.get("skip", 0, type=int))
    follow = request.args.get("follow") == "yes"
    found = (one for one in kept(_folder()) if to.casefold() in one.to.casefold())
    letters = list(islice(found, skip, skip + SHOWN + 1))
    now = tools().clock.now()
    return page(
        "sandbox/outbox.html",
        letters=[_shown(one, now) for one in letters[:SHOWN]],
        to=to,
        follow=follow,
        now=dates.moment(now, ZONE, locale()),
        follow_url=_url(to, 0, follow=not follow),
        all_url=_url("", 0, follow=follow),
        newer_url=_url(to, max(0, skip - SHOWN), follow=follow) if skip else "",
        older_url=_url(to, skip + SHOWN, follow=follow) if len(letters) > SHOWN else "",
    )


def _folder() -> Path:
    folder = current_app.extensions["outbox"]
    assert isinstance(folder, Path)
    return folder


def _shown(letter: Kept, now: datetime) -> Shown:
    when = dates.moment_near(letter.at, now, ZONE, locale())
    return Shown(letter, when, pieces(letter.text), _url(letter.to, 0, follow=False))


def pieces(text: str) -> tuple[tuple[str, bool], ...]:
    """A text cut at its addresses; a full stop after an address belongs to the sentence."""
    found: list[tuple[str, bool]] = []
    at = 0
    for match in _ADDRESS.finditer(text):
        address = match[0].rstrip(".,;:!?)»”")
        found += [(text[at : match.start()], False), (address, True)]
        at = match.start() + len(address)
    return tuple(piece for piece in [*found, (text[at:], False)] if piece[0])


def _url(to: str, skip: int, *, follow: bool) -> str:
    # What is None is left out of the address.
    return url_for(
        "sandbox.outbox", to=to or None, skip=skip or None, follow="yes" if follow else None
    )
