"""Keys of people inside one transaction: loaded in one go, made when somebody new comes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from server.kernel.errors import Broken
from server.kernel.sealing import MasterKeys, Sealer, Wrapped, new_subject_key
from server.store import people
from server.store.database import Transaction


class KeyRing:
    """The sealers of this transaction, by person. Someone erased has none.

    There are two rings: one for what is known of people, one for what proves their signatures.
    """

    def __init__(
        self,
        master: MasterKeys,
        transaction: Transaction,
        tenant_id: UUID | None,
        *,
        kind: type[people.Key] = people.SubjectKey,
    ) -> None:
        self._kind = kind
        self._master = master
        self._transaction = transaction
        self._tenant_id = tenant_id
        self._held: dict[UUID, Sealer | None] = {}

    def create(self, subject_id: UUID) -> Sealer:
        """A fresh key for somebody new, stored with this transaction."""
        assert self._tenant_id is not None
        key = new_subject_key()
        wrapped = self._master.wrap(key, subject=subject_id)
        self._transaction.session.add(
            self._kind(
                subject_id=subject_id,
                tenant_id=self._tenant_id,
                epoch=wrapped.epoch,
                wrapped=wrapped.blob,
            )
        )
        self._held[subject_id] = made = Sealer(key)
        return made

    def hold(self, subject_id: UUID, epoch: int, wrapped: bytes) -> Sealer:
        """Take a key that came along with another read."""
        key = self._master.unwrap(Wrapped(epoch, wrapped), subject=subject_id)
        self._held[subject_id] = made = Sealer(key)
        return made

    def load(self, subject_ids: Iterable[UUID | None]) -> None:
        """Read the keys of several people at once, before a list opens their names."""
        wanted = {one for one in subject_ids if one is not None and one not in self._held}
        if not wanted:
            return
        found = people.keys(self._transaction.session, self._kind, wanted)
        for subject_id in wanted:
            row = found.get(subject_id)
            if row is None:
                self._held[subject_id] = None
            else:
                self.hold(subject_id, row.epoch, row.wrapped)

    def of(self, subject_id: UUID) -> Sealer:
        """The sealer of a person.

        :raises Broken: when the person was erased: whoever may meet that asks `knows` first.
        """
        self.load([subject_id])
        sealer = self._held[subject_id]
        if sealer is None:
            raise Broken(what="key", subject=str(subject_id))
        return sealer

    def knows(self, subject_id: UUID | None) -> bool:
        """Whether the person's key still exists."""
        if subject_id is None:
            return False
        self.load([subject_id])
        return self._held[subject_id] is not None

    def seal(
        self, value: Mapping[str, Any] | list[Any], *, table: str, row: UUID, subject: UUID
    ) -> bytes:
        """Seal a JSON value into the column `sealed` of a row."""
        plain = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
        return self.of(subject).seal(plain, table=table, column="sealed", row=row, subject=subject)

    def open(self, blob: bytes, *, table: str, row: UUID, subject: UUID) -> Any:
        """Open what `seal` sealed."""
        plain = self.of(subject).open(blob, table=table, column="sealed", row=row, subject=subject)
        return json.loads(plain)
