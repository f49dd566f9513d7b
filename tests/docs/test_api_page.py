"""Every example of docs/api.md, carried out in order on the demo."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from flask.testing import FlaskClient

from server import demo
from server.api.table import TABLE
from server.app import create_app
from server.http.errors import code_of
from server.kernel.errors import MentorSchoolError
from server.runtime import Runtime
from server.store.trouble import Trouble
from tests.docs.examples import DOCS, Example, agree, examples, expected, filled

PAGE = "api.md"
BASE = "http://localhost:8000/api/v1"


@pytest.mark.slow
def test_the_examples_of_the_api_are_what_it_answers(runtime: Runtime) -> None:
    demo.load(runtime)
    client = create_app(runtime).test_client()
    known = {"BASE": BASE, **_tokens(runtime)}

    for example in examples(PAGE):
        answer = _curl(client, example, known)
        try:
            agree(expected(example.answer), answer, known)
        except AssertionError as difference:
            raise AssertionError(f"$ {example.command}\n{difference}") from None


def test_the_codes_of_refusals_are_those_of_the_house() -> None:
    text = (DOCS / PAGE).read_text("utf-8")
    table = re.findall(r"^\| \d{3} \| (.*?) \|", text, re.MULTILINE)
    listed = {code for cell in table for code in re.findall("`([a-z_]+)`", cell)}
    shown = set(re.findall(r'"code": "([a-z_]+)"', text))

    assert shown <= listed
    assert listed <= {code_of(kind()) for kind in _kinds(MentorSchoolError)} | set(
        get_args(Trouble)
    )


def test_every_route_is_named() -> None:
    text = (DOCS / PAGE).read_text("utf-8")

    for row in TABLE:
        assert f"| {row.summary} |" in text, row.path


def _kinds(kind: type[MentorSchoolError]) -> Iterator[type[MentorSchoolError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from _kinds(below)


def _tokens(runtime: Runtime) -> dict[str, str]:
    told = json.loads(runtime.settings.data.demo.read_text("utf-8"))
    tokens = {one["name"]: one["token"] for one in told["tokens"]}
    names = {"COORDINATOR": "vologda coordinator", "ADMIN": "vologda admin", "KEEPER": "platform"}
    return {name: f"Authorization: Bearer {tokens[of]}" for name, of in names.items()}


def _curl(client: FlaskClient, example: Example, known: dict[str, str]) -> Any:
    """What curl would do, with the few options that the page uses."""
    words = shlex.split(filled(example.command, known))
    assert words.pop(0) == "curl"
    method, address, headers, body = "GET", "", {}, None
    while words:
        word = words.pop(0)
        if word == "-s":
            continue
        if word == "-X":
            method = words.pop(0)
        elif word == "-H":
            name, _, value = words.pop(0).partition(": ")
            headers[name] = value
        elif word == "--json":
            given = words.pop(0)
            body = filled(example.stdin, known) if given == "@-" else given
            method = "POST" if method == "GET" else method
        else:
            assert word.startswith(BASE), f"{word!r} is not understood"
            address = word.removeprefix("http://localhost:8000")
    if body is not None:
        headers["Content-Type"] = "application/json"
    return client.open(address, method=method, headers=headers, data=body).get_json()
