"""Loading the demo: partners and their people first, then every family along a time line."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from server.access.actors import SHELL, Actor, Holding
from server.demo import cast
from server.demo.timeline import Timeline
from server.gateways.message import Message
from server.model.definition import SettingsSpec
from server.runtime import Runtime
from server.services.accounts import people
from server.services.accounts.passwords import hash_password
from server.services.accounts.tokens import issue_token
from server.services.model import drafts, releases
from server.services.unit_of_work import Tools
from server.store import schools, tenancy

PASSWORD = "demo-mentor-2026"  # noqa: S105 - of invented people, and printed for whoever runs the demo
PLATFORM = "mentor-school"
PLATFORM_SCOPES = (
    "definitions:read",
    "definitions:write",
    "tenants:write",
    "people:read",
    "people:write",
)
SCHOOL_SCOPES = (
    "settings:read",
    "settings:write",
    "definitions:read",
    "people:read",
    "cases:read",
    "cases:write",
    "tasks:read",
    "tasks:write",
    "evidence:read",
)


def load(runtime: Runtime) -> None:
    """Fill an empty database with the demo and write DATA/demo.json; a full one stays as it is.

    One transaction: whoever is killed midway leaves nothing, and the next start loads it all.
    """
    written = _Written(runtime)
    past: list[Message] = []
    with runtime.tools.database.in_one() as database:
        tools = replace(runtime.tools, database=database)
        with tools.begin(SHELL) as work:
            releases.load_shipped(work)
            known = {row.slug for row in tenancy.all_tenants(work.session)}
        accounts: list[dict[str, Any]] = []
        tokens: list[dict[str, Any]] = []
        password = hash_password(PASSWORD)
        if PLATFORM not in known:
            _platform(tools, password, accounts, tokens)
        for partner in cast.PARTNERS:
            if partner.slug not in known:
                _partner(tools, partner, password, accounts, tokens, past.append)
        if accounts:
            written.prepare(accounts, tokens)
    written.put_in_place()
    if runtime.settings.sandbox:
        # Only now: a load that was killed must leave no letters of people who are not there. To
        # real gateways they never go, who are invented.
        for message in past:
            runtime.gateways.send(message)


def _platform(
    tools: Tools, password: str, accounts: list[dict[str, Any]], tokens: list[dict[str, Any]]
) -> None:
    with tools.begin(SHELL) as work:
        tenant = people.add_tenant(work, slug=PLATFORM, name="Mentor School", platform=True)
    owner = cast.PLATFORM
    with tools.begin(SHELL, tenant) as work:
        person = people.add_colleague(
            work, name=owner.name, email=owner.login, password_hash=password
        )
        token = issue_token(work, name="demo platform", scopes=PLATFORM_SCOPES, person_id=person)
    accounts.append(_account(owner, PLATFORM, None))
    tokens.append({"name": "platform", "token": token, "scopes": list(PLATFORM_SCOPES)})


def _partner(
    tools: Tools,
    partner: cast.Partner,
    password: str,
    accounts: list[dict[str, Any]],
    tokens: list[dict[str, Any]],
    post: Callable[[Message], None],
) -> None:
    now = tools.clock.now()
    with tools.begin(SHELL) as work:
        tenant = people.add_tenant(work, slug=partner.slug, name=partner.facts["name"])
    with tools.begin(SHELL, tenant) as work:
        people.describe_partner(work, facts=partner.facts)
        start = (now - timedelta(days=40)).date()
        school_id = people.add_school(
            work,
            facts={
                **partner.school,
                "cycle_start": start,
                "cycle_end": start + timedelta(days=240),
                "opening_on": (now + timedelta(days=8)).date(),
            },
            places=partner.places,
        )
        places = {row.slug: row.id for row in schools.municipalities(work.session, school_id)}
    staff: dict[str, list[Actor]] = {}
    for colleague in partner.staff:
        actor = _appoint(tools, tenant, school_id, places, colleague, password, start)
        staff.setdefault(colleague.role, []).append(actor)
        accounts.append(_account(colleague, partner.slug, partner.school["slug"]))
    admin = staff["partner_admin"][0]
    with tools.begin(SHELL, tenant) as work:
        assert admin.person_id is not None
        coordinator = staff["coordinator"][0].person_id
        assert coordinator is not None
        for name, person in (("admin", admin.person_id), ("coordinator", coordinator)):
            token = issue_token(
                work,
                name=f"demo {name}",
                scopes=SCHOOL_SCOPES,
                person_id=person,
                school_id=school_id,
            )
            tokens.append(
                {
                    "name": f"{partner.school['slug']} {name}",
                    "token": token,
                    "school": str(school_id),
                    "scopes": list(SCHOOL_SCOPES),
                }
            )
    timeline = Timeline(
        tools=tools,
        tenant_id=tenant,
        school_id=school_id,
        places=[places[slug] for slug, _ in partner.places],
        coordinators=staff["coordinator"],
        phone=partner.phone,
        post=post,
    )
    _adapt(tools, admin, school_id, partner)
    timeline.play(cast.FAMILIES)


def _appoint(
    tools: Tools,
    tenant: UUID,
    school_id: UUID,
    places: dict[str, UUID],
    colleague: cast.Colleague,
    password: str,
    since: date,
) -> Actor:
    with tools.begin(SHELL, tenant) as work:
        person = people.add_colleague(
            work, name=colleague.name, email=colleague.login, password_hash=password
        )
        place = places[colleague.place] if colleague.place else None
        people.appoint(
            work,
            person_id=person,
            school_id=school_id,
            role=colleague.role,
            since=since,
            municipality_id=place,
        )
    held = Holding(colleague.role, school_id, place)
    return Actor(kind="staff", tenant_id=tenant, person_id=person, holdings=(held,))


def _adapt(tools: Tools, admin: Actor, school_id: UUID, partner: cast.Partner) -> None:
    """Publish what the partner changed, forty days ago: every case of the demo runs it."""
    if not partner.changes:
        return
    spec = SettingsSpec.model_validate(
        {
            "settings": partner.school["slug"],
            "model": "1.0",
            "variant": partner.school["variant"],
            "changes": partner.changes,
        }
    )
    with tools.begin(admin) as work:
        work.now = tools.clock.now() - timedelta(days=38)
        drafts.publish(
            work, school_id=school_id, changes=spec.changes, note="Настройка к началу цикла"
        )


def _account(colleague: cast.Colleague, tenant: str, school: str | None) -> dict[str, Any]:
    return {
        "login": colleague.login,
        "password": PASSWORD,
        "role": colleague.role,
        "name": colleague.name,
        "partner": tenant,
        "school": school,
    }


class _Written:
    """DATA/demo.json: the only place where the demo's tokens can be read.

    Written before the commit and put in place after it, so that no moment to be killed in loses
    the tokens of a demo that is loaded.
    """

    def __init__(self, runtime: Runtime) -> None:
        self._base_url = runtime.settings.base_url
        self._file = runtime.settings.data.demo
        self._fresh = self._file.with_suffix(".new")

    def prepare(self, accounts: list[dict[str, Any]], tokens: list[dict[str, Any]]) -> None:
        """Write it beside its place."""
        written = {
            "accounts": accounts,
            "tokens": tokens,
            "school_links": [f"{self._base_url}/go/{p.school['slug']}" for p in cast.PARTNERS],
            "outbox": f"{self._base_url}/_outbox",
        }
        handle = os.open(self._fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            json.dump(written, stream, ensure_ascii=False, indent=2)

    def put_in_place(self) -> None:
        """Now the demo is there; also where the process that loaded it did not come so far."""
        if self._fresh.exists():
            self._fresh.replace(self._file)
