"""People and roles: who works in a school, giving and ending a role, locking somebody out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from server.access.policy import Permission, Thing, allowed
from server.admin.base import School, ServiceView, at_school, expose, school_here
from server.admin.said import _, ngettext
from server.http import sessions
from server.http.context import current_actor, perform, tools
from server.http.errors import sentence_of
from server.http.rendering import locale
from server.kernel.contacts import parse_contact
from server.kernel.errors import NotFound, Refused
from server.kernel.ids import parse_id
from server.services import records
from server.services.accounts import colleagues, people
from server.services.accounts.colleagues import Colleague, Role
from server.words import dates
from server.words.speech import N_

ROLES: Mapping[str, str] = {
    "partner_admin": N_("partner’s administrator"),
    "coordinator": N_("coordinator"),
    "cycle_lead": N_("cycle lead"),
    "curator": N_("municipal representative"),
    "tutor": N_("tutor"),
}
# What somebody with the role can do here, beside the choice of a role.
_ROOM: Mapping[str, str] = {
    "partner_admin": N_("changes forms and deadlines, gives and ends roles"),
    "coordinator": N_("invites families and decides on applications"),
    "cycle_lead": N_("the same as a coordinator, and leads a cycle"),
    "curator": N_("looks on in one municipality and decides nothing"),
    "tutor": N_("goes along with pairs; has no desk yet"),
}


class PeopleView(ServiceView):
    """Who works in the school, and in which role."""

    needs = Permission.PEOPLE_READ

    @expose("/")
    def index(self) -> ResponseReturnValue:
        """Everybody who holds a role today or soon, and those whose roles are over."""
        school = school_here()
        places = _places(school)
        found = sorted(_colleagues(school), key=lambda one: one.name or "")
        here = [_line(one, one.lasting, places) for one in found if one.lasting]
        former = [_line(one, one.roles, places) for one in found if not one.lasting]
        return self.render(
            "admin/people.html",
            page_title=_("People and roles"),
            people=here,
            former=former,
            former_title=ngettext(
                "Roles are over: %(num)s person", "Roles are over: %(num)s people", len(former)
            ),
            appoint_url=at_school("admin_people.appoint") if _may_edit(school) else "",
        )

    @expose("/<uuid:person_id>")
    def show(self, person_id: UUID) -> ResponseReturnValue:
        """One colleague: roles with their dates, and what may be done about them."""
        return self._page(person_id)

    @expose("/role/<uuid:position_id>/end", methods=("POST",))
    def end(self, position_id: UUID) -> ResponseReturnValue:
        """End a role now, or after its last day."""
        who = _holder_of(position_id)
        try:
            if request.form.get("when") == "later":
                perform(colleagues.end_role_after, position_id=position_id, last_day=_day("last"))
            else:
                perform(colleagues.end_role, position_id=position_id)
                return self._after(who, _("The role has ended. This person was signed out here."))
        except Refused as refusal:
            if who is None:
                raise
            return self._page(who, wrong=(f"last-{position_id}", sentence_of(refusal)))
        return self._after(who, _("The role ends after that day by itself."))

    @expose("/<uuid:person_id>/lock", methods=("POST",))
    def lock(self, person_id: UUID) -> ResponseReturnValue:
        """Shut a colleague out."""
        try:
            perform(colleagues.lock, person_id=person_id)
        except Refused as refusal:
            return self._page(person_id, wrong=("lock", sentence_of(refusal)))
        return self._after(person_id, _("Locked out: nothing here opens to this person any more."))

    @expose("/<uuid:person_id>/unlock", methods=("POST",))
    def unlock(self, person_id: UUID) -> ResponseReturnValue:
        """Let a colleague in again."""
        perform(colleagues.unlock, person_id=person_id)
        return self._after(person_id, _("This person can sign in here again."))

    @expose("/new", methods=("GET", "POST"))
    def appoint(self) -> ResponseReturnValue:
        """Give somebody a role; a letter brings them the way to a password."""
        school = school_here()
        if not _may_edit(school):
            self.inaccessible_callback("appoint")
        wrong: dict[str, str] = {}
        if request.method == "POST":
            wrong, person_id = _wrong_in_form(), None
            try:
                if not wrong:
                    person_id = _appoint(school)
            except Refused as refusal:
                field = {"role_unknown": "role", "place_needed": "place"}.get(
                    str(refusal.facts.get("reason")), "email"
                )
                wrong = {field: sentence_of(refusal)}
            if person_id is not None:
                # The same for everybody: whether the address had an account is not for telling.
                flash(_("The role is given. A letter tells them of it."), "good")
                return redirect(at_school("admin_people.show", person_id=person_id), 303)
        return self.render(
            "admin/appoint.html",
            status=422 if wrong else 200,
            page_title=_("Give a role"),
            back_url=at_school("admin_people.index"),
            errors=[{"name": name, "label": "", "text": said} for name, said in wrong.items()],
            fields=_fields(school, wrong),
        )

    def _after(self, person_id: UUID | None, words: str) -> ResponseReturnValue:
        if person_id is None or person_id == current_actor().person_id:
            # One's own session ended with the role: nothing of it may be written anew.
            sessions.end()
            return redirect(url_for("security.login"), 303)
        flash(words, "good")
        return redirect(at_school("admin_people.show", person_id=person_id), 303)

    def _page(self, person_id: UUID, wrong: tuple[str, str] | None = None) -> ResponseReturnValue:
        school = school_here()
        found = next((one for one in _colleagues(school) if one.person_id == person_id), None)
        if found is None:
            raise NotFound(what="person")
        places = _places(school)
        now, zone = tools().clock.now(), school.zone
        locked = found.locked_at
        return self.render(
            "admin/person.html",
            status=422 if wrong else 200,
            page_title=found.name or _("erased"),
            back_url=at_school("admin_people.index"),
            colleague=found,
            roles=[{**_role(one, places), **_ending(one, wrong)} for one in found.lasting],
            past=[_role(one, places) for one in found.roles if one.state == "over"],
            locked_when=dates.moment_near(locked, now, zone, locale()) if locked else "",
            may_edit=_may_edit(school),
            errors=_summary(wrong),
            lock_url=at_school("admin_people.lock", person_id=person_id),
            unlock_url=at_school("admin_people.unlock", person_id=person_id),
        )


def _colleagues(school: School) -> tuple[Colleague, ...]:
    return perform(colleagues.colleagues, school_id=school.id)


def _places(school: School) -> dict[UUID, str]:
    return dict(perform(records.places_of, school_id=school.id))


def _may_edit(school: School) -> bool:
    return allowed(current_actor(), Permission.PEOPLE_EDIT, Thing(school.id))


def _holder_of(position_id: UUID) -> UUID | None:
    """Whose role it is, among those of this page; the service says what may be done about it."""
    held = ((role.id, one.person_id) for one in _colleagues(school_here()) for role in one.roles)
    return dict(held).get(position_id)


def _line(one: Colleague, roles: tuple[Role, ...], places: Mapping[UUID, str]) -> dict[str, Any]:
    return {
        "name": one.name or _("erased"),
        "contact": one.contact or "",
        "roles": [_role(role, places) for role in roles],
        "locked": one.locked_at is not None,
        "is_me": one.is_me,
        "url": at_school("admin_people.show", person_id=one.person_id),
    }


def _role(role: Role, places: Mapping[UUID, str]) -> dict[str, str]:
    name = _(ROLES[role.role]) if role.role in ROLES else role.role
    place = places.get(role.municipality_id, "") if role.municipality_id else ""
    since = dates.day_in_digits(role.since, locale())
    when = _("since %(since)s", since=since)
    if role.until is not None:
        until = dates.day_in_digits(role.until, locale())
        when = _("from %(since)s to %(until)s", since=since, until=until)
    by = _("ended by: %(name)s", name=role.ended_by) if role.ended_by else ""
    return {"name": f"{name} ({place})" if place else name, "when": when, "by": by}


def _ending(role: Role, wrong: tuple[str, str] | None) -> dict[str, Any]:
    """The form under a role by which it ends."""
    name = f"last-{role.id}"
    said = [wrong[1]] if wrong is not None and wrong[0] == name else []
    typed = {part: request.form.get(f"last-{part}", "") for part in ("day", "month", "year")}
    return {
        "id": str(role.id),
        "end_url": at_school("admin_people.end", position_id=role.id),
        "wrong": said,
        "typed": typed if said else {},
        "later": request.form.get("when") == "later" and bool(said),
    }


def _day(name: str) -> date:
    """A day typed in three boxes.

    :raises Refused: when it is no day.
    """
    parts = [request.form.get(f"{name}-{part}", "").strip() for part in ("year", "month", "day")]
    try:
        return date(*(int(part) for part in parts))
    except ValueError:
        raise Refused(reason="no_such_day") from None


def _typed(name: str) -> str:
    return request.form.get(name, "").strip()


def _wrong_in_form() -> dict[str, str]:
    """All that is seen to be wrong at once, by field; the service refuses it again, one by one."""
    wrong: dict[str, Refused] = {}
    if len(_typed("name")) < 2:
        wrong["name"] = Refused(reason="name_needed")
    try:
        if parse_contact(_typed("email")).kind != "mail":
            wrong["email"] = Refused(reason="mail_wrong")
    except Refused as refusal:
        wrong["email"] = refusal
    role = _typed("role")
    if role not in people.STAFF_ROLES:
        wrong["role"] = Refused(reason="role_unknown" if role else "role_needed")
    if role in people.PLACED_ROLES and not _typed("place"):
        wrong["place"] = Refused(reason="place_needed")
    return {field: sentence_of(refusal) for field, refusal in wrong.items()}


def _appoint(school: School) -> UUID:
    return perform(
        people.add_and_appoint,
        school_id=school.id,
        name=_typed("name")[:200],
        email=_typed("email"),
        role=_typed("role"),
        since=tools().clock.now().date(),
        municipality_id=parse_id(_typed("place")),
        locale=locale(),
    )


def _fields(school: School, wrong: Mapping[str, str]) -> list[dict[str, Any]]:
    def field(name: str, type_: str, label: str, **more: Any) -> dict[str, Any]:
        errors = [wrong[name]] if name in wrong else []
        value = request.form.get(name, "")
        return {"name": name, "type": type_, "label": label, "required": True,
                "value": value, "errors": errors, **more}  # fmt: skip

    everywhere = [("", _("The whole school"))]
    places = [(str(one), name) for one, name in _places(school).items()]
    return [
        field("name", "person_name", _("Surname and name")),
        field("email", "email", _("Mail address"), autocomplete="off",
              help=_("A letter about the role goes there.")),
        field("role", "one_of", _("Role"),
              choices=[(one, f"{_(ROLES[one])}: {_(_ROOM[one])}") for one in people.STAFF_ROLES]),
        field("place", "select", _("Where"), choices=[*everywhere, *places],
              help=_("A municipal representative needs a municipality here.")),
    ]  # fmt: skip


def _summary(wrong: tuple[str, str] | None) -> list[dict[str, str]]:
    return [{"name": wrong[0], "label": "", "text": wrong[1]}] if wrong is not None else []
