"""Deadlines, reminders, numbers of people and terms of a workflow, within their bounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from flask import Response, flash, redirect, request
from flask.typing import ResponseReturnValue

from server.admin import said
from server.admin.base import School, ServiceView, at_school, expose, school_here
from server.admin.changes import Changes
from server.admin.forms import bar, conflict, kept, may_edit, revision_of, title_of
from server.admin.posted import Posted
from server.admin.said import Remark, Why, _
from server.admin.times import TERM_UNITS, edited_times, typed, unit_of
from server.http.context import perform
from server.kernel.durations import Duration
from server.kernel.errors import Conflict, NotFound
from server.model.definition import Variant, target_of
from server.model.points import Point, points
from server.services.model import drafts, school_settings
from server.services.model.school_settings import Settings
from server.workflows.definition import ConsentStep, WorkflowSpec


@dataclass
class TimeRow:
    """One deadline, list of reminders, number of people or term on the editor's page."""

    id: str
    kind: str
    mark: str
    title: str
    why: str
    reason: Why
    open: bool
    badge: str
    reset: bool
    values: list[str]
    spare: int  # empty controls for further reminders
    unit: str
    unit_word: str
    units: list[tuple[str, str]]
    ruler: dict[str, Any] | None
    shipped: str
    remarks: list[Remark]


class WorkflowsView(ServiceView):
    """The workflows of the model under a school's settings."""

    @expose("/")
    def index(self) -> ResponseReturnValue:
        """Every workflow with what may move in it, and why."""
        school = school_here()
        shown = perform(school_settings.settings, school_id=school.id)
        listed = [
            {
                "title": title_of(shown, name),
                "url": at_school("admin_workflows.edit", workflow_id=name),
                "marks": said.marks_of(_points(shown, name)),
                "changed": sum(1 for one in _points(shown, name) if one.changed),
                "wrong": sum(1 for one in shown.problems if _belongs(shown, name, one.at)),
            }
            for name in shown.shipped.workflows
        ]
        return self.render(
            "admin/workflows.html",
            page_title=_("Deadlines and reminders"),
            workflows=listed,
            bar=bar(shown),
        )

    @expose("/<workflow_id>", methods=("GET", "POST"))
    def edit(self, workflow_id: str) -> ResponseReturnValue:
        """The editor of one workflow's times."""
        school = school_here()
        if request.method == "GET":
            shown = perform(school_settings.settings, school_id=school.id)
            return self._page(school, shown, workflow_id)
        posted = Posted.of(request.form.lists())
        edit = partial(_edit, workflow_id, posted)
        try:
            shown = kept(school, posted, edit)
        except Conflict as met:
            shown = perform(
                drafts.edited, school_id=school.id, revision=revision_of(posted), edit=edit
            )
            return self._page(school, shown, workflow_id, met=met)
        return _onward(shown, workflow_id, posted)

    @expose("/<workflow_id>/preview", methods=("POST",))
    def redraw(self, workflow_id: str) -> ResponseReturnValue:
        """What is being typed as days on a line; nothing is kept."""
        posted = Posted.of(request.form.lists())
        shown = perform(
            drafts.edited,
            school_id=school_here().id,
            revision=revision_of(posted),
            edit=partial(_edit, workflow_id, posted),
        )
        return self.render("admin/_days.html", days=_days(shown, workflow_id))

    def _page(
        self, school: School, shown: Settings, workflow_id: str, *, met: Conflict | None = None
    ) -> Response:
        _workflow(shown, workflow_id)
        groups = _groups(shown, workflow_id)
        return self.render(
            "admin/workflow.html",
            status=409 if met is not None else 200,
            page_title=title_of(shown, workflow_id),
            workflow_id=workflow_id,
            groups=groups,
            days=_days(shown, workflow_id),
            bar=bar(shown),
            conflict=conflict(shown, school, met),
            checked=bool(request.args.get("checked")),
            may_edit=may_edit(school),
            is_changed=any(_belongs(shown, workflow_id, one.at) for one in shown.changes),
            summary=[
                {
                    "id": row.id,
                    # Most sentences name their step themselves.
                    "title": "" if group["title"] in one.text else group["title"],
                    "text": one.text,
                }
                for group in groups
                for row in group["rows"]
                for one in row.remarks
            ],
            others=_others(shown, workflow_id, groups),
        )


def _edit(workflow_id: str, posted: Posted, shown: Settings, saw: Changes, now: Changes) -> Changes:
    _workflow(shown, workflow_id)
    if posted.deed == ("return",):
        return tuple(one for one in now if not _belongs(shown, workflow_id, one.at))
    shipped = _points(shown, workflow_id, changes=())
    return edited_times(shipped, posted, saw=saw, now=now)


def _onward(shown: Settings, workflow_id: str, posted: Posted) -> ResponseReturnValue:
    deed, *rest = posted.deed
    to = partial(at_school, "admin_workflows.edit", workflow_id=workflow_id)
    if deed == "publish":
        return redirect(at_school("admin_publish.show"), 303)
    if deed == "check":
        return redirect(to(checked="yes"), 303)
    if deed == "return":
        flash(_("“%(name)s” is as in the model again.", name=title_of(shown, workflow_id)), "good")
    return redirect(to(_anchor=f"limit-{rest[0]}" if rest else None), 303)


def _workflow(shown: Settings, workflow_id: str) -> WorkflowSpec:
    found = shown.shipped.workflows.get(workflow_id)
    if found is None:
        raise NotFound(what="workflow")
    return found


def _targets(shown: Settings, workflow_id: str) -> list[str]:
    """The workflow itself, and the consents it asks for: how long they are kept."""
    steps = [one for stage in _workflow(shown, workflow_id).stages for one in stage.steps]
    return [workflow_id, *(one.consent for one in steps if isinstance(one, ConsentStep))]


def _points(shown: Settings, workflow_id: str, *, changes: Changes | None = None) -> list[Point]:
    held = shown.changes if changes is None else changes
    variant = cast(Variant, shown.variant)
    return [
        point
        for target in _targets(shown, workflow_id)
        for point in points(shown.shipped, variant, target, held)
    ]


def _belongs(shown: Settings, workflow_id: str, at: str) -> bool:
    return target_of(at) in _targets(shown, workflow_id)


def _groups(shown: Settings, workflow_id: str) -> list[dict[str, Any]]:
    """The rows of each step, in the order of the workflow; terms of consents last."""
    groups: dict[str, dict[str, Any]] = {}
    for point in _points(shown, workflow_id):
        kept_term = point.kind == "valid"
        key = "valid" if kept_term else ".".join(point.at.split(".")[:2])
        title = _("How long data is kept") if kept_term else said.text(point.name)
        group = groups.setdefault(key, {"title": title, "rows": []})
        group["rows"].append(_row(shown, point))
    return list(groups.values())


def _row(shown: Settings, point: Point) -> TimeRow:
    mine = [
        one for one in shown.problems if one.at == point.at or one.at.startswith(f"{point.at}.")
    ]
    values = list(typed(point, shown.changes))
    changed = any(one.at == point.at for one in shown.changes)
    unit = unit_of(point, shown.changes)
    most = point.limit.at_most if point.limit is not None else None
    spare = max(0, min(1, (most or 0) - len(values))) if point.kind == "remind" else 0
    return TimeRow(
        id=point.at,
        kind=point.kind,
        mark="refused" if mine else point.sign,
        title=said.text(point.name) if point.kind == "valid" else _title(point.kind),
        why=_room(point),
        reason=said.why(point.reason),
        open=bool(point.operations) or changed,
        badge=_("changed by you") if changed else "",
        reset=changed,
        values=values,
        spare=spare,
        unit=unit,
        unit_word=said.unit(unit),
        units=[(one, said.unit(one)) for one in TERM_UNITS] if point.kind == "valid" else [],
        ruler=None if mine else _ruler(point),
        shipped=said.spoken(point.shipped) if point.shipped else _("none"),
        remarks=said.remarks(mine, shown.shipped.origins),
    )


def _title(kind: str) -> str:
    return {
        "due": _("Time for it"),
        "remind": _("Reminders"),
        "approvals": _("How many people decide"),
    }[kind]


def _room(point: Point) -> str:
    if point.kind == "valid":
        return _kept_room(point)
    if not point.operations:
        return _("Cannot be changed: %(value)s.", value=said.spoken(point.now) or _("none"))
    if point.kind == "remind":
        most = point.limit.at_most if point.limit else None
        return _("Each %(span)s, at most %(most)s times.", span=said.span(point.limit), most=most)
    if point.kind == "approvals":
        return _("Can be %(span)s people.", span=said.span(point.limit))
    return _("Can be %(span)s.", span=said.span(point.limit))


def _kept_room(point: Point) -> str:
    """How long a consent and what it allowed live: counted from the end of the cycle."""
    if not point.operations:
        if not point.now.amount:
            return _("Cannot be changed: until the last day of the cycle.")
        return _("Cannot be changed: %(value)s after the cycle ends.", value=said.spoken(point.now))
    return _("After the cycle ends: %(span)s.", span=said.span(point.limit))


def _ruler(point: Point) -> dict[str, Any] | None:
    """The ruler of one number, where both ends are counted alike and it stands between them."""
    limit = point.limit
    if limit is None or not point.operations or point.kind in ("remind", "valid"):
        return None
    low, high, now, shipped = map(_amount, (limit.lowest, limit.highest, point.now, point.shipped))
    if not low <= now <= high:
        return None
    unit = point.shipped.unit if isinstance(point.shipped, Duration) else ""
    return {
        "low": low,
        "high": high,
        "value": now,
        "shipped": shipped,
        "unit": said.unit_after_to(high, unit),
    }


def _amount(value: Any) -> int:
    return value.amount if isinstance(value, Duration) else int(value)


def url_of_point(shown: Settings, at: str) -> str:
    """The row of the editor in which a time, a number of people or a term is changed."""
    target, *rest = at.split(".")
    held = next((one for one in shown.shipped.workflows if target in _targets(shown, one)), None)
    if held is None:
        return ""
    # `step.due.in` and `step.remind.after`, `step.approvals`, and of a consent `valid.plus`.
    long = 2 if target != held or rest[1:2] == ["approvals"] else 3
    anchor = ".".join([target, *rest[:long]])
    return at_school("admin_workflows.edit", workflow_id=held, _anchor=f"limit-{anchor}")


def _days(shown: Settings, workflow_id: str) -> list[dict[str, Any]]:
    """What will happen when, step by step: as far as the draft holds."""
    found: dict[str, dict[str, Any]] = {}
    for point in _points(shown, workflow_id):
        if point.kind not in ("due", "remind"):
            continue
        step = ".".join(point.at.split(".")[:2])
        held = found.setdefault(step, {"title": said.text(point.name), "items": []})
        held["items"] += _moments(point)
    for days in found.values():
        days["items"].sort(key=lambda one: one["days"])
    return list(found.values())


def _moments(point: Point) -> list[dict[str, Any]]:
    changed = "note" if point.changed else "off"
    if point.kind == "remind":
        return [
            {
                "days": one.amount,
                "title": _("Reminder"),
                "when": _("after %(time)s", time=said.spoken(one)),
                "kind": changed,
                "sign": "mail",
            }
            for one in cast(Sequence[Duration], point.now)
        ]
    return [
        {
            "days": 10_000,
            "title": _("The time is over"),
            "when": _("after %(time)s", time=said.spoken(point.now)),
            "kind": changed,
            "sign": "clock",
        }
    ]


def _others(shown: Settings, workflow_id: str, groups: list[dict[str, Any]]) -> list[Remark]:
    """What does not hold and belongs to no row: a misspelt place out of a file."""
    rows = [row.id for group in groups for row in group["rows"]]
    found = [
        one
        for one in shown.problems
        if _belongs(shown, workflow_id, one.at) and not any(_is_at(one.at, row) for row in rows)
    ]
    return said.remarks(found, shown.shipped.origins)


def _is_at(at: str, row: str) -> bool:
    return at == row or at.startswith(f"{row}.")
