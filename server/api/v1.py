"""The blueprint of the API: one view for each row of the table."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Flask, Response, current_app, g, jsonify, request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel

from server.api import cases, consents, definitions, people, records, settings, tasks
from server.api.budget import Budget
from server.api.openapi import describe
from server.api.table import TABLE, WELL_FORMED_KEY, Call, Route
from server.http.context import door, perform
from server.kernel.errors import Refused
from server.model.reading import read_values
from server.services import commands
from server.services.unit_of_work import UnitOfWork

blueprint = Blueprint("api", __name__, url_prefix="/api/v1")
PARTS = (
    definitions,
    settings,
    people,
    cases,
    tasks,
    consents,
    records,
)  # imported for their routes
KEY = "Idempotency-Key"


def register(app: Flask, *, reads: int, changes: int) -> None:
    """Open the API; each token may read and change so much in a minute."""
    app.extensions["api_budget"] = Budget(reads=reads, changes=changes)
    app.register_blueprint(blueprint)


@blueprint.get("/openapi.json")
@door("public")
def openapi() -> Response:
    """What the API can do, as OpenAPI 3.1; made from the same table as the views."""
    return jsonify(describe(TABLE))


def _view(row: Route) -> Any:
    @door("token", row.needs, *row.also)
    def view(**path: Any) -> ResponseReturnValue:
        _spend(row)
        key = _key() if row.changes else None
        call = Call(path=path, query=_query(row), body=_body(row), key=key)
        if row.apart:
            answer = _by_parts(row, call)
        elif call.key is None:
            answer = perform(lambda work: row.handler(work, call).model_dump(mode="json"))
        else:
            answer = perform(_once, row, call, call.key)
        return jsonify(answer), row.status

    return view


def _spend(row: Route) -> None:
    budget: Budget = current_app.extensions["api_budget"]
    spend = budget.spend_change if row.changes else budget.spend_read
    spend(g.token_id)


def _once(work: UnitOfWork, row: Route, call: Call, key: str) -> dict[str, Any]:
    """A change is carried out once for each Idempotency-Key; without a key, each time."""

    def command(work: UnitOfWork) -> dict[str, Any]:
        return row.handler(work, call).model_dump(mode="json")

    return commands.once(work, key=key, asked=_asked(row, call), command=command)


def _by_parts(row: Route, call: Call) -> dict[str, Any]:
    """The key belongs to the whole request; that each part is done once, its handler sees to."""
    if call.key is not None:
        perform(commands.once, key=call.key, asked=_asked(row, call), command=lambda _work: {})
    answer: dict[str, Any] = row.handler(call).model_dump(mode="json")
    return answer


def _asked(row: Route, call: Call) -> dict[str, Any]:
    try:
        body: Any = call.body.model_dump(mode="json") if call.body is not None else None
    except (ValueError, RecursionError):  # nested too deep to be written anew: as it was sent
        body = request.get_data(as_text=True)
    return {
        "route": row.name,
        "path": {name: str(value) for name, value in call.path.items()},
        # As text: a body may hold numbers that canonical JSON has no form for (beyond 2**53).
        "body": json.dumps(body, sort_keys=True),
    }


def _key() -> str | None:
    key = request.headers.get(KEY)
    if key is not None and not re.fullmatch(WELL_FORMED_KEY, key):
        raise Refused(reason="key_malformed")
    return key


def _body(row: Route) -> Any:
    if row.body is None:
        return None
    if not request.is_json:
        raise Refused(reason="json_needed")
    try:
        raw = json.loads(request.get_data(), object_pairs_hook=_told_apart)
    except (ValueError, RecursionError):  # no JSON, or nested deeper than anybody means
        raise Refused(reason="json_needed") from None
    return _parsed(row.body, raw)


def _told_apart(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    # A key given twice would let two readers see two requests (SECURITY.md G8).
    if len(given := dict(pairs)) < len(pairs):
        raise Refused(reason="key_twice")
    return given


def _query(row: Route) -> Any:
    if row.query is None:
        return None
    # A parameter given twice would let two readers see two requests (SECURITY.md G8).
    if any(len(values) > 1 for _, values in request.args.lists()):
        raise Refused(reason="parameter_twice")
    given = {name: value for name, value in request.args.items() if name != "lang"}
    return _parsed(row.query, given)


def _parsed(model: type[BaseModel], raw: Any) -> BaseModel:
    found = read_values(model, raw)
    if isinstance(found, list):
        raise Refused(reason="body_wrong", at_paths=found)
    return found


for _row in TABLE:
    blueprint.add_url_rule(_row.path, _row.name, _view(_row), methods=[_row.method])
