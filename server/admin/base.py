"""Flask-Admin under our own rules: what a view may show is asked of a service, what it may change
goes through one.

What Flask-Admin 2.2.1 leaves open is closed here once (STACK.md, section 5):

1. content policy: no page carries an inline handler, none of its scripts are loaded, its folder of
   old libraries is not served;
2. no modal windows;
3. CSRF: forms are our own and checked before any view, like all others of the product;
4. sessions: no view holds one, every query is a service's, in the actor's tenant;
5. lists name their columns; the routes that would write are not there at all.
"""

from __future__ import annotations

from abc import ABCMeta, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar, cast

from flask import Flask, Response, g, request, url_for
from flask_admin import Admin, BaseView
from flask_admin import expose as _expose
from flask_admin.base import AdminIndexView, AdminViewMeta
from flask_admin.model import BaseModelView
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from wtforms import Form

from server.access.actors import Actor
from server.access.policy import Permission, Thing, allowed
from server.http.context import current_actor, perform, staff
from server.http.rendering import locale, page
from server.http.security import csp_nonce
from server.kernel.errors import NotAllowed, NotFound
from server.kernel.text import Text
from server.services.accounts import people
from server.store import schools

School = schools.School
View = TypeVar("View", bound=Callable[..., Any])


def expose(rule: str = "/", methods: Sequence[str] = ("GET",)) -> Callable[[View], View]:
    """Give a view its address below the admin's; the library's own, with types."""
    return cast(Callable[[View], View], _expose(rule, methods))


class Guarded:
    """What every view of the admin shares: whom it is for, and how its pages are drawn."""

    needs: Permission = Permission.SETTINGS_READ
    admin: Admin
    endpoint: str

    def is_accessible(self) -> bool:
        """Whether the menu shows it to this actor."""
        return may(current_actor(), self.needs)

    def inaccessible_callback(self, name: str, **_facts: Any) -> None:
        """Refuse like any service does.

        :raises NotAllowed: always.
        """
        raise NotAllowed(permission=self.needs.name, view=name)

    def _run_view(self, view: Callable[..., Any], *args: Any, **facts: Any) -> Any:
        # Not the library's own: it calls a view once more when it raised a TypeError.
        return view(self, *args, **facts)

    def render(self, template: str, **facts: Any) -> Response:
        """A page of the staff's layout with the admin's menu on it."""
        return page(
            template,
            **{
                "admin_view": self,
                "admin_base_template": self.admin.theme.base_template,
                "csp_nonce": csp_nonce(),
                "get_url": url_for,
                "menu": self.menu_lines(),
                "school": _head_here(),
                **facts,
            },
        )

    def menu_lines(self) -> list[dict[str, Any]]:
        """The lines of the menu this actor may open: first those without a group."""
        groups: dict[str, list[dict[str, Any]]] = {"": []}
        for item in self.admin.menu():
            name = str(item.name) if item.is_category() else ""
            for one in item.get_children() if item.is_category() else [item]:
                if one.is_accessible() and one.is_visible():
                    groups.setdefault(name, []).append(self._line(one))
        return [{"group": name, "lines": lines} for name, lines in groups.items() if lines]

    def _line(self, item: Any) -> dict[str, Any]:
        view = item._view
        return {
            "label": item.name,
            "url": at_school(f"{view.endpoint}.{view._default_view}"),
            "current": item.is_active(self),
        }


class ServiceView(Guarded, BaseView):
    """A view of our own pages."""


class ServiceIndex(Guarded, AdminIndexView):
    """The first page; the library's own files are not served beside it."""

    def __init__(self, **facts: Any) -> None:
        super().__init__(**facts)
        self.static_folder = None


class _Abstract(ABCMeta, AdminViewMeta):
    """The library's kind of views, where what is abstract must be written before one is made."""


class ServiceList(Guarded, BaseModelView, metaclass=_Abstract):
    """A read-only list whose rows a service gives; a row is looked up among those alone.

    `columns` names what is shown. There is no form behind it: the routes that would write are
    taken out before the library makes its blueprint.
    """

    can_create = can_edit = can_delete = can_export = False
    can_view_details = True
    list_template = "admin/list.html"
    details_template = "admin/row.html"
    columns: Sequence[str] = ()
    labels: Mapping[str, Any] = {}
    lead: Any = ""
    empty: Any = lazy_gettext("There is nothing here yet.")
    page_size = 50
    _READING = ("index_view", "details_view")

    def __init__(self, **facts: Any) -> None:
        self.column_list = self.column_details_list = list(self.columns)
        self.column_labels = dict(self.labels)
        super().__init__(object, **facts)

    @abstractmethod
    def rows(self) -> Sequence[Mapping[str, Any]]:
        """All rows the actor may see, each with an `id`; asked of a service."""

    def create_blueprint(self, admin: Admin) -> Any:
        """The blueprint with the routes for reading alone."""
        routes = cast(Any, type(self))._urls
        self._urls = [route for route in routes if route[1] in self._READING]
        return super().create_blueprint(admin)

    def get_list(self, page: int | None, *_asked: Any, page_size: int | None = None, **_more: Any
                 ) -> tuple[int, Sequence[Mapping[str, Any]]]:  # fmt: skip
        """One page of the rows, and how many there are."""
        found, size = self.rows(), page_size or self.page_size
        first = max(0, page or 0) * size
        return len(found), found[first : first + size]

    def get_one(self, id: str) -> Mapping[str, Any]:
        """A row by its id, among those the actor may see.

        :raises NotFound: for a foreign row as for one that is not there.
        """
        found = next((row for row in self.rows() if str(row["id"]) == id), None)
        if found is None:
            raise NotFound(what=self.endpoint)
        return found

    def get_pk_value(self, model: Mapping[str, Any]) -> str:
        """The id of a row."""
        return str(model["id"])

    def _get_field_value(self, model: Mapping[str, Any], name: str) -> Any:
        return model.get(name, "")

    def scaffold_list_columns(self) -> list[str]:
        """The columns that are named, and no others."""
        return list(self.columns)

    def scaffold_sortable_columns(self) -> dict[str, str]:
        """None: the service's order is the one that means something."""
        return {}

    def init_search(self) -> bool:
        """There is no search: sealed names are found on the desk, by exact surname."""
        return False

    def scaffold_form(self) -> Any:
        """An empty form: nothing is changed here."""
        return Form

    def scaffold_list_form(self, *_asked: Any, **_more: Any) -> Any:
        """The same for a row."""
        return Form


def may(actor: Actor, needed: Permission) -> bool:
    """Whether an actor has a permission anywhere."""
    things = [Thing(held.school_id) for held in actor.holdings] or [Thing()]
    return any(allowed(actor, needed, thing) for thing in things)


def school_here() -> School:
    """The school of this page: the one its address names, else the first of the actor's.

    :raises NotFound: when the address names none of the actor's, or there is none.
    """
    seen = schools_here()
    wanted = request.args.get("school")
    found = next((one for one in seen if wanted in (None, one.slug)), None)
    if found is None:
        raise NotFound(what="school")
    return found


def schools_here() -> list[School]:
    """All schools whose settings the actor may read; asked once in a request."""
    if "admin_schools" not in g:
        g.admin_schools = perform(people.schools_seen)
    return list(g.admin_schools)


def at_school(endpoint: str, **values: Any) -> str:
    """The address of a page, at the school of this one."""
    wanted = request.args.get("school")
    if wanted:
        values["school"] = wanted
    return url_for(endpoint, **values)


def head_of(school: School) -> dict[str, str]:
    """A school as the layout shows it."""
    here = staff()
    return {
        "title": Text(school.title).in_(locale()),
        "partner_name": here.tenant_name if here else "",
        "initials": school.initials,
    }


def _head_here() -> dict[str, str]:
    """The school of this page; the platform's own people have none."""
    if not may(current_actor(), Permission.SETTINGS_READ):
        return {"title": _("Mentoring school"), "partner_name": "", "initials": "MS"}
    return head_of(school_here())


def doors_of(app: Flask, admin: Admin, declare: Callable[..., None]) -> None:
    """Put the staff's door before every route of the admin."""
    for view in cast(Sequence[Any], admin._views):
        declare(app, f"{view.endpoint}.*", "staff", view.needs)
