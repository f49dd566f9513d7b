"""Definitions from YAML: every mistake at once, each with its place, the keys that are allowed,
and what was probably meant."""

from __future__ import annotations

import json
import types
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from difflib import get_close_matches
from typing import Annotated, Any, Literal, NamedTuple, TypeVar, Union, get_args, get_origin
from uuid import UUID

from pydantic import BaseModel, Tag, ValidationError

from server.forms.definition import FieldSpec
from server.kernel import yaml
from server.kernel.durations import Duration
from server.kernel.problems import Place, Problem
from server.kernel.text import Text
from server.kernel.yaml import Document, Path
from server.workflows.definition import AnyStep, Stage, WorkflowSpec

Spec = TypeVar("Spec", bound=BaseModel)

# What the language has and this release does not carry out yet: refused by name, so that nobody
# looks for a misspelling (WORKFLOWS.md, "Step kinds of the whole language").
STEP_KINDS = ("form", "consent", "choose", "review", "notify")
CHANGES = ("hide", "set", "reword", "move", "add_field")
UNBUILT_KINDS = (
    "note", "sign", "check", "event", "assess", "each", "all_of", "any_of", "n_of", "wait", "run",
    "document", "webhook",
)  # fmt: skip
_UNBUILT_KEYS: Mapping[type[BaseModel], tuple[str, ...]] = {
    AnyStep: ("when", "gate", "readers", *UNBUILT_KINDS),
    Stage: ("when", "loop"),
    WorkflowSpec: ("inputs", "result", "never"),
    FieldSpec: ("show", "hide", "when", "check", "calculate", "repeat"),
}
_UNBUILT_VALUES: Mapping[str, tuple[str, ...]] = {
    "type": (
        "file", "photo", "signature", "group", "repeat", "matrix", "address", "document", "money",
        "time", "date_time", "place", "person", "calculated",
    ),
    "order": ("parallel", "free", "none"),
    "sign": ("each",),
    "signers": ("both_parents",),
    "until": ("event_end", "date"),
    "by_age_of": ("mentor", "guardian"),
}  # fmt: skip

_PLAIN_CODES = {
    "string_type": ("VALUE-TYPE", "text"),
    "int_type": ("VALUE-TYPE", "whole number"),
    "int_parsing": ("VALUE-TYPE", "whole number"),
    "bool_type": ("VALUE-TYPE", "true or false"),
    "bool_parsing": ("VALUE-TYPE", "true or false"),
    "tuple_type": ("VALUE-TYPE", "list"),
    "list_type": ("VALUE-TYPE", "list"),
    "dict_type": ("VALUE-TYPE", "mapping"),
    "mapping_type": ("VALUE-TYPE", "mapping"),
    "model_type": ("VALUE-TYPE", "mapping"),
    "model_attributes_type": ("VALUE-TYPE", "mapping"),
    "written_date": ("VALUE-TYPE", "date"),
    "string_sub_type": ("VALUE-TYPE", "text"),
    "string_unicode": ("VALUE-TYPE", "text"),
    "int_from_float": ("VALUE-TYPE", "whole number"),
    "int_parsing_size": ("VALUE-TYPE", "whole number"),
    "date_type": ("VALUE-TYPE", "date"),
    "date_parsing": ("VALUE-TYPE", "date"),
    "date_from_datetime_parsing": ("VALUE-TYPE", "date"),
    "date_from_datetime_inexact": ("VALUE-TYPE", "date"),
    "uuid_type": ("VALUE-TYPE", "id"),
    "uuid_parsing": ("VALUE-TYPE", "id"),
    "duration": ("VALUE-DURATION", ""),
    "signer_ages": ("SIGNER-AGES", ""),
}
_LIMITS = {
    "too_short": ("VALUE-SHORT", "min_length"),
    "too_long": ("VALUE-LONG", "max_length"),
    "string_too_short": ("VALUE-SHORT", "min_length"),
    "string_too_long": ("VALUE-LONG", "max_length"),
    "greater_than_equal": ("VALUE-SMALL", "ge"),
    "greater_than": ("VALUE-SMALL", "gt"),
    "less_than_equal": ("VALUE-LARGE", "le"),
    "less_than": ("VALUE-LARGE", "lt"),
}
_UNIONS = (Union, types.UnionType)
_ID_PATTERN = "^[a-z][a-z0-9_]{0,62}$"


def read(kind: type[Spec], source: str | bytes, *, file: str) -> Spec | list[Problem]:
    """One definition out of its YAML, or everything that is wrong with it; never raises."""
    document = yaml.load(source, file=file)
    return document if isinstance(document, list) else read_document(kind, document)


def read_document(kind: type[Spec], document: Document) -> Spec | list[Problem]:
    """One definition out of a document that was read, or everything that is wrong with it."""
    try:
        return kind.model_validate(document.data)
    except ValidationError as error:
        raw = error.errors(include_url=False, include_context=True, include_input=True)
    problems = [problem for _, problem in _problems(kind, document, raw)]
    return sorted(_once(problems), key=_in_order)


def read_values(kind: type[Spec], raw: Any) -> Spec | list[tuple[Path, Problem]]:
    """What a program sent, or everything that is wrong with it, each by the path to it."""
    try:
        return kind.model_validate(raw)
    except ValidationError as error:
        errors = error.errors(include_url=False, include_context=True, include_input=True)
    # No file: no two things stand at one place, so the path itself tells them apart.
    nowhere = Document("", raw, {}, {})
    found = list(_problems(kind, nowhere, errors))
    kept = {id(problem) for problem in _once(problem for _, problem in found)}
    return [(path, replace(one, place=None)) for path, one in found if id(one) in kept]


def _in_order(problem: Problem) -> tuple[int, int]:
    return (problem.place.line, problem.place.column) if problem.place else (0, 0)


def nearest(wanted: str, known: Iterable[str]) -> str:
    """The known word that was probably meant, or nothing."""
    found = get_close_matches(wanted, list(known), n=1, cutoff=0.7)
    return found[0] if found else ""


def _noise(error: Mapping[str, Any]) -> bool:
    """What only follows from another error, and tells nobody anything.

    A union tries each of its members; a list counts only those of its items that are right.
    """
    if error["type"] == "too_short":
        return bool(len(error["input"]) >= error["ctx"]["min_length"])
    return bool(error["type"] == "is_instance_of")


def _once(problems: Iterable[Problem]) -> Iterator[Problem]:
    """One problem for each place: further members of a union say the same in other words."""
    seen: set[tuple[Place | None, str, str]] = set()
    places: set[tuple[Place | None, str]] = set()
    for problem in problems:
        where = (problem.place, problem.at)
        mark = (*where, problem.code + str(problem.facts.get("key")))
        if mark in seen or (problem.code.startswith("VALUE-") and where in places):
            continue
        seen.add(mark)
        places.add(where)
        yield problem


def _problems(
    kind: type[BaseModel], document: Document, errors: Iterable[Mapping[str, Any]]
) -> Iterator[tuple[Path, Problem]]:
    """What is wrong, each with the path to it; what follows from something else is left out."""
    told = [error for error in errors if not _noise(error)]
    spots = [_found_at(kind, document.data, error["loc"]) for error in told]
    for error, spot in zip(told, spots, strict=True):
        members = [kind for kind in spot.kinds if kind is not type(None)]
        if len(members) < 2 or not _is_of_member(error):
            yield _problem(document, spot, error)
            continue
        # One of several kinds may stand here, and each of them says what it misses. Whoever wrote
        # keys, or a number that is too large, meant that one: its own words tell it better.
        deeper = any(
            len(one.path) > len(spot.path) and _starts(one.path, spot.path) for one in spots
        )
        others = [one for one, its in zip(told, spots, strict=True) if its.path == spot.path]
        if error["type"] in _LIMITS:
            yield _problem(document, spot, error)
        elif not deeper and not any(one["type"] in _LIMITS for one in others):
            facts = {"given": _short(error["input"]), "wanted": [_wanted(one) for one in members]}
            at = ".".join(str(part) for part in spot.path)
            place = document.place(spot.path)
            yield spot.path, Problem("VALUE-TYPE", facts, place, at)


def _is_of_member(error: Mapping[str, Any]) -> bool:
    """Whether one of several kinds of values says that what stands there is none of it."""
    own = ("extra_forbidden", "missing", "step_kind", "change_kind")
    return error["type"] not in own and error["loc"][-1:] != ("[key]",)


def _starts(path: Path, begin: Path) -> bool:
    return path[: len(begin)] == begin


def _wanted(kind: Any) -> Any:
    """What may stand somewhere, as a fact: a kind of value, with its bounds, keys or words."""
    bare = get_args(kind)[0] if get_origin(kind) is Annotated else kind
    if get_origin(bare) is Literal:
        return {"kind": "word", "words": list(get_args(bare))}
    if _is_model(bare):
        return {"kind": "mapping", "keys": keys_of(bare)}
    notes = get_args(kind)[1:] if get_origin(kind) is Annotated else ()
    parts = [part for note in notes for part in (note, *getattr(note, "metadata", ()))]
    ends = {
        name: value
        for name in ("ge", "le")
        for part in parts
        if (value := getattr(part, name, None)) is not None
    }
    if bare is int and len(ends) == 2:
        return {"kind": "whole number between", **ends}
    origin = get_origin(bare) or bare
    return _WORDS.get(origin, "text")


# The kinds of values that a definition is written in, by the types that hold them.
_WORDS: Mapping[Any, str] = {
    bool: "true or false",
    int: "whole number",
    str: "text",
    date: "date",
    Duration: "duration",
    tuple: "list",
    dict: "mapping",
    Text: "text",
    UUID: "id",
}


def _problem(document: Document, spot: _Spot, error: Mapping[str, Any]) -> tuple[Path, Problem]:
    """What is wrong, and the path to it; to a key that is missing, the path it would have."""
    path, models = spot.path, spot.models
    at = ".".join(str(part) for part in path)
    if error["type"] == "extra_forbidden":
        code, facts = _unknown_key(str(error["loc"][-1]), models)
        return path, Problem(code, facts, document.key_place(path), at)
    if error["type"] == "missing":
        key = str(error["loc"][-1])
        return (*path, key), Problem("KEY-MISSING", {"key": key}, document.key_place(path), at)
    if error["loc"] and error["loc"][-1] == "[key]" and error["type"] != "literal_error":
        return path, Problem("VALUE-ID", {"given": str(path[-1])}, document.key_place(path), at)
    code, facts = _wrong_value(error, path)
    if error["loc"] and error["loc"][-1] == "[key]":
        return path, Problem(code, facts, document.key_place(path), at)
    return path, Problem(code, facts, document.place(path), at)


class _Spot(NamedTuple):
    """Where in the document an error stands, what may stand there, and the models around it."""

    path: Path
    kinds: tuple[Any, ...]
    models: list[type[BaseModel]]


def _found_at(kind: type[BaseModel], data: Any, loc: tuple[Any, ...]) -> _Spot:
    """The spot of an error.

    A location holds the tags of unions beside keys and indexes; a tag may look like a key
    (`form`), so types and data are walked together.
    """
    path: list[str | int] = []
    candidates: list[Any] = [kind]
    around: list[Any] = candidates
    kinds: tuple[Any, ...] = (kind,)
    for part in loc:
        tagged = [one for one in candidates if _has_tag(one, part)]
        if tagged:
            candidates = around = tagged
        elif _inside(data, part):
            around = candidates
            candidates = list(_into(candidates, part))
            kinds = tuple(candidates)
            data = data[part]
            path.append(part)
        else:
            around = candidates
    models = [model for one in around for model in _unwrapped(one) if _is_model(model)]
    return _Spot(tuple(path), kinds, models)


def _inside(data: Any, part: Any) -> bool:
    if isinstance(data, dict):
        return part in data
    return isinstance(data, list) and isinstance(part, int) and part < len(data)


def _unknown_key(key: str, models: list[type[BaseModel]]) -> tuple[str, dict[str, Any]]:
    for model in models:
        for owner, unbuilt in _UNBUILT_KEYS.items():
            if issubclass(model, owner) and key in unbuilt:
                return "NOT-BUILT", {"what": key}
    allowed = list(dict.fromkeys(key for model in models for key in keys_of(model)))
    return "KEY-UNKNOWN", {"key": key, "allowed": allowed, "meant": nearest(key, allowed)}


def keys_of(model: type[BaseModel]) -> list[str]:
    """The keys that may be written for a model, as they are written."""
    hidden = {"own"} if issubclass(model, FieldSpec) else set()
    fields = model.model_fields.items()
    return [field.alias or name for name, field in fields if name not in hidden]


def _wrong_value(error: Mapping[str, Any], path: Path) -> tuple[str, dict[str, Any]]:
    kind, given, context = error["type"], error["input"], error.get("ctx", {})
    shown = _short(given)
    if kind == "step_kind":
        return _step_kind(given)
    if kind == "change_kind":
        meant = nearest(str(given.get("change", "")), CHANGES) if isinstance(given, dict) else ""
        return "CHANGE-KIND", {"allowed": list(CHANGES), "meant": meant}
    if kind == "literal_error":
        return _choice(given, error["msg"], path)
    if kind == "string_pattern_mismatch":
        if context.get("pattern") == _ID_PATTERN:
            return "VALUE-ID", {"given": shown}
        return "VALUE-PATTERN", {"given": shown, "pattern": context.get("pattern", "")}
    if kind in _LIMITS:
        code, name = _LIMITS[kind]
        return code, {"limit": context.get(name, "")}
    if kind in _PLAIN_CODES:
        code, wanted = _PLAIN_CODES[kind]
        return code, {"given": shown, "wanted": wanted}
    # What pydantic says itself is English and names its own types: nobody is shown it.
    return "VALUE-WRONG", {"given": shown}


def _step_kind(given: Any) -> tuple[str, dict[str, Any]]:
    keys = list(given) if isinstance(given, dict) else []
    unbuilt = next((key for key in keys if key in UNBUILT_KINDS), None)
    if unbuilt is not None:
        return "NOT-BUILT", {"what": unbuilt}
    meant = next((found for key in keys if (found := nearest(key, STEP_KINDS))), "")
    return "STEP-KIND", {"allowed": list(STEP_KINDS), "meant": meant}


def _choice(given: Any, message: str, path: Path) -> tuple[str, dict[str, Any]]:
    key = next((part for part in reversed(path) if isinstance(part, str)), "")
    if isinstance(given, str) and given in _UNBUILT_VALUES.get(key, ()):
        return "NOT-BUILT", {"what": f"{key}: {given}"}
    words = message.rpartition("be ")[2].replace(" or ", ", ").split(", ")
    allowed = [word.strip("'") for word in words]
    meant = nearest(str(given), allowed)
    return "VALUE-CHOICE", {"given": _short(given), "allowed": allowed, "meant": meant}


def _short(given: Any) -> str:
    """What was written, short enough for a line of text."""
    if given is None:
        return ""
    # As YAML writes it, not as Python does: true, not True.
    text = given if isinstance(given, str) else json.dumps(given, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _into(candidates: list[Any], part: Any) -> Iterator[Any]:
    for candidate in candidates:
        for kind in _unwrapped(candidate):
            if _is_model(kind):
                for name, field in kind.model_fields.items():
                    if part in (name, field.alias):
                        yield from _members(field.annotation)
            elif get_origin(kind) is dict:
                yield get_args(kind)[1]
            elif get_origin(kind) is tuple:
                yield from _members(get_args(kind)[0])


def _members(kind: Any) -> Iterator[Any]:
    """The members of a union, each still with its tag; of anything else the thing itself."""
    origin = get_origin(kind)
    if origin is Annotated and get_origin(get_args(kind)[0]) in _UNIONS:
        yield from _members(get_args(kind)[0])
    elif origin in _UNIONS:
        for member in get_args(kind):
            yield from _members(member)
    else:
        yield kind


def _has_tag(kind: Any, tag: Any) -> bool:
    if get_origin(kind) is not Annotated:
        return _is_model(kind) and kind.__name__ == tag
    return any(isinstance(note, Tag) and note.tag == tag for note in get_args(kind)[1:])


def _unwrapped(kind: Any) -> Iterator[Any]:
    origin = get_origin(kind)
    if origin is Annotated:
        yield from _unwrapped(get_args(kind)[0])
    elif origin in _UNIONS:
        for member in get_args(kind):
            yield from _unwrapped(member)
    elif origin is not Literal:
        yield kind


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)
