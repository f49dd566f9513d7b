"""How a refusal is answered: a page for people, `application/problem+json` for programs.

One table (`words.ERRORS`) gives status and words. Who asked by a page gets the number of the
request to name when they call; nobody gets a trace, a statement or a path. What is our fault is
logged with that number.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, g, jsonify, redirect, request, url_for
from flask.globals import request_ctx
from flask.typing import ResponseReturnValue
from flask_babel import format_timedelta, get_locale, gettext
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, SecurityError

from server.http import rendering
from server.http.context import tools
from server.kernel.errors import (
    AnswersRefused,
    Broken,
    Conflict,
    DefinitionRefused,
    LimitReached,
    MentorSchoolError,
    NotAllowed,
    NotFound,
    Refused,
    SettingsRefused,
    SignInNeeded,
)
from server.kernel.logs import facts_of, log
from server.store.trouble import trouble
from server.words import answers, problems
from server.words.refusals import (
    ERRORS,
    FOREIGN_HOST,
    NO_FAMILY,
    REASONS,
    STALE_FORM,
    STALE_FORM_ELSEWHERE,
    STATUSES,
    Said,
)

# A leaf of the tree without a row of its own has its branch's status.
STATUS: Mapping[type[MentorSchoolError], int] = {
    MentorSchoolError: 500,
    SettingsRefused: 500,
    NotFound: 404,
    NotAllowed: 403,
    SignInNeeded: 401,
    Refused: 422,
    Conflict: 409,
    LimitReached: 429,
    Broken: 500,
}

# Facts of an error that whoever met it may be told.
_TOLD = ("by", "at", "outcome", "step", "state", "consent", "missing", "left", "reason", "retry_at")
_BUSY_AGAIN = 2  # seconds
# Never sent back to a browser, not even to the one that sent it.
_SECRET_FIELDS = ("csrf_token", "password", "again", "code")


def register(app: Flask) -> None:
    """Answer every error of the house, of Werkzeug, of PostgreSQL and of nobody's making."""
    app.register_error_handler(MentorSchoolError, refused)
    app.register_error_handler(CSRFError, stale_form)
    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(Exception, failed)


def said_of(error: MentorSchoolError) -> Said:
    """The row of an error: its own, else that of its nearest ancestor."""
    return next(ERRORS[kind] for kind in type(error).__mro__ if kind in ERRORS)


def status_of(error: MentorSchoolError) -> int:
    """The status of an error: its own, else that of its nearest ancestor."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def sentence_of(error: MentorSchoolError) -> str:
    """What happened, in the reader's language: by its reason where it has one."""
    name = str(error.facts.get("reason", ""))
    if name == "code_wrong" and error.facts.get("left") == 0:
        name = "code_spent"  # the last try is over: what helps now is a new code
    reason = REASONS.get(name)
    sentence = gettext(reason or said_of(error).message)
    return _filled(sentence, {**error.facts, "wait": _wait(error)})


def answer_sentences(error: AnswersRefused) -> dict[str, list[str]]:
    """What is wrong with each answer, by field; each sentence names its question."""
    locale = _language()
    labels = error.facts.get("labels", {})
    return {
        name: [
            answers.say_answer_problem(each, labels[name].in_(locale), locale)
            if name in labels
            else answers.say_answer_problem(each, name, locale)
            for each in found
        ]
        for name, found in error.facts.get("problems", {}).items()
    }


def code_of(error: MentorSchoolError) -> str:
    """The stable word by which a program knows a refusal: `stage_closed`."""
    own = error.facts.get("code")
    name = type(error).__name__
    return own if isinstance(own, str) else _snake(name)


def refused(error: MentorSchoolError) -> ResponseReturnValue:
    """Answer a refusal of the house."""
    said, status = said_of(error), status_of(error)
    if status >= 500:
        log.error("failed", status=status, **facts_of(error))
    elif status in (403, 429):
        log.warning("refused", status=status, code=code_of(error))
    if wants_json():
        return _problem(status, said, code_of(error), sentence_of(error), error=error)
    if isinstance(error, SignInNeeded):
        return _sign_in(error)
    # Whose role is over would find no door out of here: whoever is signed in is offered two.
    here = g.get("staff") if status == 403 else None
    return _page(status, said, message=sentence_of(error), headers=_headers(error), here=here)


def stale_form(_error: CSRFError) -> ResponseReturnValue:
    """Answer a form whose secret is missing or old, and keep what was typed.

    Only a browser that swears the form is our own (`Sec-Fetch-Site`, which no page can forge) gets
    a button that sends it once more: a foreign page must not have one click of it.
    """
    log.warning("refused", status=400, code="csrf")
    if wants_json():
        return _problem(400, STALE_FORM_ELSEWHERE, "csrf", gettext(STALE_FORM_ELSEWHERE.message))
    ours = request.headers.get("Sec-Fetch-Site") == "same-origin"
    fields = [
        (name, value)
        for name, value in request.form.items(multi=True)
        if name not in _SECRET_FIELDS
    ]
    if not ours or request.files or request.endpoint is None:
        return _page(400, STALE_FORM_ELSEWHERE)
    return _page(400, STALE_FORM, template="stale_form.html", action=request.path, fields=fields)


def http_error(error: HTTPException) -> ResponseReturnValue:
    """Answer what Werkzeug refuses, and `abort`."""
    status = error.code or 500
    if isinstance(error, SecurityError):
        return _foreign_host(status)
    if error.response is not None or status < 400:
        return error.get_response()
    said = STATUSES.get(status) or (STATUSES[400] if status < 500 else STATUSES[500])
    if status >= 500:
        log.error("failed", status=status, **facts_of(error))
    headers = {"Allow": ", ".join(error.valid_methods or ())} if status == 405 else {}  # type: ignore[attr-defined]  # 405 has it
    if wants_json():
        code = _snake(type(error).__name__)
        return _problem(status, said, code, gettext(said.message), headers=headers)
    return _page(status, said, headers=headers)


def _foreign_host(status: int) -> Response:
    """Answer who asks by a name that is not ours: with our own address, never built from theirs."""
    if wants_json():
        return _problem(status, FOREIGN_HOST, "foreign_host", gettext(FOREIGN_HOST.message))
    # Without a host of ours Flask writes no address at all: the page's are bare paths of our own.
    own = urlsplit(current_app.config["BASE_URL"])
    request_ctx.url_adapter = current_app.url_map.bind(own.netloc, url_scheme=own.scheme)
    way = {"label": gettext("Open the right address"), "url": own.geturl()}
    return _page(status, FOREIGN_HOST, act=way)


def failed(error: Exception) -> ResponseReturnValue:
    """Answer what nobody foresaw. A busy or absent database is no mistake of ours: 503."""
    kind = trouble(error)
    status = 503 if kind else 500
    said = STATUSES[status]
    log.error("failed", status=status, code=kind or "unforeseen", **facts_of(error))
    headers = {"Retry-After": str(_BUSY_AGAIN)} if kind else {}
    if wants_json():
        return _problem(status, said, kind or "internal", gettext(said.message), headers=headers)
    return _page(status, said, headers=headers)


def wants_json() -> bool:
    """Whether a program asks: under /api, with a JSON body, or by what it accepts."""
    if request.path.startswith("/api/") or request.is_json:
        return True
    best = request.accept_mimetypes.best_match(["text/html", "application/json"])
    return best == "application/json" and not request.accept_mimetypes.accept_html


def _sign_in(error: SignInNeeded) -> ResponseReturnValue:
    if error.facts.get("door") != "staff":
        return _page(401, NO_FAMILY)
    page = "accounts.choose" if error.facts.get("choose") else "security.login"
    # Only a page that was looked at can be come back to.
    back = request.full_path.rstrip("?") if request.method == "GET" else None
    return redirect(url_for(page, next=back), 303)


def _page(
    status: int,
    said: Said,
    *,
    template: str = "error.html",
    message: str | None = None,
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> Response:
    """The page of an error; it asks neither the session nor the database for anything."""
    html = rendering.bare(
        template,
        page_title=gettext(said.title),
        message=message if message is not None else gettext(said.message),
        advice=gettext(said.advice) if said.advice else "",
        # A family that comes again has nothing to call about: that number stands for no trouble.
        error_id=g.get("request_id", "") if status != 401 else "",
        **more,
    )
    return Response(html, status, headers, mimetype="text/html")


def _problem(
    status: int,
    said: Said,
    code: str,
    detail: str,
    *,
    error: MentorSchoolError | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The answer to a program, RFC 9457."""
    body = {**_body(status, said, code, detail), "id": g.get("request_id", "")}
    if error is not None:
        body.update(_told(error))
    response = jsonify(body)
    response.status_code = status
    response.mimetype = "application/problem+json"
    response.headers.extend({**(headers or {}), **(_headers(error) if error else {})})
    return response


def problem_of(error: MentorSchoolError) -> dict[str, Any]:
    """What a program is told of a refusal, as a part of an answer: one row of many."""
    said = said_of(error)
    body = _body(status_of(error), said, code_of(error), sentence_of(error))
    return {**body, **_told(error)}


def _body(status: int, said: Said, code: str, detail: str) -> dict[str, Any]:
    return {
        "type": "about:blank",
        "title": gettext(said.title),
        "status": status,
        "code": code,
        "detail": detail,
    }


def _told(error: MentorSchoolError) -> dict[str, Any]:
    found = {name: getattr(error, name, None) for name in _TOLD}
    told: dict[str, Any] = {name: _plain(each) for name, each in found.items() if each is not None}
    if wrong := list(_problems(error)):
        told["problems"] = wrong
    return told


def _problems(error: MentorSchoolError) -> Iterator[dict[str, Any]]:
    """Everything that is wrong with what was sent, each with its code, its sentence and its place.

    Of a definition that is a place in a file; of answers and of a body a JSON Pointer.
    """
    locale = _language()
    if isinstance(error, AnswersRefused):
        said = answer_sentences(error)
        for name, found in error.facts.get("problems", {}).items():
            for problem, sentence in zip(found, said[name], strict=True):
                pointer = pointer_to(("answers", name))
                yield problems.as_data(problem, locale, pointer=pointer, detail=sentence)
    elif isinstance(error, DefinitionRefused):
        for problem in error.facts.get("problems", ()):
            yield problems.as_data(problem, locale)
    elif isinstance(error, Refused):
        for path, problem in error.facts.get("at_paths", ()):
            yield problems.as_data(problem, locale, pointer=pointer_to(path))


def pointer_to(path: Iterable[str | int]) -> str:
    """The JSON Pointer to a value in a body, as a fragment: `#/files/forms~1f15.yaml`."""
    parts = (str(part).replace("~", "~0").replace("/", "~1") for part in path)
    return "#" + "".join(f"/{part}" for part in parts)


def _headers(error: MentorSchoolError) -> dict[str, str]:
    if isinstance(error, LimitReached):
        return {"Retry-After": str(math.ceil(_seconds(error)))}
    if isinstance(error, SignInNeeded) and error.facts.get("door") == "token":
        return {"WWW-Authenticate": "Bearer"}
    return {}


def _seconds(error: MentorSchoolError) -> float:
    retry_at = error.facts.get("retry_at")
    if isinstance(retry_at, datetime):
        return max(1.0, (retry_at - tools().clock.now()).total_seconds())
    return float(error.facts.get("seconds", 60))


def _wait(error: MentorSchoolError) -> str:
    """«через 12 минут»: how long to wait, rounded up so that it is true."""
    if not isinstance(error, LimitReached):
        return ""
    seconds = _seconds(error)
    whole = timedelta(minutes=math.ceil(seconds / 60)) if seconds > 59 else timedelta(seconds=60)
    return str(format_timedelta(whole, add_direction=True, threshold=1.2))


def _filled(sentence: str, facts: Mapping[str, Any]) -> str:
    """The sentence with its places filled; one whose facts are missing stays without them."""
    try:
        return str(sentence % {name: str(value) for name, value in facts.items()})
    except KeyError:
        return str(gettext(ERRORS[Refused].message))


def _language() -> str:
    return str(get_locale() or "ru")[:2]


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, (set, frozenset, tuple, list)):
        return [str(each) for each in value]
    return value if isinstance(value, (str, int, float, bool)) else str(value)


def _snake(name: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")
