"""Forms a school may adapt: the list with its signs, the editor, the preview, a trial."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import Response, flash, redirect, request
from flask.typing import ResponseReturnValue
from pydantic import ValidationError

from server.access.policy import Permission, Thing, allowed
from server.admin import said
from server.admin.base import School, ServiceView, at_school, expose, head_of, school_here
from server.admin.changes import Changes
from server.admin.drafts import FormDraft
from server.admin.edits import NEW, edited_form
from server.admin.posted import MOST_TEXT, Posted
from server.admin.preview import preview
from server.admin.rows import sheet
from server.admin.said import _
from server.consents.signers import day_in
from server.forms.answers import printed
from server.forms.builder import read_page
from server.forms.definition import FormSpec
from server.http.context import current_actor, perform, tools
from server.http.form_pages import page_of, readers_of
from server.http.rendering import locale, page
from server.kernel.errors import Conflict, NotFound, Refused
from server.kernel.text import LOCALES
from server.model.definition import target_of
from server.model.limits import Limits
from server.model.own_fields import CHOOSING
from server.services.accounts import people
from server.services.model import drafts, school_settings
from server.services.model.school_settings import Settings
from server.words import dates


class FormsView(ServiceView):
    """The forms of the model under a school's settings."""

    @expose("/")
    def index(self) -> ResponseReturnValue:
        """Every form with what may move in it, and why."""
        school = school_here()
        shown = perform(school_settings.settings, school_id=school.id)
        forms = [_listed(shown, form_id) for form_id in shown.shipped.forms]
        forms.sort(key=lambda one: (not one["open"], one["title"]))
        return self.render(
            "admin/forms.html", page_title=_("Questionnaires and forms"), forms=forms,
            bar=bar(shown),
        )  # fmt: skip

    @expose("/<form_id>", methods=("GET", "POST"))
    def edit(self, form_id: str) -> ResponseReturnValue:
        """The editor of one form; whatever button is pressed, what was typed is kept as a draft."""
        school = school_here()
        if request.method == "POST":
            return self._save(school, form_id)
        shown = perform(school_settings.settings, school_id=school.id)
        return self._page(school, shown, form_id)

    @expose("/<form_id>/preview", methods=("POST",))
    def redraw(self, form_id: str) -> ResponseReturnValue:
        """The preview of what is being typed; nothing is kept."""
        posted = Posted.of(request.form.lists())
        shown = perform(
            drafts.edited,
            school_id=school_here().id,
            revision=revision_of(posted),
            edit=partial(_edit, form_id, posted),
        )
        _form(shown, form_id)
        return self.render(
            "admin/_preview.html", preview=preview(shown, form_id, language(posted.one("preview")))
        )

    @expose("/<form_id>/try", methods=("GET", "POST"))
    def try_out(self, form_id: str) -> ResponseReturnValue:
        """The form as its reader meets it: answers are checked as there, and thrown away."""
        school = school_here()
        shown = perform(school_settings.settings, school_id=school.id)
        _form(shown, form_id)
        form = shown.effective.forms[form_id]
        compiled = page_of(form, locale())
        facts: dict[str, Any] = {"rows": compiled.blank, "errors": [], "answers": None}
        if request.method == "POST":
            today = day_in(school.zone, tools().clock.now())
            read = read_page(form, request.form, today=today, locale=locale())
            facts["rows"] = compiled.render(read.raw, read.problems)
            facts["errors"] = [
                {"name": target.removeprefix("f-"), "label": "", "text": sentence}
                for target, sentence in compiled.summary(read.problems)
            ]
            if read.ok:
                answers = printed(form, read.values, locale())
                facts["answers"] = [{"label": one, "value": said or "—"} for one, said in answers]
        return page(
            "admin/try.html", page_title=form.title.in_(locale()), form=form,
            school=head_of(school), intro=said.text(form.intro), readers=readers_of(form, locale()),
            back_url=at_school("admin_forms.edit", form_id=form_id), **facts,
        )  # fmt: skip

    def _save(self, school: School, form_id: str) -> ResponseReturnValue:
        posted = Posted.of(request.form.lists())
        if posted.deed == ("return",):
            edit = partial(_returned, form_id)
        else:
            edit = partial(_edit, form_id, posted)
        try:
            shown = kept(school, posted, edit)
        except Conflict as met:
            shown = perform(
                drafts.edited, school_id=school.id, revision=revision_of(posted), edit=edit
            )
            return self._page(school, shown, form_id, met=met)
        _tell_of_the_lost(_form(shown, form_id), posted)
        return _onward(shown, form_id, posted)

    def _page(
        self, school: School, shown: Settings, form_id: str, *, met: Conflict | None = None
    ) -> Response:
        form = _form(shown, form_id)
        points = school_settings.points_with(shown, form_id)
        rows = sheet(shown, points, form)
        language_ = language(request.args.get("preview"))
        counts = [(one["mark"], one["count"]) for one in said.marks_of(points)]
        return self.render(
            "admin/form.html",
            status=409 if met is not None else 200,
            page_title=said.text(form.title),
            form_id=form_id,
            sheet=rows,
            counts=counts,
            preview=preview(shown, form_id, language_),
            preview_languages=LOCALES,
            bar=bar(shown),
            conflict=conflict(shown, school, met),
            checked=bool(request.args.get("checked")),
            opened=request.args.get("open"),
            may_edit=may_edit(school),
            is_changed=any(target_of(one.at) == form_id for one in shown.changes),
            summary=[
                {"id": row.id, "title": row.title, "text": text}
                for row in rows.rows
                for text in _sentences(row)
            ],
        )


def kept(school: School, posted: Posted, edit: drafts.Edit) -> Settings:
    """Save an edit as the draft.

    :raises Conflict: when somebody else saved or published since the page was drawn.
    :raises Refused: when it is more than a draft can hold.
    """
    if reason := posted.cannot_be_kept:
        raise Refused(reason=reason, most=MOST_TEXT)
    try:
        return perform(
            drafts.edit_draft,
            school_id=school.id,
            revision=revision_of(posted),
            edit=edit,
        )
    except ValidationError:
        raise Refused(reason="too_many_changes") from None


def bar(shown: Settings) -> dict[str, Any]:
    """What every page of the editor says of the draft: how much waits, whether it may go out."""
    waiting = said.differences(shown.in_force, shown.effective) if shown.draft is not None else []
    newest = shown.newest
    zone, now = shown.school.zone, tools().clock.now()
    at = dates.moment_near(newest.at, now, zone, locale()) if newest else ""
    return {
        "variant": said.variant(shown.variant),
        "waiting": waiting,
        "drafted": shown.draft is not None,
        "problems": len(shown.problems),
        # Whom to ask for an exception, where a rule stands in the way.
        "keepers": perform(people.keepers) if shown.problems else [],
        "elsewhere": [
            {"title": title, "url": url, "count": count} for title, url, count in _troubled(shown)
        ],
        "revision": shown.seen,
        "at": at if newest and newest.state == "draft" else "",
        "author": (newest.author or "") if newest else "",
        "dropped": {"seq": newest.seq, "at": at, "author": newest.author or ""}
        if newest is not None and newest.state == "dropped"
        else None,
        "open_cases": shown.open_cases,
    }


def conflict(shown: Settings, school: School, met: Conflict | None) -> dict[str, Any] | None:
    """Who was first and when, and what saving this page would change of theirs."""
    if met is None:
        return None
    theirs = perform(school_settings.settings, school_id=school.id)
    at = met.facts.get("at")
    zone, now = school.zone, tools().clock.now()
    return {
        "by": met.facts.get("by") or _("Somebody else"),
        "at": dates.moment_near(at, now, zone, locale()) if at is not None else "",
        "lines": said.differences(theirs.effective, shown.effective),
    }


def may_edit(school: School) -> bool:
    """Whether the actor may change this school's settings, or only look at them."""
    return allowed(current_actor(), Permission.SETTINGS_EDIT, Thing(school.id))


def revision_of(posted: Posted) -> int:
    """The state of the settings that the page was drawn from."""
    written = posted.one("revision") or ""
    return int(written) if written.isdecimal() and len(written) < 10 else 0


def language(asked: str | None) -> str:
    """The language of the preview: the one asked for, else the page's own."""
    return asked if asked in LOCALES else locale()


def title_of(shown: Settings, target: str) -> str:
    """What people call a form, a workflow or a consent."""
    bundle = shown.shipped
    found = bundle.forms.get(target) or bundle.workflows.get(target) or bundle.consents.get(target)
    return said.text(found.title) if found else target


def url_of(shown: Settings, target: str) -> str:
    """Where a form, a workflow or a consent is edited; what is none of them: in the file."""
    if target in shown.shipped.forms:
        return at_school("admin_forms.edit", form_id=target)
    if target in shown.shipped.workflows:
        return at_school("admin_workflows.edit", workflow_id=target)
    if target in shown.shipped.consents:
        return at_school("admin_workflows.index")
    return at_school("admin_file.show")


def _troubled(shown: Settings) -> list[tuple[str, str, int]]:
    """Where something does not hold, and how much."""
    counts: dict[str, int] = {}
    for problem in shown.problems:
        target = target_of(problem.at) if problem.at else ""
        counts[target] = counts.get(target, 0) + 1
    return [
        (title_of(shown, target) or _("Settings file"), url_of(shown, target), count)
        for target, count in counts.items()
    ]


def _edit(form_id: str, posted: Posted, shown: Settings, saw: Changes, now: Changes) -> Changes:
    form = _form(shown, form_id)
    limits = Limits(shown.shipped, shown.variant)  # type: ignore[arg-type]  # one of three words
    movable = frozenset(spec.field for spec in form.fields if limits.order(form, spec).open)
    return edited_form(form, posted, saw=saw, now=now, movable=movable)


def _tell_of_the_lost(form: FormSpec, posted: Posted) -> None:
    """Say what of the page was left aside: words emptied, choices of what has no choices."""
    for spec in form.fields:
        for locale_, words in spec.label.items():
            if words.strip() and posted.one(f"{spec.field}.label.{locale_}") == "":
                title = said.text(spec.label)
                flash(_("“%(name)s”: emptied words are as in the model again.", name=title), "note")
    if posted.one(f"{NEW}.choices") and posted.one(f"{NEW}.type") not in CHOOSING:
        flash(_("The choices were not kept: this kind of answer has none."), "note")


def _returned(form_id: str, shown: Settings, _saw: Changes, now: Changes) -> Changes:
    """The form as the model ships it."""
    _form(shown, form_id)
    return tuple(one for one in now if target_of(one.at) != form_id)


def _form(shown: Settings, form_id: str) -> FormSpec:
    """The form as it ships."""
    if form_id not in shown.shipped.forms:
        raise NotFound(what="form")
    return shown.shipped.forms[form_id]


def _onward(shown: Settings, form_id: str, posted: Posted) -> ResponseReturnValue:
    """The next page: nothing is sent twice, and one stands where one was."""
    deed, *rest = posted.deed
    moved = posted.one("move")
    to = partial(at_school, "admin_forms.edit", form_id=form_id)
    if deed == "publish":
        return redirect(at_school("admin_publish.show"), 303)
    if deed == "try":
        return redirect(at_school("admin_forms.try_out", form_id=form_id), 303)
    if deed == "check":
        return redirect(to(checked="yes"), 303)
    if deed == "preview":
        return redirect(to(preview=language(rest[0] if rest else None), _anchor="preview"), 303)
    if deed == "return":
        flash(_("“%(name)s” is as in the model again.", name=title_of(shown, form_id)), "good")
        return redirect(to(), 303)
    row = _row_of(shown, form_id, posted)
    if not row:
        return redirect(to(), 303)
    stays_open = row if deed in ("save", "add", "choice_drop", "choice_up") and not moved else None
    return redirect(to(open=stays_open, _anchor=f"limit-{row}"), 303)


def _row_of(shown: Settings, form_id: str, posted: Posted) -> str:
    """The row one was at: the moved one, the one whose button was pressed, the new one."""
    draft = FormDraft(shown.shipped.forms[form_id], shown.changes)
    deed, *rest = posted.deed
    if posted.one("new.label.ru") or posted.one("new.label.en") or deed == "add":
        return next(reversed(draft.own), "")
    field = (posted.one("move") or "").partition(":")[2] or (rest[0] if rest else "")
    return field if field in draft.order else ""


def _listed(shown: Settings, form_id: str) -> dict[str, Any]:
    points = school_settings.points_with(shown, form_id)
    marks = said.marks_of(points)
    own = next(one for one in points if one.kind == "own_fields")
    changed = [one for one in points if one.kind == "field" and one.changed]
    return {
        "id": form_id,
        "title": title_of(shown, form_id),
        "url": at_school("admin_forms.edit", form_id=form_id),
        "marks": marks,
        "open": bool(own.operations) or any(one.operations for one in points),
        "own": own,
        "changed": len(changed),
        "wrong": sum(1 for one in shown.problems if target_of(one.at) == form_id),
    }


def _sentences(row: Any) -> list[str]:
    found = [one.text for one in row.remarks]
    for control in [*row.words, *row.settings]:
        found += control["errors"]
    for line in row.choices or []:
        found += [one.text for one in line.remarks]
    return found
