"""Where a code is typed: the one input while it works, and what helps when it does not any more."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Any

from flask_babel import format_timedelta
from flask_babel import gettext as _

from server.http.context import tools
from server.http.errors import sentence_of
from server.kernel.errors import CodeRefused, MentorSchoolError
from server.services.families.arrivals import CodeSent


def code_field(error: str) -> dict[str, Any]:
    """The one input of a page that asks for a code."""
    return {
        "name": "code",
        "type": "code",
        "label": _("Code from the message"),
        "help": _("Six digits"),
        "required": True,
        "errors": [error] if error else [],
    }


def code_facts(sent: CodeSent | None, wrong: MentorSchoolError | None) -> dict[str, Any]:
    """What a page shows of a code: the input or why there is none, and the way to a new one.

    Only what works is offered: no input for a code that is used up, no button before its time.
    """
    said = _said(sent, wrong) if wrong is not None else ""
    typed = sent is not None and sent.works
    return {
        "sent": sent,
        "errors": [{"name": "code" if typed else "", "label": "", "text": said}] if said else [],
        "field": code_field(said),
        "wait": wait_words(sent.again_at) if sent is not None else "",
    }


def sent_words(before: str | None, now: str | None) -> str:
    """What to say after a code was asked for once more."""
    if before is not None and before == now:
        return str(_("A code is on its way: it was sent less than a minute ago."))
    return str(_("A new code is on its way. The one before does not work any more."))


def wait_words(again_at: datetime | None) -> str:
    """«через 12 минут»: when a new code can be asked for; empty when it can be now."""
    if again_at is None:
        return ""
    left = max(1, math.ceil((again_at - tools().clock.now()).total_seconds() / 60))
    return str(format_timedelta(timedelta(minutes=left), add_direction=True, threshold=1.2))


def _said(sent: CodeSent | None, wrong: MentorSchoolError) -> str:
    # «Ask for a new one» would be no help while none is sent: the page says when, below.
    if isinstance(wrong, CodeRefused) and sent is not None and not sent.works and sent.again_at:
        return str(_("This code does not work any more."))
    return sentence_of(wrong)
