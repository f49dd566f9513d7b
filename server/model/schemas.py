"""JSON Schemas of the definitions, for editors: generated from the same models that read them."""

from __future__ import annotations

import json
from typing import Any, Final

from pydantic import BaseModel

from server.consents.definition import ConsentSpec
from server.forms.definition import FormSpec
from server.model.definition import ModelSpec, SettingsSpec
from server.model.legal import LegalSpec
from server.workflows.definition import WorkflowSpec

KINDS: Final[dict[str, type[BaseModel]]] = {
    "workflow": WorkflowSpec,
    "form": FormSpec,
    "consent": ConsentSpec,
    "model": ModelSpec,
    "settings": SettingsSpec,
    "legal": LegalSpec,
}
# Set by the merge of a school's settings, never written in a file.
_NEVER_WRITTEN = "own"


def schema(kind: str) -> dict[str, Any]:
    """The JSON Schema (2020-12) of one kind of definition.

    :raises KeyError: for a kind that is not in KINDS.
    """
    found = KINDS[kind].model_json_schema(by_alias=True)
    found.get("$defs", {}).get("FieldSpec", {}).get("properties", {}).pop(_NEVER_WRITTEN, None)
    if kind == "form":
        found["properties"].pop(_NEVER_WRITTEN, None)
    _close(found)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **found}


def _close(part: Any) -> None:
    """Let a mapping whose keys have a form take no others, as the loader takes none."""
    if isinstance(part, dict):
        if "patternProperties" in part:
            part.setdefault("additionalProperties", False)
        for inner in part.values():
            _close(inner)
    elif isinstance(part, list):
        for inner in part:
            _close(inner)


def schema_files() -> dict[str, str]:
    """Every schema as the file in `schema/` holds it, by the file's name."""
    return {
        f"{kind}.json": json.dumps(schema(kind), ensure_ascii=False, indent=2) + "\n"
        for kind in KINDS
    }
