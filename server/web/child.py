"""The child's own pages: plain words, its own answer, nothing that can be read again.

A child below 14 holds the guardian's telephone: its session knows no code, and ends when it is
done; the guardian comes back by a code alone. A teenager comes by a link and a code of their own.
"""

from __future__ import annotations

import re
from typing import Final
from uuid import UUID

from flask import flash, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from markupsafe import Markup, escape

from server.forms.definition import FormSpec
from server.http import sessions
from server.http.context import current_actor, door, perform, perform_in
from server.http.rendering import locale, page
from server.kernel.errors import AnswersRefused
from server.services.cases import filling
from server.services.families import child_page, letterheads
from server.services.families.applications import NextStep
from server.services.families.child_page import ChildPage, Companion
from server.web import applications, entry, forms, records, signing
from server.web.family_doors import child, for_child
from server.web.letterhead import speaker, speaker_of
from server.web.sheets import Place

__all__ = ["child"]

_ENDED = "child_ended"
_CALLABLE: Final = re.compile(r"\b8-800-[\d-]{7,9}\d\b|\b112\b")
VOICE: Final = "voice"


@child.get("/")
@for_child
def home() -> ResponseReturnValue:
    """What is open for the child; on a borrowed telephone straight to it."""
    found = _page()
    if not current_actor().assured:
        return redirect(_next_url(found), 303)
    school = speaker_of(case_id=found.case_id)
    return page(
        "family/child_home.html",
        page_title=_("Your own page"),
        school=school,
        child=found,
        help_line=help_line(found.help_line),
        tasks=[_task(found, step) for step in sorted(found.tasks, key=_turn)],
        board=applications.board(found.consents, school),
    )


@child.get("/next")
@for_child
def go_further() -> ResponseReturnValue:
    """The next thing that must be done, if there is one."""
    return redirect(_next_url(_page()), 303)


@child.route("/form/<step>", methods=["GET", "POST"])
@for_child
def form(step: str) -> ResponseReturnValue:
    """A form that the child fills in by itself: first whether it wants to."""
    found = _page()
    if request.method == "GET":
        return _form_page(found, step)
    reader = forms.Reader(
        request.form, today=speaker_of(case_id=found.case_id).today(), locale=locale()
    )

    def read(form: FormSpec) -> filling.Read:
        answers = reader(form)
        if step == VOICE and answers.values.get("wants") == "no" and "sure" not in request.form:
            raise _AskOnce
        return answers

    try:
        perform(
            filling.fill,
            case_id=found.case_id,
            step=step,
            read=read,
            key=records.once(found.case_id, step),
        )
    except _AskOnce:
        return _sure_page(found) if not reader.read.problems else _form_page(found, step, reader)
    except AnswersRefused:
        return _form_page(found, step, reader)
    return redirect(_after(_page(), step), 303)


@child.get("/finish")
@for_child
def finish() -> ResponseReturnValue:
    """The child is done: on a borrowed telephone its session ends, with all it holds."""
    found = _page()
    if current_actor().assured:
        return redirect(url_for("child.home"), 303)
    held = sessions.family()
    assert held is not None
    way_back = held.more.get("way_back")
    how = _how(found)
    sessions.end_family()
    _remember_end(how, held.tenant_id, found.case_id)
    if way_back is not None:
        entry.offer(held.tenant_id, UUID(way_back), found.case_id, role="guardian")
    return redirect(url_for("child.done"), 303)


@child.get("/done")
@door("public")
def done() -> ResponseReturnValue:
    """Give the telephone back; the grown-up comes in again by a code."""
    ended = session.get(_ENDED)
    if ended is None:
        return redirect(url_for("public.front"), 303)
    tenant_id, case_id = UUID(ended["tenant"]), UUID(ended["case"])
    left = ended["how"] == "left"
    words = perform_in(tenant_id, child_page.help_line, case_id=case_id, locale=locale())
    return page(
        "family/child_done.html",
        page_title=_("The page is closed") if left else _("Done. Give the phone back"),
        school=speaker(
            perform_in(tenant_id, letterheads.letterhead, case_id=case_id, school_id=None)
        ),
        how=ended["how"],
        way_back=entry.is_offered(),
        help_line=help_line(words),
    )


@child.post("/leave")
@for_child
def leave() -> ResponseReturnValue:
    """A teenager closes the page."""
    held, case_id = sessions.family(), _page().case_id
    assert held is not None
    sessions.end_family()
    _remember_end("left", held.tenant_id, case_id)
    return redirect(url_for("child.done"), 303)


def help_line(words: str) -> Markup:
    """Whom to call when it is bad; the numbers can be tapped."""
    tapped = _CALLABLE.sub(
        lambda number: f'<a class="call" href="tel:{number[0].replace("-", "")}">{number[0]}</a>',
        str(escape(words)),
    )
    return Markup(tapped)  # noqa: S704 - escaped above, only numbers were put into links


def _remember_end(how: str, tenant_id: UUID, case_id: UUID) -> None:
    """What the last page says, and whose letterhead it bears; nothing of the answers."""
    session[_ENDED] = {"how": how, "tenant": str(tenant_id), "case": str(case_id)}


def _page() -> ChildPage:
    case_id = current_actor().case_id
    assert case_id is not None
    return perform(child_page.child_page, case_id=case_id, locale=locale())


def _next_url(found: ChildPage) -> str:
    """The child's word first, then what else must be done; the way out when nothing is left."""
    due = sorted((step for step in found.tasks if not step.optional), key=_turn)
    return _url(due[0]) if due else url_for("child.finish")


def _turn(step: NextStep) -> tuple[bool, bool]:
    return step.optional, step.step != VOICE


def _after(found: ChildPage, step: str) -> str:
    """Where it goes on: nowhere when the child thinks, has yet to understand, or said no."""
    waiting = any(task.step == step for task in found.tasks)
    if found.ended or waiting:
        if current_actor().assured:
            flash(_thanks(found), "note")
        return url_for("child.finish")
    return _next_url(found)


def _thanks(found: ChildPage) -> str:
    if found.ended:
        return str(_("You said no, and that is all right. Nobody will ask you to explain."))
    if found.adult_comes:
        return str(
            _(
                "An adult from the school will explain to you what will happen."
                " Then answer once more."
            )
        )
    return str(_("Take your time. You can answer here whenever you are ready."))


def _how(found: ChildPage) -> str:
    if found.ended:
        return "no" if found.end == "declined_by_child" else "all"
    steps = [step.step for step in found.tasks if not step.optional]
    if VOICE in steps:
        return "explain" if found.adult_comes else "later"
    return "part" if steps else "all"


def _url(step: NextStep) -> str:
    if step.kind == "sign":
        return url_for("child.go_on", stage=step.step)
    return url_for("child.form", step=step.step)


def _task(found: ChildPage, step: NextStep) -> dict[str, str]:
    task = {"title": step.label.in_(locale()), "url": _url(step)}
    if step.kind == "sign" and _voice_url(found):
        return {"title": task["title"], "url": "", "hint": _("After your answer above")}
    if step.optional:
        task["hint"] = _("Nothing depends on it")
    return task


class _AskOnce(Exception):
    """The child says no, and has not been asked yet whether it means it."""


def _form_page(
    found: ChildPage, step: str, reader: forms.Reader | None = None
) -> ResponseReturnValue:
    return records.form_page(
        found.case_id,
        step,
        reader,
        kicker=found.child_name,
        help_line=help_line(found.help_line),
        companions=_companions(found) if step == VOICE else (),
        button=_("Answer") if step == VOICE else _("Send it off"),
        later_url="" if step == VOICE else url_for("child.finish"),
    )


def _companions(found: ChildPage) -> list[Companion]:
    """What it is about, then what is written down; who signs reads the latter with the document."""
    asked = [one for one in found.companions if one.kind == "permission"]
    signs = current_actor().assured
    return asked if signs else [*asked, *(one for one in found.companions if one not in asked)]


def _sure_page(found: ChildPage) -> ResponseReturnValue:
    """«I don't want to» is an answer: it is asked once whether it was meant, and then it stands."""
    return page(
        "family/child_sure.html",
        page_title=_("You don’t want to. That is an answer"),
        school=speaker_of(case_id=found.case_id),
        kicker=found.child_name,
        help_line=help_line(found.help_line),
        fields=[
            (name, value) for name, value in request.form.items(multi=True) if name != "csrf_token"
        ],
        back_url=url_for("child.form", step=VOICE),
    )


def _voice_url(found: ChildPage) -> str:
    """Where the child says whether it wants to: before it signs anything. Empty once it did."""
    asked = any(step.step == VOICE for step in found.tasks)
    return url_for("child.form", step=VOICE) if asked else ""


def _place(stage: str) -> Place:
    found = _page()
    case_id = found.case_id
    return Place(
        case_id=case_id,
        stage=stage,
        speaker=speaker_of(case_id=case_id),
        question_url=lambda consent: url_for("child.question", stage=stage, consent=consent),
        check_url=url_for("child.check", stage=stage),
        again_url=url_for("child.code_again", stage=stage),
        after_url=url_for("child.go_further"),
        home_url=url_for("child.home"),
        first_url=_voice_url(found),
        help_line=help_line(found.help_line),
    )


signing.serve(child, "/sign/<stage>", for_child, _place)
records.serve(
    child,
    for_child,
    # From 14 on the child may take its word back alone (CONSENT.md R20).
    records.Folder(pages="child", child=True, help_line=lambda: help_line(_page().help_line)),
)
