"""The table of routes: from it come the views, the checks of scope and body, and OpenAPI."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from server.access.policy import Permission, scopes_of
from server.services.unit_of_work import UnitOfWork


class Wire(BaseModel):
    """What travels: no key but those declared, in either direction."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)


class CaseRef(Wire):
    """A case."""

    case: UUID


@dataclass(frozen=True)
class Call:
    """One request as a handler gets it: path values, query values and the body, all parsed."""

    path: dict[str, Any]
    query: Any
    body: Any
    key: str | None = None  # its Idempotency-Key


Handler = Callable[[UnitOfWork, Call], Wire]
# Carries out each of its parts in a transaction of its own, by `http.context.perform`.
ApartHandler = Callable[[Call], Wire]
H = TypeVar("H", Handler, ApartHandler)


@dataclass(frozen=True)
class Route:
    """One thing a program can do."""

    method: str
    path: str  # with Flask's converters: /cases/<uuid:case_id>
    name: str
    summary: str
    needs: Permission
    handler: Callable[..., Wire]  # a Handler, or an ApartHandler where `apart`
    answer: type[Wire]
    body: type[Wire] | None = None
    query: type[Wire] | None = None
    status: int = 200
    apart: bool = False
    also: tuple[Permission, ...] = ()  # what its service asks for beside `needs`
    by_state: bool = False  # answers 409 where the thing is in another state

    @property
    def changes(self) -> bool:
        """Whether it changes anything: then it takes an Idempotency-Key."""
        return self.method != "GET"

    @property
    def scopes(self) -> tuple[str, ...]:
        """The scopes that a token must have, all of them."""
        asked = [scopes_of(permission)[0] for permission in (self.needs, *self.also)]
        return tuple(dict.fromkeys(asked))

    @property
    def refusals(self) -> tuple[int, ...]:
        """The statuses it may refuse with, beside those of the machine."""
        found = {401, 403, 429}
        if "<" in self.path or self.body is not None:
            found.add(404)  # a thing in the address or in the body is not there, or foreign
        if self.changes or self.by_state:
            found.add(409)
        if self.changes or self.query is not None:
            found.add(422)  # the body, the query or the Idempotency-Key does not fit
        return tuple(sorted(found))


WELL_FORMED_KEY = "^[!-~]{1,200}$"  # of Idempotency-Key: ASCII that can be seen
TABLE: list[Route] = []
# Who may not open a case is not told that it is there.
SEES = (Permission.CASE_OPEN,)


def route(
    method: str,
    path: str,
    *,
    needs: Permission,
    answer: type[Wire],
    body: type[Wire] | None = None,
    query: type[Wire] | None = None,
    status: int = 200,
    apart: bool = False,
    also: tuple[Permission, ...] = (),
    by_state: bool = False,
) -> Callable[[H], H]:
    """Put a handler into the table; its docstring's first line is the summary."""

    def put(handler: H) -> H:
        summary = (handler.__doc__ or "").strip().split("\n")[0]
        TABLE.append(
            Route(
                method=method,
                path=path,
                name=handler.__name__,
                summary=summary,
                needs=needs,
                handler=handler,
                answer=answer,
                body=body,
                query=query,
                status=status,
                apart=apart,
                also=also,
                by_state=by_state,
            )
        )
        return handler

    return put
