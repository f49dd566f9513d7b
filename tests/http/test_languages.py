"""The language of a page: asked for, chosen before, read by the browser, Russian."""

from __future__ import annotations

import re

from flask import Flask
from flask.testing import FlaskClient

from tests.http.conftest import Place, browser, sign_in_as

# Asked by the address, chosen before, read by the browser, and what the page speaks then.
CHOICES = [
    ("", "", "", "ru"),
    ("", "", "en-GB,en;q=0.9", "en"),
    ("", "", "de-DE,fr;q=0.5", "ru"),
    ("", "en", "ru", "en"),
    ("?lang=ru", "en", "en", "ru"),
    ("?lang=en", "ru", "ru", "en"),
    ("?lang=xx", "", "en", "en"),
    ("?lang=../../etc", "", "", "ru"),
    ("?lang=en%22%3E%3Cscript%3E", "", "", "ru"),
]


def test_what_was_asked_for_wins(app: Flask) -> None:
    for query, cookie, header, language in CHOICES:
        client = browser(app)
        if cookie:
            client.set_cookie("lang", cookie)

        page = client.get(f"/sign-in{query}", headers={"Accept-Language": header})

        assert f'<html lang="{language}"' in page.text, (query, cookie, header)
        assert "<script>" not in page.text


def test_a_choice_is_remembered(client: FlaskClient) -> None:
    client.get("/sign-in?lang=en")

    assert '<html lang="en"' in client.get("/sign-in").text


def test_the_switch_keeps_the_pages_own_query(client: FlaskClient) -> None:
    page = client.get("/sign-in?next=/desk?tab%3Dlate&lang=ru").text

    [other] = re.findall(r'hreflang="en" href="([^"]+)"', page)
    assert other == "?next=%2Fdesk%3Ftab%3Dlate&amp;lang=en"


def test_an_error_speaks_the_readers_language(client: FlaskClient) -> None:
    english = client.get("/no/such/page?lang=en").text

    assert '<html lang="en"' in english
    assert "There is no such page" in english


def test_the_accounts_language_is_taken_where_none_was_chosen(
    client: FlaskClient, place: Place
) -> None:
    sign_in_as(client, place.email)
    client.get("/sign-in/arrived")

    held = client.get_cookie("lang")
    assert held is not None
    assert held.value == "ru"
