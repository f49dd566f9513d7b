"""Commands that may be repeated: the first answer is kept under its key and given again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from server.kernel.canonical import canonical, sha256_hex
from server.kernel.errors import Conflict
from server.services.unit_of_work import UnitOfWork
from server.store import step_writes, steps


def once(
    work: UnitOfWork,
    *,
    key: str,
    asked: dict[str, Any],
    command: Callable[[UnitOfWork], dict[str, Any]],
) -> dict[str, Any]:
    """Carry out a command unless its key was used before; then answer what was answered then.

    Two at once wait for each other: the key's row is the lock. `asked` tells repeats from another
    request under the same key.

    :raises Conflict: when the key was used for something else.
    """
    owner = work.actor.person_id or work.actor.account_id or work.actor.kind
    whole = sha256_hex(f"{owner} {key}".encode())
    wanted = sha256_hex(canonical(asked))
    kept = steps.claim(work.transaction, work.tenant_id, whole, now=work.now)
    if kept is not None:
        if kept.get("asked") != wanted:
            raise Conflict(reason="key_reused")
        answer: dict[str, Any] = kept["answer"]
        return answer
    answer = command(work)
    step_writes.keep_result(
        work.transaction, work.tenant_id, whole, {"asked": wanted, "answer": answer}
    )
    return answer
