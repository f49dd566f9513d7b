"""The table of routes: from it come the views, the checks of scope and body, and OpenAPI."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from server.access.policy import Permission
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


Handler = Callable[[UnitOfWork, Call], Wire]


@dataclass(frozen=True)
class Route:
    """One thing a program can do."""

    method: str
    path: str  # with Flask's converters: /cases/<uuid:case_id>
    name: str
    summary: str
    needs: Permission
    handler: Handler
    answer: type[Wire]
    body: type[Wire] | None = None
    query: type[Wire] | None = None
    status: int = 200

    @property
    def changes(self) -> bool:
        """Whether it changes anything: then it takes an Idempotency-Key."""
        return self.method != "GET"


TABLE: list[Route] = []


def route(
    method: str,
    path: str,
    *,
    needs: Permission,
    answer: type[Wire],
    body: type[Wire] | None = None,
    query: type[Wire] | None = None,
    status: int = 200,
) -> Callable[[Handler], Handler]:
    """Put a handler into the table; its docstring's first line is the summary."""

    def put(handler: Handler) -> Handler:
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
            )
        )
        return handler

    return put
