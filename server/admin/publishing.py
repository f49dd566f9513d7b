"""What waits to be published, publishing it, the history, and the settings as a file."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, redirect, request
from flask.typing import ResponseReturnValue

from server.admin import said
from server.admin.base import School, ServiceView, at_school, expose, school_here
from server.admin.drafts import field_of
from server.admin.forms import bar, may_edit, revision_of, title_of, url_of
from server.admin.posted import Posted
from server.admin.said import _, ngettext
from server.admin.workflows import url_of_point
from server.http.context import perform, tools
from server.http.rendering import locale
from server.kernel import yaml
from server.kernel.errors import Conflict, DefinitionRefused
from server.model.bundle import Bundle
from server.model.definition import target_of
from server.model.points import diff
from server.services.model import drafts, revisions, school_settings
from server.services.model.school_settings import Settings
from server.words import dates

_LONGEST_NOTE = 500
_FILE = "settings.yaml"


class PublishView(ServiceView):
    """The draft: what it changes, what of it does not hold, and the button that makes it count."""

    @expose("/")
    def show(self) -> ResponseReturnValue:
        """What publishing would change."""
        school = school_here()
        return self._page(school, perform(school_settings.settings, school_id=school.id))

    @expose("/", methods=("POST",))
    def publish(self) -> ResponseReturnValue:
        """Publish the draft that was looked at."""
        school = school_here()
        posted = Posted.of(request.form.lists())
        try:
            perform(
                drafts.publish,
                school_id=school.id,
                note=(posted.one("note") or "")[:_LONGEST_NOTE],
                revision=revision_of(posted),
            )
        except DefinitionRefused:
            shown = perform(school_settings.settings, school_id=school.id)
            return self._page(school, shown, status=422)
        except Conflict:
            flash(_changed_meanwhile(), "waiting")
            return redirect(at_school("admin_publish.show"), 303)
        flash(_("Published. New applications start with it."), "good")
        return redirect(at_school("admin_history.show"), 303)

    @expose("/drop", methods=("POST",))
    def drop(self) -> ResponseReturnValue:
        """Lay the draft aside."""
        school = school_here()
        posted = Posted.of(request.form.lists())
        try:
            perform(drafts.drop_draft, school_id=school.id, revision=revision_of(posted))
        except Conflict:
            flash(_changed_meanwhile(), "waiting")
        return redirect(at_school("admin_publish.show"), 303)

    @expose("/restore", methods=("POST",))
    def restore(self) -> ResponseReturnValue:
        """Draft an earlier state, or the model as it ships (number 0)."""
        school = school_here()
        written = request.form.get("seq", "")
        seq = int(written) if written.isdecimal() and len(written) < 10 else -1
        perform(drafts.restore, school_id=school.id, seq=seq)
        flash(_("It is the draft now. Nothing is published yet."), "note")
        return redirect(at_school("admin_publish.show"), 303)

    def _page(self, school: School, shown: Settings, *, status: int = 200) -> Response:
        return self.render(
            "admin/publish.html",
            status=status,
            page_title=_("Draft and publishing"),
            bar=bar(shown),
            groups=_grouped(shown, shown.in_force, shown.effective),
            troubles=_troubles(shown),
            may_edit=may_edit(school),
        )


class HistoryView(ServiceView):
    """Who published what and when, and the way back."""

    @expose("/")
    def show(self) -> ResponseReturnValue:
        """All published states, newest first, each with what it changed."""
        school = school_here()
        shown = perform(school_settings.settings, school_id=school.id)
        now = tools().clock.now()
        items = [
            {
                "seq": line.seq,
                "title": line.note or _("Settings published"),
                "when": dates.moment_near(line.at, now, school.zone, locale()),
                "who": line.author or _("by itself"),
                "current": line.state == "published",
                "release": line.release,
                "groups": _grouped(shown, before, after),
            }
            for line, before, after in perform(revisions.states, school_id=school.id)
        ]
        return self.render(
            "admin/history.html",
            page_title=_("History"),
            items=items,
            bar=bar(shown),
            may_edit=may_edit(school),
        )


class FileView(ServiceView):
    """The settings as a file: to keep, to compare, to carry to another school."""

    @expose("/")
    def show(self) -> ResponseReturnValue:
        """The file, and the place to send one."""
        school = school_here()
        return self._page(school, perform(school_settings.as_yaml, school_id=school.id))

    @expose("/settings.yaml")
    def download(self) -> ResponseReturnValue:
        """The file itself."""
        school = school_here()
        content = perform(school_settings.as_yaml, school_id=school.id)
        name = f"{school.slug}-settings.yaml"
        return Response(
            content,
            mimetype="application/yaml",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )

    @expose("/", methods=("POST",))
    def take(self) -> ResponseReturnValue:
        """Check a file or text; what can be read becomes the draft when it is asked for."""
        school = school_here()
        source = _source()
        spec, problems = perform(
            school_settings.read_yaml, school_id=school.id, source=source, file=_FILE
        )
        keep = request.form.get("act") == "keep"
        if spec is None or (problems and not keep) or request.form.get("act") == "check":
            status = 422 if problems else 200
            return self._page(
                school, _readable(source), problems=problems, readable=spec is not None,
                holds=not problems, status=status,
            )  # fmt: skip
        written = request.form.get("revision", "")
        revision = int(written) if written.isdecimal() and len(written) < 10 else 0
        try:
            shown = perform(
                drafts.save_draft,
                school_id=school.id,
                changes=spec.changes,
                revision=revision,
            )
        except Conflict as met:
            return self._page(school, _readable(source), met=met, status=409)
        count = len(shown.changes)
        said_ = ngettext("The file is the draft now: %(num)s change.",
                         "The file is the draft now: %(num)s changes.", count)  # fmt: skip
        flash(said_, "good")
        return redirect(at_school("admin_publish.show"), 303)

    def _page(
        self,
        school: School,
        source: str,
        *,
        problems: tuple[Any, ...] = (),
        readable: bool = False,
        holds: bool = False,
        met: Conflict | None = None,
        status: int = 200,
    ) -> Response:
        shown = perform(school_settings.settings, school_id=school.id)
        wrong = {one.place.line for one in problems if one.place is not None}
        lines = [
            {"number": number, "text": text, "wrong": number in wrong}
            for number, text in enumerate(source.split("\n"), 1)
            if _near(number, wrong)
        ]
        return self.render(
            "admin/file.html",
            status=status,
            page_title=_("Settings file"),
            source=source,
            lines=lines,
            remarks=said.remarks(problems, shown.shipped.origins),
            readable=readable,
            holds=holds,
            conflict={"by": met.facts.get("by") or _("Somebody else")} if met else None,
            bar=bar(shown),
            may_edit=may_edit(school),
        )


def _changed_meanwhile() -> str:
    return _("Somebody changed the draft meanwhile, so nothing was done. Look at it once more.")


def _grouped(shown: Settings, before: Bundle, after: Bundle) -> list[dict[str, Any]]:
    """What differs, under the name of the form, workflow or consent it stands in."""
    groups: dict[str, dict[str, Any]] = {}
    for found in diff(before, after):
        target = target_of(found.at)
        group = groups.setdefault(
            target,
            {"title": title_of(shown, target), "url": url_of(shown, target), "lines": []},
        )
        group["lines"].append(said.difference(found))
    return list(groups.values())


def _troubles(shown: Settings) -> list[dict[str, Any]]:
    """What does not hold, with the way to where it is mended."""
    return [
        {
            "remark": said.remark(problem, shown.shipped.origins),
            "title": title_of(shown, target_of(problem.at)),
            "url": _way_to(shown, problem.at),
        }
        for problem in shown.problems
    ]


def _way_to(shown: Settings, at: str) -> str:
    """To the very question or step that is to be mended, as near as a page has it."""
    target, question = target_of(at), field_of(at)
    if target in shown.shipped.forms and question:
        return at_school(
            "admin_forms.edit", form_id=target, open=question, _anchor=f"limit-{question}"
        )
    return url_of_point(shown, at) or url_of(shown, target)


def _source() -> bytes:
    """The uploaded file, else the text of the box; one byte more than allowed tells too much."""
    sent = request.files.get("file")
    if sent is not None and sent.filename:
        return sent.stream.read(yaml.MAX_BYTES + 1)
    return request.form.get("source", "").replace("\r\n", "\n").encode()


def _readable(source: bytes) -> str:
    """The text to mend; nothing of a file that is none, such as a picture."""
    try:
        words = source[: yaml.MAX_BYTES].decode()
    except UnicodeDecodeError as error:
        # A letter cut in two at the very end is no reason to lose the rest.
        words = source[: error.start].decode() if error.start > yaml.MAX_BYTES - 4 else ""
    return "" if "\0" in words else words


def _near(number: int, wrong: set[int]) -> bool:
    return any(abs(number - one) <= 2 for one in wrong)
