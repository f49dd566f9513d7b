"""Partners, people and tokens from the shell of the server."""

from __future__ import annotations

import json
import os
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import click

from server import settings
from server.access.actors import SHELL
from server.cli import speaking
from server.kernel.errors import NotFound
from server.runtime import Runtime, build
from server.words.speech import N_

if TYPE_CHECKING:
    from server.services.accounts.tokens import Token

_FACTS = (
    "name", "legal_name", "kind", "address", "inn", "ogrn", "processor_name",
    "processor_address", "contact_name", "contact_phone", "contact_hours",
)  # fmt: skip


@click.group(help=N_("Add partners."))
def tenant() -> None:
    pass


@tenant.command("add", help=N_("Add a partner and its school from a YAML file."))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help=N_("Print data for programs."))
def add_tenant(file: Path, as_json: bool) -> None:
    from server.services.accounts import people
    from server.services.model import releases

    written = _read(file)
    runtime = build(settings.load(os.environ))
    tools = runtime.tools
    with tools.begin(SHELL) as work:
        releases.load_shipped(work)
        slug, name = written["slug"], written["partner"]["name"]
        tenant_id = people.add_tenant(work, slug=slug, name=name)
    partner, school = written["partner"], written["school"]
    with tools.begin(SHELL, tenant_id) as work:
        people.describe_partner(work, facts={key: partner[key] for key in _FACTS})
        places = [(one["slug"], one["name"]) for one in school.pop("places", [])]
        for key in ("cycle_start", "cycle_end"):
            school[key] = date.fromisoformat(school[key])
        school_id = people.add_school(work, facts=school, places=places)
    runtime.close()
    if as_json:
        _print({"tenant": tenant_id, "school": school_id, "slug": school["slug"]})
    else:
        address = f"{tools.base_url}/go/{school['slug']}"
        speaking.say(N_("Added. The school's link: %(address)s"), address=address)


@click.group(help=N_("Add people with an account."))
def user() -> None:
    pass


@user.command("add", help=N_("Add someone of staff; they set a password by the reset letter."))
@click.option("--partner", required=True, help=N_("The partner's short name."))
@click.option("--school", required=True, help=N_("The school's short name."))
@click.option("--name", required=True, help=N_("Surname and name."))
@click.option("--email", required=True, help=N_("The mail address they sign in with."))
@click.option("--role", required=True, help=N_("Such as coordinator or partner_admin."))
@click.option("--place", help=N_("Limits the role to one municipality, by its short name."))
@click.option("--json", "as_json", is_flag=True, help=N_("Print data for programs."))
def add_user(
    partner: str, school: str, name: str, email: str, role: str, place: str | None, as_json: bool
) -> None:
    from server.services.accounts import people
    from server.store import schools

    runtime = build(settings.load(os.environ))
    tenant_id = _tenant(runtime, partner)
    with runtime.tools.begin(SHELL, tenant_id) as work:
        row = schools.school_by_slug(work.session, school)
        if row is None:
            raise NotFound(what="school")
        here = {one.slug: one.id for one in schools.municipalities(work.session, row.id)}
        if place is not None and place not in here:
            raise NotFound(what="place")
        person = people.add_and_appoint(
            work,
            school_id=row.id,
            name=name,
            email=email,
            role=role,
            since=work.now.date(),
            municipality_id=here[place] if place else None,
        )
    runtime.close()
    if as_json:
        _print({"person": person})
    else:
        address = f"{runtime.tools.base_url}/password/reset"
        speaking.say(N_("Added. They set a password here: %(address)s"), address=address)


@click.group(help=N_("Tokens of programs that use the API: make, list, revoke."))
def token() -> None:
    pass


@token.command("create", help=N_("Make a token; it is shown once and kept only as a hash."))
@click.option("--partner", required=True, help=N_("The partner's short name."))
@click.option("--email", required=True, help=N_("As whom it acts: the account's mail address."))
@click.option("--name", required=True, help=N_("What it is for."))
@click.option("--scope", "scopes", multiple=True, required=True, help=N_("Such as tasks:read."))
@click.option("--json", "as_json", is_flag=True, help=N_("Print data for programs."))
def create_token(
    partner: str, email: str, name: str, scopes: tuple[str, ...], as_json: bool
) -> None:
    from server.services.accounts import tokens
    from server.store import tenancy

    runtime = build(settings.load(os.environ))
    tenant_id = _tenant(runtime, partner)
    with runtime.tools.begin(SHELL, tenant_id) as work:
        account = tenancy.account_by_email(work.session, email)
        held = tenancy.memberships_of(work.session, account.id) if account else []
        mine = next((one for one in held if one.tenant_id == tenant_id), None)
        if mine is None:
            raise NotFound(what="account")
        made = tokens.issue_token(work, name=name, scopes=scopes, person_id=mine.person_id)
    runtime.close()
    if as_json:
        _print({"token": made})
    else:
        click.echo(made)


@token.command("list", help=N_("Name, rights and state of a partner’s tokens; never the tokens."))
@click.option("--partner", required=True, help=N_("The partner's short name."))
@click.option("--json", "as_json", is_flag=True, help=N_("Print data for programs."))
def list_tokens(partner: str, as_json: bool) -> None:
    from server.services.accounts import tokens

    runtime = build(settings.load(os.environ))
    with runtime.tools.begin(SHELL, _tenant(runtime, partner)) as work:
        found = tokens.tokens(work)
    runtime.close()
    if as_json:
        click.echo(json.dumps([_told(one) for one in found], ensure_ascii=False))
        return
    if not found:
        speaking.say(N_("There are no tokens."))
    for one in found:
        facts = {"id": one.id, "name": one.name, "rights": " ".join(one.scopes)}
        if one.revoked_at is not None:
            speaking.say(N_("%(id)s  revoked  %(name)s: %(rights)s"), **facts)
        else:
            speaking.say(N_("%(id)s  in use  %(name)s: %(rights)s"), **facts)


@token.command("revoke", help=N_("Revoke a token: it is refused from the next request on."))
@click.option("--partner", required=True, help=N_("The partner's short name."))
@click.argument("token_id", type=click.UUID)
def revoke_token(partner: str, token_id: UUID) -> None:
    from server.services.accounts import tokens

    runtime = build(settings.load(os.environ))
    with runtime.tools.begin(SHELL, _tenant(runtime, partner)) as work:
        tokens.revoke_token(work, token_id=token_id)
    runtime.close()
    speaking.say(N_("Revoked."))


def _told(one: Token) -> dict[str, Any]:
    moments = ("created_at", "last_used_at", "revoked_at")
    said = {name: held.isoformat() for name in moments if (held := getattr(one, name)) is not None}
    return {
        "id": str(one.id),
        "name": one.name,
        "acts_as": one.person,
        "scopes": list(one.scopes),
        **{name: said.get(name) for name in moments},
    }


def _tenant(runtime: Runtime, slug: str) -> UUID:
    from server.store import tenancy

    with runtime.tools.begin(SHELL) as work:
        row = tenancy.tenant_by_slug(work.session, slug)
    if row is None:
        raise NotFound(what="tenant")
    return row.id


def _read(file: Path) -> dict[str, Any]:
    from server.kernel import yaml
    from server.kernel.errors import DefinitionRefused

    document = yaml.load(file.read_bytes(), file=str(file))
    if isinstance(document, list):
        raise DefinitionRefused(problems=tuple(document))
    missing = [key for key in ("slug", "partner", "school") if key not in document.data]
    missing += [f"partner.{key}" for key in _FACTS if key not in document.data.get("partner", {})]
    if missing:
        raise click.UsageError(f"{file}: {', '.join(missing)}?")
    found: dict[str, Any] = json.loads(json.dumps(document.data))
    return found


def _print(data: dict[str, object]) -> None:
    click.echo(json.dumps({key: str(value) for key, value in data.items()}, ensure_ascii=False))
