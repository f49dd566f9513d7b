"""What waits today: the worklist with its views, search and places."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_date

from server.access.policy import Permission
from server.consents.signers import day_in
from server.http.context import door, perform
from server.http.rendering import locale
from server.kernel.ids import parse_id
from server.services.worklist import desk as desk_services
from server.services.worklist.desk import Office, Resting, Worklist
from server.services.worklist.work_rows import Choice, WorkRow
from server.web import desk_words
from server.web.office import desk, new_nonce, office_page, school_id
from server.web.said import _, ngettext
from server.words import dates
from server.words.speech import N_

CAP = 1000  # counts stop here and are shown as "1000+"
TABS = {
    "ready": N_("Ready to decide"),
    "waiting": N_("The family’s turn"),
    "overdue": N_("Overdue"),
    "urgent": N_("Urgent"),
    "all": N_("All"),
}
_EMPTY = {
    "ready": (
        N_("There is nothing to decide now"),
        N_("An application comes here when the family has answered everything."),
    ),
    "waiting": (
        N_("No family is being waited for"),
        N_("Here you see who has not answered yet, and whether the message reached them."),
    ),
    "overdue": (
        N_("Nothing is overdue"),
        N_("What is not done in time comes here by itself."),
    ),
    "urgent": (
        N_("Nothing is urgent"),
        N_(
            "A possible danger for a child, calls to families that do not answer, and what follows"
            " from a withdrawn consent."
        ),
    ),
    "all": (
        N_("Nothing is waiting"),
        N_("Families begin by the code on the poster. You can also invite a family yourself."),
    ),
}


@dataclass(frozen=True)
class View:
    """What of the worklist is looked at; it stands in the address, so it holds no name."""

    tab: str = "all"
    place: UUID | None = None
    number: int | None = None
    mark: bytes | None = None  # a surname, as it may stand in an address
    after: tuple[datetime, UUID] | None = None

    @classmethod
    def asked(cls) -> View:
        """The view that the address asks for; what makes no sense there is left out."""
        given = request.args
        tab = given.get("tab", "all")
        return cls(
            tab=tab if tab in TABS else "all",
            place=parse_id(given.get("place", "")),
            number=desk_services.number_in(given.get("number", "")),
            mark=_bytes(given.get("name", "")),
            after=_cursor(given.get("after", "")),
        )

    def url(self, **other: Any) -> str:
        """The address of this view, or of one that differs in something."""
        told = {
            "tab": self.tab if self.tab != "all" else None,
            "place": self.place,
            "number": self.number,
            "name": _text(self.mark) if self.mark else None,
            **other,
        }
        return url_for("desk.worklist", **{k: v for k, v in told.items() if v is not None})

    @property
    def searching(self) -> bool:
        """Whether somebody is being looked for."""
        return self.number is not None or self.mark is not None


@desk.get("")
@door("staff", Permission.DESK_READ)
def worklist() -> ResponseReturnValue:
    """What waits for you today, by due date."""
    view = View.asked()
    found = perform(
        desk_services.worklist,
        school_id=school_id(),
        tab=view.tab,
        place_id=view.place,
        search=str(view.number) if view.number is not None else "",
        mark=view.mark,
        after=view.after,
    )
    return office_page("desk/worklist.html", found.office, **_facts(view, found))


@desk.post("/search")
@door("staff", Permission.DESK_READ)
def search() -> ResponseReturnValue:
    """Look for a child; the answer's address holds a mark in the place of the name."""
    typed = request.form.get("search", "")[:200]
    place = parse_id(request.form.get("place", ""))
    number = desk_services.number_in(typed)
    mark = None if number is not None else perform(desk_services.surname_mark, typed=typed)
    tab = request.form.get("tab", "all") if number is None and mark is None else "all"
    view = View(tab=tab, place=place, number=number, mark=mark)
    if mark is not None:
        found = perform(desk_services.worklist, school_id=school_id(), place_id=place, mark=mark)
        if not found.rows and not found.resting:
            # Without an address of its own the page can say whom nobody was found for.
            facts = _facts(view, found) | {"typed": typed.strip()}
            return office_page("desk/worklist.html", found.office, **facts)
    return redirect(view.url(), 303)


def _facts(view: View, found: Worklist) -> dict[str, Any]:
    rows = [_row(row, found.office) for row in found.rows]
    office = found.office
    chosen = [row for row in found.rows if row.selectable]
    return {
        "page_title": _("What waits for you today"),
        "lead": _today(office),
        "tabs": _tabs(view, found.counts),
        "places": [("", _("All municipalities"))] + [(str(p.id), p.name) for p in office.places],
        "view": view,
        "typed": _typed(view, found),
        "resting": [_resting(one) for one in found.resting],
        "place": str(view.place or ""),
        "all_url": View(place=view.place).url(),
        "rows": rows,
        "columns": _columns(found),
        "deeds": _deeds(chosen),
        "blocked_by_look": any(
            row.kind == "review" and row.blocked is None and not row.opened and not row.flags
            for row in found.rows
        ),
        "next_url": view.url(after=_written(found.next_after)) if found.next_after else "",
        "first_url": view.url() if view.after else "",
        "empty": _empty(view, office),
        "nonce": new_nonce(),
    }


def _typed(view: View, found: Worklist) -> str:
    """Who is searched for, as it stands in the field: a surname is read off who was found."""
    if view.number is not None:
        return str(view.number)
    names = [row.child_name for row in found.rows] + [one.child_name for one in found.resting]
    known = next((name for name in names if name), "")
    return known.split()[0] if view.mark is not None and known else ""


def _resting(one: Resting) -> dict[str, str]:
    ended = one.end_label is not None
    return {
        "name": who(one.child_name, one.number, hidden=one.hidden),
        "under_name": "" if one.hidden else one.place or "",
        "title": one.title.in_(locale()),
        "number": str(one.number),
        "kind": "off" if ended else "wrong",
        "state": one.end_label.in_(locale())
        if one.end_label is not None
        else _("Paused: a consent was withdrawn"),
        "url": url_for("desk.card", case_id=one.case_id),
    }


def _row(row: WorkRow, office: Office) -> dict[str, Any]:
    due, due_kind = _due(row, office)
    family = row.kind in ("form", "sign")
    return {
        "name": who(row.child_name, row.number, hidden=row.hidden),
        "under_name": _age_and_place(row),
        "number": row.number,
        "url": url_for("desk.card", case_id=row.case_id),
        "label": row.label.in_(locale()),
        "lines": _lines(row, office),
        "signs": desk_words.signs(row.signs),
        "due": due,
        "due_kind": due_kind,
        "value": f"{row.task_id}.{row.case_id}.{row.revision}",
        "selectable": row.selectable,
        "locked": _locked(row),
        "locked_sign": "warning" if row.flags else "lock" if row.blocked is not None else "eye",
        "remind_url": url_for("desk.remind", case_id=row.case_id)
        if family and office.may_decide
        else "",
        "task_id": str(row.task_id),
    }


def who(name: str | None, number: int, *, hidden: bool = False) -> str:
    """How a row is called: by the child's name, or why there is none."""
    if name:
        return name
    if hidden:
        return _("No. %(number)s, the name is kept back", number=number)
    return _("No. %(number)s, invited", number=number)


def _age_and_place(row: WorkRow) -> str:
    age = years(row.age) if row.age is not None else ""
    place = "" if row.hidden else row.place
    return ", ".join(part for part in (age, place) if part)


def years(age: int) -> str:
    """«12 лет»."""
    return ngettext("%(num)s year", "%(num)s years", age)


def _lines(row: WorkRow, office: Office) -> list[dict[str, str]]:
    """Why it cannot go on, and what to know before deciding: short lines under what is needed."""
    lines = [*_about_danger(row), *_about_waiting(row, office), *_about_deciding(row)]
    if row.duplicate:
        lines.append(_line(_("perhaps the same child applied twice"), "waiting"))
    return lines


def _about_danger(row: WorkRow) -> list[dict[str, str]]:
    if not row.flags:
        return []
    return [_line(_("words that may mean danger for the child: read the card now"), "danger")]


def _about_waiting(row: WorkRow, office: Office) -> list[dict[str, str]]:
    lines = []
    if row.kind in ("form", "sign"):
        lines.append(_line(_("waiting for: %(who)s", who=desk_words.role(row.role))))
    elif row.kind == "staff" and row.waits_for is not None and not row.hidden:
        what = row.waits_for.in_(locale())
        lines.append(_line(_("the family does not answer: %(what)s", what=what)))
    if row.letter is not None and row.kind != "review" and not row.hidden:
        words, kind = desk_words.letter_line(row.letter, office, desk_words.hour_or_day)
        name = desk_words.letter_name(row.letter)
        said = f"{name[0].lower()}{name[1:]}: {words}"
        lines.append(_line(said, "wrong" if kind == "wrong" else ""))
    return lines


def _about_deciding(row: WorkRow) -> list[dict[str, str]]:
    lines = []
    if row.blocked is not None:
        lines.append(_line(_(desk_words.WHY_NOT[row.blocked])))
    so_far, wanted = row.approvals
    if row.kind == "review" and wanted > 1 and so_far:
        names = ", ".join(row.accepted_by)
        facts = {"count": so_far, "wanted": wanted, "names": names}
        lines.append(_line(_("%(count)s of %(wanted)s accepted: %(names)s", **facts)))
    if row.kind == "review" and row.blocked is None and not row.flags:
        seen = _("you have read the card") if row.opened else _("not read yet: open the card")
        lines.append(_line(seen))
    return lines


def _line(text: str, kind: str = "") -> dict[str, str]:
    return {"text": text, "kind": kind}


def _locked(row: WorkRow) -> str:
    """Why a row cannot be chosen; empty for rows with nothing to decide."""
    if row.blocked is not None:
        return str(_(desk_words.WHY_NOT[row.blocked]))
    if row.kind != "review" or row.selectable:
        return ""
    if row.flags:
        return str(_("an answer needs a person’s look: decide on the card"))
    return str(_("not read yet: open the card"))


def _due(row: WorkRow, office: Office) -> tuple[str, str]:
    if row.due_at is None:
        return _("no due date"), "none"
    day = day_in(office.zone, row.due_at)
    words = dates.day_near(day, office.today, locale())
    if row.overdue:
        return words, "wrong"
    return words, "today" if day == office.today else ""


def _tabs(view: View, counts: Any) -> list[dict[str, Any]]:
    return [
        {
            "label": _(label),
            "url": view.url(tab=tab if tab != "all" else None),
            "count": f"{CAP}+" if counts[tab] >= CAP else counts[tab],
            "current": tab == view.tab,
            "kind": "wrong" if tab == "urgent" and counts[tab] else "",
        }
        for tab, label in TABS.items()
    ]


def _columns(found: Worklist) -> list[dict[str, Any]]:
    named = next((row.signs for row in found.rows if row.signs), ())
    hint = " · ".join(desk_words.short_name(one) for one in named)
    return [
        {"label": _("Child")},
        {"label": _("What is needed"), "kind": "grow"},
        {"label": _("Consents"), "hint": hint},
        {"label": _("Due"), "kind": "nowrap"},
        {"label": _("Open"), "kind": "act", "hidden": True},
    ]


def _deeds(rows: list[WorkRow]) -> list[dict[str, Any]]:
    """What may be done with the rows that can be chosen: each outcome once, the first one main."""
    found: dict[str, Choice] = {}
    for row in rows:
        found |= {one.id: one for one in row.outcomes if one.id not in found}
    return [
        {
            "value": one.id,
            "label": one.label.in_(locale()) + ("…" if one.comment == "required" else ""),
            "name": "ask" if one.comment == "required" else "act",
        }
        for one in found.values()
    ]


def _today(office: Office) -> str:
    day = str(format_date(office.today, "d MMMM, EEEE"))
    if office.opening_on is None or office.opening_on <= office.today:
        return day
    left = (office.opening_on - office.today).days
    words = ngettext("opening gathering in %(num)s day", "opening gathering in %(num)s days", left)
    return f"{day} · {words}"


def _empty(view: View, office: Office) -> dict[str, str]:
    if view.searching:
        return {
            "title": _("Nobody was found"),
            "text": _(
                "Search goes by exact surname or number, among open and closed applications."
            ),
            "sign": "search",
            "url": View(place=view.place).url(),
            "label": _("Show everything"),
        }
    title, text = _EMPTY[view.tab]
    empty = {"title": _(title), "text": _(text), "sign": "tick", "url": "", "label": ""}
    if view.tab == "all" and office.may_invite:
        empty |= {"url": url_for("desk.invite"), "label": _("Invite a family"), "sign": "letter"}
    return empty


def _written(after: tuple[datetime, UUID]) -> str:
    return _text(f"{after[0].isoformat()} {after[1]}".encode())


def _cursor(raw: str) -> tuple[datetime, UUID] | None:
    try:
        at, _space, task = (_bytes(raw) or b"").decode().partition(" ")
        moment = datetime.fromisoformat(at)
        return (moment, UUID(task)) if moment.tzinfo is not None else None
    except ValueError:
        return None


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _bytes(text: str) -> bytes | None:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)) or None
    except (ValueError, binascii.Error):
        return None
