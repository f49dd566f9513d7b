"""Every refusal has a status, words in both languages, and a number; nothing leaks."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask import Blueprint, Flask, abort
from flask.testing import FlaskClient

from server.http import errors as answers
from server.http.context import door
from server.kernel import errors
from server.kernel.errors import MentorSchoolError
from server.kernel.problems import Place, Problem
from server.kernel.text import Text
from server.runtime import Runtime
from server.words.refusals import ERRORS, REASONS
from tests.http.conftest import browser

SERVER = Path(answers.__file__).parents[1]
LEAVES = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, MentorSchoolError)
]


@pytest.fixture
def fail(app: Flask) -> Callable[[Exception | int], FlaskClient]:
    """A browser whose /boom and /api/boom raise what they were told last."""
    told: list[Exception | int] = []
    pages = Blueprint("boom", __name__)

    @pages.route("/boom", methods=["GET", "POST"])
    @pages.route("/api/boom", methods=["GET", "POST"])
    @door("public")
    def boom() -> str:
        what = told[-1]
        if isinstance(what, int):
            abort(what)
        raise what

    app.register_blueprint(pages)

    def raising(what: Exception | int) -> FlaskClient:
        told.append(what)
        return browser(app)

    return raising


@pytest.mark.parametrize("kind", LEAVES, ids=lambda kind: kind.__name__)
def test_every_error_of_the_tree_has_its_own_words_and_a_status(
    kind: type[MentorSchoolError],
) -> None:
    assert kind in ERRORS
    assert 400 <= answers.status_of(kind()) <= 599


def test_every_error_is_a_page_with_what_to_do_and_a_number(
    fail: Callable[[Exception | int], FlaskClient],
) -> None:
    for kind in LEAVES:
        for language in ("ru", "en"):
            answer = fail(kind(door="family")).get(f"/boom?lang={language}")
            page = answer.get_data(as_text=True)

            assert answer.status_code == answers.status_of(kind()), kind
            # A family that comes again has nothing to call about: no number there.
            numbered = answer.headers["X-Request-Id"] in page
            assert numbered == (answer.status_code != 401), kind
            assert "%(" not in page, kind
            assert "Traceback" not in page, kind


def test_every_error_is_a_problem_for_programs(
    fail: Callable[[Exception | int], FlaskClient],
) -> None:
    for kind in LEAVES:
        answer = fail(kind()).get("/api/boom")
        body = answer.get_json()

        assert answer.content_type == "application/problem+json"
        assert body["status"] == answer.status_code == answers.status_of(kind())
        assert body["code"] == answers.code_of(kind())
        assert re.fullmatch(r"[a-z_]+", body["code"])
        assert body["detail"]
        assert body["id"] == answer.headers["X-Request-Id"]


def test_every_reason_in_the_code_has_a_sentence() -> None:
    places = [
        "services",
        "workflows",
        "kernel",
        "forms",
        "consents",
        "model",
        "http",
        "accounts",
        "api",
    ]
    raised = re.compile(
        r"(?:Refused|NotYours|NotAllowed|ConsentMissing|Conflict|CodeRefused|ContactRefused)"
        r"\(\s*reason=\"([a-z_]+)\""
    )
    found = {
        reason
        for place in places
        for file in (SERVER / place).rglob("*.py")
        for reason in raised.findall(file.read_text())
    }

    assert found
    assert found - set(REASONS) == set()


def test_a_reason_is_said_with_its_facts(
    fail: Callable[[Exception | int], FlaskClient],
) -> None:
    page = fail(errors.CodeRefused(reason="code_wrong", left=3)).get("/boom?lang=en")

    assert "Attempts left: 3." in page.get_data(as_text=True)


def test_the_last_wrong_try_sends_to_a_new_code(
    fail: Callable[[Exception | int], FlaskClient],
) -> None:
    page = fail(errors.CodeRefused(reason="code_wrong", left=0)).get("/boom?lang=en")

    assert "Ask for a new one." in page.get_data(as_text=True)
    assert "Attempts left" not in page.get_data(as_text=True)


def test_programs_are_told_which_answers_are_wrong_and_why(
    fail: Callable[[Exception | int], FlaskClient],
) -> None:
    problem = Problem("ANSWER-REQUIRED", {"type": "text"})
    refusal = errors.AnswersRefused(
        problems={"goal": [problem]}, labels={"goal": Text({"en": "Your goal"})}
    )
    body = fail(refusal).get("/api/boom?lang=en").get_json()

    [told] = body["problems"]
    said = told["detail"]
    assert (told["code"], told["pointer"]) == ("ANSWER-REQUIRED", "#/answers/goal")
    assert "Your goal" in said


def test_programs_are_told_where_a_definition_is_wrong(
    fail: Callable[[Exception | int], FlaskClient],
) -> None:
    problem = Problem("YAML-TAB", place=Place("forms/x.yaml", 3, 7), at="x.goal", why="model.P10")
    body = fail(errors.DefinitionRefused(problems=[problem])).get("/api/boom?lang=en").get_json()

    assert body["problems"] == [
        {
            "code": "YAML-TAB",
            "detail": "There is a tab here. Use spaces.",
            "pointer": None,
            "at": "x.goal",
            "file": "forms/x.yaml",
            "line": 3,
            "column": 7,
            "rule": "model.P10",
            "warning": False,
            "trail": [],
        }
    ]


def test_who_was_first_is_told(fail: Callable[[Exception | int], FlaskClient]) -> None:
    body = fail(errors.AlreadyDone(by="Орлова Анна", outcome="accept")).get("/api/boom").get_json()

    assert (body["by"], body["outcome"]) == ("Орлова Анна", "accept")


def test_a_limit_says_when_to_come_back(
    fail: Callable[[Exception | int], FlaskClient], runtime: Runtime
) -> None:
    retry_at = runtime.tools.clock.now() + timedelta(minutes=12)
    answer = fail(errors.LimitReached(limit="x", retry_at=retry_at)).get("/boom?lang=en")

    assert answer.status_code == 429
    assert 700 < int(answer.headers["Retry-After"]) <= 720
    assert "in 12 minutes" in answer.get_data(as_text=True)


def test_what_nobody_foresaw_tells_nothing(
    fail: Callable[[Exception | int], FlaskClient], log_lines: Callable[[], str]
) -> None:
    secret = "Смирнов Артём, select * from person"
    answer = fail(ValueError(secret)).get("/boom")

    assert answer.status_code == 500
    page = answer.get_data(as_text=True)
    assert secret not in page
    assert ".py" not in page
    assert "ValueError" not in page
    [line] = [json.loads(each) for each in log_lines().splitlines() if "unforeseen" in each]
    assert line["request"] == answer.headers["X-Request-Id"]
    assert line["error"] == "ValueError"
    assert line["route"] == "/boom"
    assert secret not in log_lines()


def test_debug_in_the_environment_changes_nothing(
    fail: Callable[[Exception | int], FlaskClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLASK_DEBUG", "1")

    answer = fail(ValueError("x")).get("/boom")

    assert answer.status_code == 500
    assert "Traceback" not in answer.get_data(as_text=True)
    assert "__debugger__" not in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (psycopg.errors.LockNotAvailable(), 503),
        (psycopg.errors.DeadlockDetected(), 503),
        (psycopg.errors.AdminShutdown(), 503),
        (psycopg.OperationalError("could not connect to server at 10.0.0.7"), 503),
        (psycopg.errors.UniqueViolation("Key (email)=(a@example.org) exists"), 500),
    ],
)
def test_a_busy_database_is_no_mistake_and_no_leak(
    fail: Callable[[Exception | int], FlaskClient],
    log_lines: Callable[[], str],
    error: Exception,
    status: int,
) -> None:
    answer = fail(error).get("/boom")

    assert answer.status_code == status
    assert ("Retry-After" in answer.headers) == (status == 503)
    for told in (answer.get_data(as_text=True), log_lines()):
        assert "10.0.0.7" not in told
        assert "a@example.org" not in told


def test_statuses_of_the_library_get_our_page(
    fail: Callable[[Exception | int], FlaskClient],
) -> None:
    for status in (400, 403, 404, 405, 408, 413, 414, 415, 418, 429, 500, 503):
        client = fail(status)
        page = client.get("/boom?lang=en")

        assert page.status_code == status
        assert page.headers["X-Request-Id"] in page.text
        assert "<h1>" in page.text
        assert client.get("/api/boom").content_type == "application/problem+json"


def test_a_program_is_known_by_its_path_its_body_or_what_it_accepts(
    fail: Callable[[Exception | int], FlaskClient],
) -> None:
    browser = fail(errors.NotFound())

    def kind(path: str, **more: Any) -> str:
        return str(browser.get(path, **more).mimetype)

    assert kind("/api/nothing/here") == "application/problem+json"
    assert kind("/boom", headers={"Accept": "application/json"}) == "application/problem+json"
    assert kind("/boom", json={}) == "application/problem+json"
    assert kind("/boom", headers={"Accept": "text/html,*/*;q=0.8"}) == "text/html"
    assert kind("/boom", headers={"Accept": "*/*"}) == "text/html"


def test_the_page_of_an_error_asks_the_database_for_nothing(
    client: FlaskClient, runtime: Runtime
) -> None:
    client.set_cookie("school", "A" * 43)
    before = runtime.tools.database.round_trips.trips

    assert client.get("/no/such/page").status_code == 404

    assert runtime.tools.database.round_trips.trips == before
