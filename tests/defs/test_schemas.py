"""An editor's schema and the loader take and refuse the same, as far as a schema can tell."""

from __future__ import annotations

import copy
import json
from typing import Any

import jsonschema_rs
import pytest

from server.kernel.yaml import Document
from server.model.reading import read_document
from server.model.schemas import KINDS, schema
from tests.defs.test_spoiling import FILES, data_of, spots

# What takes the place of a value, by name, so that a disagreement tells how it came about.
VALUES: dict[str, Any] = {
    "a text": "Wrong Value", "an empty text": "", "a number": -7, "a big number": 77,
    "a number as text": "7", "a list": [], "keys": {}, "yes": True, "nothing": None,
    "a language that is none": {"ru": "Слово", "eng": "Word"}, "a date that is none": "2026-9-1",
}  # fmt: skip
DROP, ADD = "dropped", "one key more"
# What a schema cannot tell: that ages follow each other, and how many days a month has.
BEYOND = (("signers", "rows"),)

VALIDATORS = {kind: jsonschema_rs.validator_for(schema(kind)) for kind in KINDS}


def kind_of(data: Any) -> str:
    return next(kind for kind in KINDS if next(iter(data)) == kind)


def mutants(file: str):
    data = data_of(file)
    for path in spots(data):
        for name in (DROP, ADD, *VALUES):
            changed = copy.deepcopy(data)
            holder = changed
            for key in path[:-1]:
                holder = holder[key]
            if name == DROP:
                del holder[path[-1]]
            elif name == ADD:
                if not isinstance(holder[path[-1]], dict):
                    continue
                holder[path[-1]]["zz_unknown"] = "x"
            else:
                holder[path[-1]] = VALUES[name]
            yield path, name, changed


def of_one_kind(path: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple("#" if isinstance(part, int) else part for part in path)


@pytest.mark.parametrize("file", FILES)
def test_schema_and_loader_agree_on_every_spoilt_file(file):
    data = data_of(file)
    kind = kind_of(data)
    assert VALIDATORS[kind].is_valid(data)
    # One of each kind of spot is enough: rows of a list are alike, and there are thousands.
    seen: set[tuple[Any, ...]] = set()
    apart = []
    for path, name, changed in mutants(file):
        mark = (of_one_kind(path)[-3:], type(changed).__name__, name)
        if mark in seen or path[: len(BEYOND[0])] in BEYOND:
            continue
        seen.add(mark)
        taken = not isinstance(read_document(KINDS[kind], Document(file, changed, {}, {})), list)
        if taken != VALIDATORS[kind].is_valid(changed):
            apart.append((path, name, "the loader takes it" if taken else "the schema takes it"))

    assert apart == []


def test_the_shipped_schemas_are_those_of_the_loader():
    for kind in KINDS:
        assert json.loads(json.dumps(schema(kind)))["$schema"].endswith("2020-12/schema")
