"""A form of 40 fields: its page against the same HTML as a flat template, its POST against parsing.

Both pages are asked of the real application through Flask's test client, so that language, session,
CSRF secret and headers cost both the same. One is `family/form.html` in its layout with the
compiled rows; the other is one flat template of the same bytes: static text, values printed in
place, checks asked for one by one. Beside it stand the rows alone, and the page drawn without a
request, which shows what the layout costs. The POST is parsed by the application's own request
class, then bound and validated by the compiled form. All of it by the processor's time.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date
from typing import Any, Final
from urllib.parse import urlencode

from flask import Flask, Request, Response, current_app
from flask_wtf.csrf import generate_csrf
from jinja2 import Template
from werkzeug.test import EnvironBuilder

from bench.ground import Ground
from bench.results import Result
from bench.rounds import cpu_timed, interleaved
from server.app import create_app
from server.forms.answers import Read
from server.forms.builder import page_name, read_page
from server.forms.definition import FormSpec
from server.forms.page import Slot
from server.http import rendering
from server.http.context import door
from server.http.form_pages import page_of
from server.http.security import csp_nonce
from server.web import forms

LOCALE: Final = "ru"
TODAY: Final = date(2026, 9, 7)
_NAMED: Final = "Анкета участника программы наставничества"
_AMOUNTS: Final = {
    "text": 14, "long_text": 4, "one_of": 6, "several_of": 3, "yes_no": 4, "date": 3,
    "person_name": 2, "contact": 1, "number": 2, "scale": 1,
}  # fmt: skip
_ANSWERS: Final[dict[str, str | list[str] | dict[str, str]]] = {
    "text": "Кружок робототехники «Старт» & друзья",
    "long_text": "Хочу научиться собирать роботов и выступить на соревнованиях весной. " * 3,
    "one_of": "option_3",
    "several_of": ["option_1", "option_4"],
    "yes_no": "yes",
    "date": {"day": "11", "month": "4", "year": "2013"},
    "person_name": "Смирнов Артём Олегович",
    "contact": "mama@example.org",
    "number": "12",
    "scale": "4",
}


def measure(ground: Ground, *, rounds: int) -> list[Result]:
    """Page, rows and POST in one run."""
    form = a_form()
    with ground.runtime(ground.database("form")) as runtime:
        app = create_app(runtime)
        parse, post = _posts(app, form)
        with app.test_request_context(base_url=runtime.settings.base_url):
            pages = _Pages(form)
            ask = _asked(app, runtime.settings.base_url, pages)
            return [
                _pair("page", ask["page"], "flat page", ask["flat"], rounds, goal=2.0),
                _pair("page without a request", pages.real, "flat page", pages.flat, rounds),
                _pair("rows", pages.real_rows, "flat rows", pages.flat_rows, rounds),
                _pair("POST", post, "parsing", parse, rounds, goal=1.9),
            ]


def _pair(
    variant: str,
    run: Callable[[], object],
    baseline: str,
    run_baseline: Callable[[], object],
    rounds: int,
    *,
    goal: float | None = None,
) -> Result:
    """Two in turns, one of each at a time; a round counts by its median, lucky runs do not."""
    found = interleaved(
        {variant: cpu_timed(run), baseline: cpu_timed(run_baseline)}, rounds=rounds, each=60
    )
    return Result(
        "form of 40 fields", variant, found.value(variant) * 1e6, "µs CPU", found.count,
        baseline=baseline, ratio=found.ratio(variant, baseline), goal=goal,
    )  # fmt: skip


def a_form() -> FormSpec:
    """Forty fields of all types, as a definition would have them."""
    kinds = [kind for kind, amount in _AMOUNTS.items() for _ in range(amount)]
    return FormSpec.model_validate(
        {
            "form": "forty",
            "title": {"ru": _NAMED, "en": "Questionnaire"},
            "intro": {"ru": "Заполните, что знаете.", "en": "Fill in what you know."},
            "fields": [_field(number, kind) for number, kind in enumerate(kinds)],
        }
    )


def _field(number: int, kind: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "field": f"question_{number}",
        "type": kind,
        "label": {"ru": f"Вопрос анкеты номер {number}", "en": f"Question {number}"},
        "help": {"ru": "Заполните как в документе", "en": "As in the document"},
        "required": number % 3 != 2,
        "readers": ["tutor", "coordinator"],
    }
    if kind in ("one_of", "several_of"):
        options = [
            {"value": f"option_{at}", "label": {"ru": f"Вариант {at}", "en": f"Option {at}"}}
            for at in range(5)
        ]
        found["choices"] = {"options": options}
    return found | ({"max_length": 1000} if kind == "long_text" else {})


class _Pages:
    """The real page and the flat one, which give the same bytes; made inside a request."""

    def __init__(self, form: FormSpec) -> None:
        self._form = form
        self._typed = {spec.field: _ANSWERS[spec.type] for spec in form.fields}
        rows = _flat_rows(form)
        drawn, drawn_rows = self.real(), str(self.real_rows())
        before, _, after = drawn.partition(drawn_rows)
        self._flat_rows = _template(rows)
        self._flat = _template(_around(before) + rows + _around(after))
        assert self.flat_rows() == drawn_rows
        assert self.flat() == drawn

    def real(self) -> str:
        """As `web/records.form_page` answers."""
        form = self._form
        return rendering.bare(
            "family/form.html",
            page_title=form.title.in_(LOCALE),
            intro=form.intro.in_(LOCALE) if form.intro else "",
            rows=self.real_rows(),
            readers=forms.readers(form, LOCALE),
            errors=forms.errors(form, LOCALE, {}),
            notices=[],
            edition=forms.edition_of(form),
            once="0" * 16,
            button="Отправить",
        )

    def flat(self) -> str:
        """The same bytes of one template."""
        return self._flat.render(typed=self._typed, csp_nonce=csp_nonce)

    def real_rows(self) -> str:
        """The rows of the form alone."""
        return forms.rows(self._form, LOCALE, typed=self._typed)

    def flat_rows(self) -> str:
        """The same rows of one template."""
        return self._flat_rows.render(typed=self._typed)


def _asked(app: Flask, base_url: str, pages: _Pages) -> dict[str, Callable[[], None]]:
    """Requests for the two pages."""

    def view_of(draw: Callable[[], str]) -> Callable[[], Response]:
        return lambda: Response(draw(), mimetype="text/html")

    def ask(path: str) -> Callable[[], None]:
        client = app.test_client(use_cookies=False)

        def asked() -> None:
            answer = client.get(path, base_url=base_url)
            assert answer.status_code == 200, answer.status

        return asked

    drawn = {"page": pages.real, "flat": pages.flat}
    for name, draw in drawn.items():
        app.add_url_rule(f"/bench/{name}", f"bench_{name}", door("public")(view_of(draw)))
    return {name: ask(f"/bench/{name}") for name in drawn}


def _flat_rows(form: FormSpec) -> str:
    pieces: list[str] = []
    for row in page_of(form, LOCALE).rows:
        pieces += [
            _still(piece) if isinstance(piece, str) else _moving(row.spec.field, piece)
            for piece in row.calm
        ]
        pieces.append("\n")
    return "".join(pieces)


def _around(text: str) -> str:
    """What stands around the rows, with the two secrets of each request in their places."""
    secrets = {csp_nonce(): "csp_nonce", generate_csrf(): "csrf_token"}
    for secret, name in secrets.items():
        text = text.replace(secret, "{{ " + name + "() }}")
    return text


def _template(source: str) -> Template:
    # Jinja drops a newline that stands last.
    return current_app.jinja_env.from_string(source + "{# #}")


def _still(text: str) -> str:
    return "{% raw %}" + text + "{% endraw %}" if "{" in text else text


def _moving(field: str, slot: Slot) -> str:
    value = f'typed["{field}"]'
    match slot.kind:
        case "checked":
            chosen = (
                f'{value} == "{slot.key}" or ({value} is not string and "{slot.key}" in {value})'
            )
            return "{% if " + chosen + " %}" + slot.text + "{% endif %}"
        case "box":
            return "{{ " + value + f'["{slot.key}"]' + " }}"
    return "{{ " + value + " }}"


def _posts(app: Flask, form: FormSpec) -> tuple[Callable[[], object], Callable[[], Read]]:
    """Parsing alone, and parsing with binding and validation."""
    body = urlencode(_body(form)).encode()
    environ = EnvironBuilder(
        method="POST", content_type="application/x-www-form-urlencoded"
    ).get_environ()
    environ["CONTENT_LENGTH"] = str(len(body))
    request_class: type[Request] = app.request_class

    def parse() -> Any:
        return request_class(environ | {"wsgi.input": io.BytesIO(body)}).form

    def post() -> Read:
        read = read_page(form, parse(), today=TODAY, locale=LOCALE)
        assert read.ok
        return read

    assert len(post().values) == len(form.fields)
    return parse, post


def _body(form: FormSpec) -> list[tuple[str, str]]:
    body = [("csrf_token", "0" * 80), ("edition", "0" * 16), ("once", "0" * 16)]
    for spec in form.fields:
        name, answer = page_name(spec.field), _ANSWERS[spec.type]
        match answer:
            case dict():
                body += [(f"{name}-{box}", typed) for box, typed in answer.items()]
            case list():
                body += [(name, one) for one in answer]
            case _:
                body.append((name, answer))
    return body
