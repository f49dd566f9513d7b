"""People as the product knows them: made with a key, opened by name, found by blind index."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any, cast
from uuid import UUID

from server.consents.signers import months_of_14_and_18
from server.kernel.contacts import Contact
from server.kernel.ids import new_id
from server.kernel.marks import blind_index, name_and_birth_index, name_index
from server.services.unit_of_work import UnitOfWork
from server.store import people


def contact_index(work: UnitOfWork, contact: Contact) -> bytes:
    """By what an exact contact is found again in this tenant."""
    return blind_index(work.index_key("contact"), contact.normal)


def new_person(
    work: UnitOfWork,
    *,
    kind: str,
    locale: str,
    name: str | None = None,
    birth: date | None = None,
    contact: Contact | None = None,
) -> people.Person:
    """Somebody new, sealed under a key of their own."""
    row = people.Person(
        id=new_id(),
        tenant_id=work.tenant_id,
        kind=kind,
        sealed=b"",
        locale=locale,
        created_at=work.now,
    )
    work.keyring.create(row.id)
    work.proofs.create(row.id)
    write(work, row, _content(name, birth, contact))
    work.session.add(row)
    work.session.flush()
    return row


def read(work: UnitOfWork, row: people.Person) -> dict[str, Any]:
    """What is known of a person: name, birth, contact; nothing once they were erased."""
    if not work.keyring.knows(row.id):
        return {}
    opened = work.keyring.open(row.sealed, table="person", row=row.id, subject=row.id)
    return cast(dict[str, Any], opened)


def write(work: UnitOfWork, row: people.Person, content: dict[str, Any]) -> None:
    """Seal what is known of a person, and set the indexes it is found by."""
    row.sealed = work.keyring.seal(content, table="person", row=row.id, subject=row.id)
    name, birth, contact = content.get("name"), content.get("birth"), content.get("contact")
    if contact:
        known = Contact(contact["kind"], contact["value"])
        row.contact_index = contact_index(work, known)
    if name:
        row.surname_index = name_index(work.index_key("surname"), name)
    if name and birth:
        born = date.fromisoformat(birth)
        key = work.index_key("surname and birth")
        row.name_birth_index = name_and_birth_index(key, name, born)
        row.turns_14, row.turns_18 = months_of_14_and_18(born)


def contact_of(content: dict[str, Any]) -> Contact | None:
    """The contact in a person's content."""
    held = content.get("contact")
    return Contact(held["kind"], held["value"]) if held else None


def names(work: UnitOfWork, ids: Iterable[UUID | None]) -> dict[UUID, str]:
    """The names of several people in one go; who was erased is left out."""
    wanted = [one for one in dict.fromkeys(ids) if one is not None]
    work.keyring.load(wanted)
    rows = people.people(work.session, wanted)
    opened = {row.id: read(work, row).get("name") for row in rows.values()}
    return {key: name for key, name in opened.items() if name}


def _content(name: str | None, birth: date | None, contact: Contact | None) -> dict[str, Any]:
    content: dict[str, Any] = {}
    if name:
        content["name"] = name
    if birth:
        content["birth"] = birth.isoformat()
    if contact:
        content["contact"] = {"kind": contact.kind, "value": contact.value}
    return content
