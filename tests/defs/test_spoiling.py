"""However a definition is spoilt, it is read or refused with places: nothing ever raises."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.kernel import places
from server.kernel.text import LOCALES
from server.kernel.yaml import Document, load
from server.model.bundle import folder_sources, read_sources
from server.model.checks import check
from server.words.problems import line

SOURCES = folder_sources(places.workflow_defs())[0]
FILES = sorted(name for name in SOURCES if name.endswith(".yaml"))
# Values of every kind, and names that are there, so that some of the spoilt files still read well.
VALUES: list[Any] = [
    None, True, 0, -1, 99, "", "x", "no", "Имя", "2026-02-31", [], {}, [None], {"x": 1}, [[]],
    "mentee", "guardian", "processing", "photo", "review", "decision", "place_request",
    "minor_questionnaire", "enrolled", "call_guardian", "14 days", "P10", ["processing"],
    {"ru": "Слово"}, {"form": "child_talk", "by": "mentee"}, {"consent": "photo"},
]  # fmt: skip
KEYS = ["x", "when", "optional", "gate", "by", "required", "form", "own", "to", "kind", "refused"]


def data_of(file: str) -> Any:
    document = load(SOURCES[file], file=file)
    assert isinstance(document, Document)
    return document.data


def spots(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inside = data.items() if isinstance(data, dict) else enumerate(data)
    found = []
    for key, value in inside:
        found.append((*path, key))
        if isinstance(value, dict | list):
            found += spots(value, (*path, key))
    return found


SPOTS = {file: spots(data_of(file)) for file in FILES}


@st.composite
def spoilt(draw: st.DrawFn) -> tuple[str, Any]:
    """One shipped file with a few spots taken out, replaced, doubled or joined by a key."""
    file = draw(st.sampled_from(FILES))
    data = data_of(file)
    for _ in range(draw(st.integers(1, 3))):
        *before, last = draw(st.sampled_from(SPOTS[file]))
        holder = data
        try:
            for key in before:
                holder = holder[key]
            change = draw(st.sampled_from(["drop", "put", "add", "double"]))
            if change == "drop":
                del holder[last]
            elif change == "put":
                holder[last] = draw(st.sampled_from(VALUES))
            elif change == "double" and isinstance(holder, list):
                holder.append(holder[last])
            elif isinstance(holder, dict):
                holder[draw(st.sampled_from(KEYS))] = draw(st.sampled_from(VALUES))
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change took this spot away
    return file, data


@given(change=spoilt())
# Proving takes as long as the machine is busy: how long is no part of the claim.
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_spoilt_file_is_read_or_refused(change):
    file, data = change
    bundle, problems = read_sources({**SOURCES, file: json.dumps(data, ensure_ascii=False)})

    found = problems if bundle is None else check(bundle)

    assert bundle is not None or problems
    for problem in found:
        assert problem.place is not None
        for locale in LOCALES:
            assert line(problem, locale)
