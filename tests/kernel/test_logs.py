"""A log tells what happened and nothing about whom (SECURITY.md, H1)."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from threading import Thread
from typing import Any

import psycopg
import pytest

from server.kernel import logs
from server.kernel.logs import around, facts_of, log


@pytest.fixture
def lines() -> Iterator[Any]:
    stream = io.StringIO()
    logs.configure(stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logs.configure()
    around()


def test_a_line_is_json_with_what_happened_and_when(lines: Any) -> None:
    log.info("signed_in", account="an id")

    [line] = lines()
    assert line["event"] == "signed_in"
    assert line["level"] == "info"
    assert line["account"] == "an id"
    assert line["at"].endswith("+00:00")


def test_what_is_not_listed_is_left_out_whoever_logs_it(lines: Any) -> None:
    log.warning("refused", email="belova@example.org", name="Белова", status=403)

    [line] = lines()
    assert line["withheld"] == ["email", "name"]
    assert "belova" not in json.dumps(line)
    assert line["status"] == 403


def test_of_an_error_its_type_and_its_place_are_told_never_its_message(lines: Any) -> None:
    try:
        raise ValueError("Смирнов Артём, 13 лет")
    except ValueError as error:
        log.error("failed", **facts_of(error))

    [line] = lines()
    assert line["error"] == "ValueError"
    assert "test_of_an_error" in line["place"][-1]
    assert "Смирнов" not in json.dumps(line, ensure_ascii=False)


def test_the_databases_own_code_is_told() -> None:
    assert facts_of(psycopg.errors.LockNotAvailable())["sqlstate"] == "55P03"


def test_no_line_tells_where_the_product_is_installed(lines: Any) -> None:
    try:
        psycopg.connect("host=/no/such/folder connect_timeout=1")
    except psycopg.Error as error:
        log.error("failed", **facts_of(error))

    [line] = lines()
    assert line["place"]
    assert not any(place.startswith("/") for place in line["place"])


def test_what_is_around_belongs_to_one_thread_and_is_replaced(lines: Any) -> None:
    around(request="one")
    around(route="/x")
    log.info("here")
    thread = Thread(target=log.info, args=("there",))
    thread.start()
    thread.join()

    here, there = lines()
    assert here["route"] == "/x"
    assert "request" not in here
    assert "route" not in there


def test_words_in_any_script_stay_readable(lines: Any) -> None:
    log.info("swept", topic="письмо")

    assert lines()[0]["topic"] == "письмо"
