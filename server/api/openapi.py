"""OpenAPI 3.1 from the table of routes and the pydantic models."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from pydantic.json_schema import models_json_schema

from server.api.problems import Refusal
from server.api.table import WELL_FORMED_KEY, Route

_CONVERTER = re.compile(r"<(?:(\w+):)?(\w+)>")
_TYPES = {
    "uuid": {"type": "string", "format": "uuid"},
    "int": {"type": "integer"},
    None: {"type": "string"},
}
_REFUSALS = {
    401: "No token, or one that is not valid",
    403: "The role or the scope does not allow it, another person must, or a consent is missing",
    404: "There is no such thing, or it is another partner's",
    409: "Somebody was first, the step is not open, or the Idempotency-Key was used otherwise",
    422: "What was sent does not fit: `problems` say where",
    429: "Too often: Retry-After says when again",
}
_BEARER = {
    "type": "http",
    "scheme": "bearer",
    "description": "A token, narrowed to scopes; each operation names the scopes it needs.",
}


def describe(table: Sequence[Route]) -> dict[str, Any]:
    """The whole description; the same for the same table."""
    models = [model for row in table for model in (row.body, row.answer) if model is not None]
    models.append(Refusal)
    unique = list(dict.fromkeys(models))
    _, schemas = models_json_schema(
        [(model, "serialization") for model in unique],
        ref_template="#/components/schemas/{model}",
    )
    paths: dict[str, dict[str, Any]] = {}
    for row in table:
        paths.setdefault(_plain(row.path), {})[row.method.lower()] = _operation(row)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Mentor School",
            "version": "1",
            "description": "Cases, tasks, consents, people, settings and definitions.",
        },
        "servers": [{"url": "/api/v1"}],
        "paths": paths,
        "components": {
            "schemas": schemas.get("$defs", {}),
            "securitySchemes": {"bearer": _BEARER},
        },
    }


def _operation(row: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": row.name,
        "summary": row.summary,
        # OpenAPI 3.1 lets a bearer's requirement name what the token must hold.
        "security": [{"bearer": list(row.scopes)}],
        "parameters": [*_path_parameters(row), *_query_parameters(row)],
        "responses": {
            str(row.status): {
                "description": "Done" if row.changes else "Found",
                "content": {"application/json": {"schema": _ref(row.answer.__name__)}},
            },
            **{str(status): _refused(_REFUSALS[status]) for status in row.refusals},
            "default": _refused("Refused by the machine: too large, too slow, too busy"),
        },
    }
    if row.changes:
        operation["parameters"].append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": False,
                "description": "A repeat with the same key is answered as the first time.",
                "schema": {"type": "string", "maxLength": 200, "pattern": WELL_FORMED_KEY},
            }
        )
    if row.body is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": _ref(row.body.__name__)}},
        }
    return operation


def _refused(description: str) -> dict[str, Any]:
    content = {"application/problem+json": {"schema": _ref(Refusal.__name__)}}
    return {"description": description, "content": content}


def _path_parameters(row: Route) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": _TYPES.get(kind, _TYPES[None])}
        for kind, name in ((kind or None, name) for kind, name in _CONVERTER.findall(row.path))
    ]


def _query_parameters(row: Route) -> list[dict[str, Any]]:
    if row.query is None:
        return []
    schema = row.query.model_json_schema()
    required = schema.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, "schema": found}
        for name, found in schema["properties"].items()
    ]


def _plain(path: str) -> str:
    return _CONVERTER.sub(r"{\2}", path)


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}
