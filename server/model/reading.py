"""Definitions from YAML: every mistake at once, each with its place, the keys that are allowed,
and what was probably meant."""

from __future__ import annotations

import types
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from difflib import get_close_matches
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, Tag, ValidationError

from server.forms.definition import FieldSpec
from server.kernel import yaml
from server.kernel.problems import Place, Problem
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
    problems = [_problem(kind, document, found)[1] for found in raw if not _noise(found)]
    return sorted(_once(problems), key=_in_order)


def read_values(kind: type[Spec], raw: Any) -> Spec | list[tuple[Path, Problem]]:
    """What a program sent, or everything that is wrong with it, each by the path to it."""
    try:
        return kind.model_validate(raw)
    except ValidationError as error:
        errors = error.errors(include_url=False, include_context=True, include_input=True)
    # No file: no two things stand at one place, so the path itself tells them apart.
    nowhere = Document("", raw, {}, {})
    found = [_problem(kind, nowhere, one) for one in errors if not _noise(one)]
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


def _problem(
    kind: type[BaseModel], document: Document, error: Mapping[str, Any]
) -> tuple[Path, Problem]:
    """What is wrong, and the path to it; to a key that is missing, the path it would have."""
    path, models = _found_at(kind, document.data, error["loc"])
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


def _found_at(
    kind: type[BaseModel], data: Any, loc: tuple[Any, ...]
) -> tuple[Path, list[type[BaseModel]]]:
    """Where in the document an error stands, and the models that may stand around it.

    A location holds the tags of unions beside keys and indexes; a tag may look like a key
    (`form`), so types and data are walked together.
    """
    path: list[str | int] = []
    candidates: list[Any] = [kind]
    around: list[Any] = candidates
    for part in loc:
        tagged = [one for one in candidates if _has_tag(one, part)]
        if tagged:
            candidates = around = tagged
        elif _inside(data, part):
            around = candidates
            candidates = list(_into(candidates, part))
            data = data[part]
            path.append(part)
        else:
            around = candidates
    return tuple(path), [model for one in around for model in _unwrapped(one) if _is_model(model)]


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
    text = given if isinstance(given, str) else str(given)
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
