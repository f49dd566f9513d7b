"""Hostile and honest YAML: refused in time with a place, or read without being reinterpreted."""

from __future__ import annotations

import resource

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.kernel.problems import Problem
from server.kernel.yaml import MAX_BYTES, Document, load

MERGES = "a: {b: 1}\n" + "".join(f"k{n}: {{<<: {{x: 1}}}}\n" for n in range(9))
BOMB = "a: &a [x, x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)}, *{chr(97 + n)}]\n" for n in range(20)
)

REFUSED = [
    # what, code, line, column
    ("", "YAML-EMPTY", 1, 1),
    ("# only a comment\n", "YAML-EMPTY", 1, 1),
    ("- a\n- b\n", "YAML-ROOT", 1, 1),
    ("plain\n", "YAML-ROOT", 1, 1),
    ("a: 1\nb: &x 2\n", "YAML-ANCHOR", 2, 4),
    ("a: *x\n", "YAML-ALIAS", 1, 4),
    (BOMB, "YAML-ANCHOR", 1, 4),
    ("a: !!python/object:os.system x\n", "YAML-TAG", 1, 4),
    ("a: !!int 3\n", "YAML-TAG", 1, 4),
    ("%YAML 1.1\n---\na: 1\n", "YAML-DIRECTIVE", 1, 1),
    (MERGES, "YAML-MERGE", 2, 6),
    ("a:\n  <<: {b: 1}\n", "YAML-MERGE", 2, 3),
    ("a: 1\na: 2\n", "YAML-DUPLICATE", 2, 1),
    ("a: {role: user, role: admin}\n", "YAML-DUPLICATE", 1, 17),
    ("? [a, b]\n: 1\n", "YAML-KEY", 1, 3),
    ("{a: 1}: 2\n", "YAML-KEY", 1, 1),
    ("a: 1\n---\nb: 2\n", "YAML-DOCUMENTS", 2, 1),
    ("a: [1, 2\n", "YAML-SYNTAX", 2, 1),
    ('a: "open\n', "YAML-SYNTAX", 2, 1),
    ("a: b: c\n", "YAML-SYNTAX", 1, 5),
    ("a:\n\tb: 1\n", "YAML-TAB", 2, 1),
    ("a: b\x00c\n", "YAML-CONTROL", 1, 5),
    ("a: \x1b[31m\n", "YAML-CONTROL", 1, 4),
    ("a: b\u2028c\n", "YAML-CONTROL", 1, 5),
    ("a: \ud800\n", "YAML-CONTROL", 1, 4),
    ("\ufeffa: 1\n", "YAML-BOM", 1, 1),
    ("a: 1\nключ: при\u202eвет\n", "YAML-BIDI", 2, 10),
    ('a: "\\u202e"\n', "YAML-BIDI", 1, 4),  # an escape brings in what the text may not hold
    ('a: "\\0"\n', "YAML-CONTROL", 1, 4),
    ("[" * 50_000, "YAML-DEPTH", 1, 21),  # ends the process where it is parsed by recursion
    ("{a: " * 50_000, "YAML-DEPTH", 1, 81),
    ("".join(f"{'  ' * n}a:\n" for n in range(60)), "YAML-DEPTH", 21, 41),
    ("- " * 300 + "x", "YAML-DEPTH", 1, 41),
    ("a: [" + "1, " * 60_000 + "]", "YAML-TOKENS", 1, 89_997),
    ("x: " + "я" * MAX_BYTES, "YAML-SIZE", 1, 1),
    (b"a: \xff\xfe\n", "YAML-ENCODING", 1, 1),
]


@pytest.mark.parametrize(("source", "code", "line", "column"), REFUSED)
def test_what_is_refused_names_its_line_and_column(source, code, line, column):
    found = load(source, file="f.yaml")

    assert isinstance(found, list)
    first = found[0]
    assert first.place is not None
    assert (first.code, first.place.line, first.place.column) == (code, line, column)


def test_all_bombs_together_take_little_memory():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    for source, *_ in REFUSED:
        load(source, file="f.yaml")

    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50 * 1024


KEPT = [
    # What YAML 1.1 would turn into something else stays the text that was written.
    ("no", "no"),
    ("on", "on"),
    ("Yes", "Yes"),
    ("TRUE", "TRUE"),
    ("12:30", "12:30"),
    ("12:30:45", "12:30:45"),
    ("010", "010"),
    ("0x1F", "0x1F"),
    ("1e3", "1e3"),
    ("1.0", "1.0"),
    ("+5", "+5"),
    ("2026-09-01", "2026-09-01"),
    (".inf", ".inf"),
    ("NULL", "NULL"),
    ("1_000", "1_000"),
    ("99999999999999999999", "99999999999999999999"),
    ('"5"', "5"),
    ("'true'", "true"),
    # And this is all that is more than text.
    ("true", True),
    ("false", False),
    ("null", None),
    ("~", None),
    ("", None),
    ("0", 0),
    ("-17", -17),
]


@pytest.mark.parametrize(("written", "value"), KEPT)
def test_a_value_is_never_reinterpreted(written, value):
    document = load(f"a: {written}\n", file="f.yaml")

    assert isinstance(document, Document)
    assert document.data == {"a": value}
    assert type(document.data["a"]) is type(value)


def test_keys_are_always_text():
    document = load("no: 1\n7-13: 2\n14: 3\ntrue: 4\nnull: 5\n", file="f.yaml")

    assert isinstance(document, Document)
    assert document.data == {"no": 1, "7-13": 2, "14": 3, "true": 4, "null": 5}


def test_every_key_and_value_knows_its_place():
    document = load("ключ: {а: [раз, два]}\nb:\n  c: 1\n", file="f.yaml")

    assert isinstance(document, Document)
    assert str(document.key_place(("ключ",))) == "f.yaml:1:1"
    assert str(document.place(("ключ", "а", 1))) == "f.yaml:1:17"
    assert str(document.key_place(("b", "c"))) == "f.yaml:3:3"
    assert str(document.place(("b", "missing", 4))) == "f.yaml:3:3"  # the nearest there is


@settings(deadline=None)
@given(st.text() | st.binary())
def test_nothing_makes_the_reader_raise(source):
    found = load(source, file="f.yaml")

    assert isinstance(found, Document) or all(isinstance(one, Problem) for one in found)


@settings(deadline=None)
@given(st.text(alphabet=":-[]{}#&*!|>\"'%@`,?\n abc019<~", max_size=80))
def test_nothing_made_of_signs_makes_the_reader_raise(source):
    found = load(source, file="f.yaml")

    assert isinstance(found, Document) or all(one.place is not None for one in found)
