"""A new password by mail: computed links, equal answers, every session ended."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient

from server.access.actors import SHELL, SYSTEM
from server.kernel.errors import Refused
from server.runtime import Runtime
from server.services.accounts import passwords, people
from server.services.limits import RESET_ACCOUNT
from server.services.messages import letters
from tests.http.conftest import PASSWORD, Place, browser, csrf_of, sign_in_as

NEW = "совсем другие четыре слова"


def test_the_mailed_link_sets_a_new_password(
    client: FlaskClient, place: Place, runtime: Runtime
) -> None:
    link = _ask(client, place, runtime)

    entered = client.get(link)
    assert (entered.status_code, entered.location) == (303, "/password/new")
    answer = _set(client, NEW, NEW)

    assert answer.location == "/password/renewed"
    assert sign_in_as(client, place.email, PASSWORD).status_code == 200  # the old one is refused
    assert sign_in_as(client, place.email, NEW).status_code == 302


def test_the_letter_carries_the_same_link_when_it_is_written_again(
    client: FlaskClient, place: Place, runtime: Runtime
) -> None:
    _ask(client, place, runtime)

    assert _links(runtime, place) == _links(runtime, place)


def test_a_mail_scanner_that_opens_the_link_uses_nothing_up(
    app: Flask, client: FlaskClient, place: Place, runtime: Runtime
) -> None:
    link = _ask(client, place, runtime)
    for _ in range(20):
        browser(app).get(link)
        browser(app).head(link)

    client.get(link)

    assert _set(client, NEW, NEW).location == "/password/renewed"


def test_a_used_link_is_dead_in_every_browser(
    app: Flask, client: FlaskClient, place: Place, runtime: Runtime
) -> None:
    link = _ask(client, place, runtime)
    other = browser(app)
    other.get(link)
    client.get(link)
    # The form was open twice; the second press comes too late.
    token = csrf_of(other, "/password/new")
    _set(client, NEW, NEW)

    late = other.post(
        "/password/new", data={"csrf_token": token, "password": PASSWORD, "again": PASSWORD}
    )

    assert late.status_code == 404
    assert client.get(link).status_code == 404
    assert sign_in_as(client, place.email, NEW).status_code == 302


def test_every_earlier_letter_dies_with_the_new_password(
    client: FlaskClient, place: Place, runtime: Runtime
) -> None:
    first = _ask(client, place, runtime)
    second = _ask(client, place, runtime)
    assert first != second
    client.get(second)
    _set(client, NEW, NEW)

    assert client.get(first).status_code == 404


def test_after_half_an_hour_the_link_is_dead(
    client: FlaskClient, place: Place, runtime: Runtime, superuser_url: str
) -> None:
    link = _ask(client, place, runtime)
    with psycopg.connect(superuser_url) as connection:
        connection.execute(
            "update delivery set created_at = created_at - %s", [timedelta(minutes=31)]
        )

    assert client.get(link).status_code == 404


def test_unknown_expired_and_used_links_are_answered_alike(
    client: FlaskClient, place: Place, runtime: Runtime, superuser_url: str
) -> None:
    link = _ask(client, place, runtime)
    with psycopg.connect(superuser_url) as connection:
        connection.execute(
            "update delivery set created_at = created_at - %s", [timedelta(minutes=31)]
        )

    expired, unknown = client.get(link), client.get("/reset/" + "A" * 43)

    assert _without_number(expired) == _without_number(unknown)


def test_a_new_password_ends_every_session(
    app: Flask, client: FlaskClient, place: Place, runtime: Runtime
) -> None:
    at_work = browser(app)
    sign_in_as(at_work, place.email)
    client.get(_ask(client, place, runtime))

    _set(client, NEW, NEW)

    assert at_work.get("/sign-in/arrived").location == "/sign-in"


def test_known_and_unknown_addresses_get_the_same_answer(
    client: FlaskClient, place: Place, runtime: Runtime
) -> None:
    answers = [_post_address(client, email) for email in (place.email, "nobody@example.org")]

    assert [answer.status_code for answer in answers] == [303, 303]
    assert len({answer.location for answer in answers}) == 1
    assert len({answer.get_data() for answer in answers}) == 1


def test_known_and_unknown_addresses_cost_the_same_statements(
    client: FlaskClient, place: Place, runtime: Runtime
) -> None:
    counted = []
    for email in ("warm-up@example.org", place.email, "nobody@example.org"):
        token = csrf_of(client, "/password/reset")
        before = runtime.tools.database.round_trips.statements
        client.post("/password/reset", data={"csrf_token": token, "email": email})
        counted.append(runtime.tools.database.round_trips.statements - before)

    assert counted[1] == counted[2]


@pytest.mark.parametrize("password", ["anna@example.org", "ANNA@Example.org1", "anna.anna.2026"])
def test_the_address_is_no_password_in_any_spelling(password: str) -> None:
    with pytest.raises(Refused) as refused:
        passwords.require_good(password, email="anna@example.org")

    assert refused.value.facts["reason"] == "password_address"


def test_an_address_that_nobody_can_have_is_refused(client: FlaskClient) -> None:
    refused = _post_address(client, "anna\0@example.org")

    assert refused.status_code == 200
    assert "name@example.ru" in refused.get_data(as_text=True)


def test_an_unknown_address_leaves_nothing_behind(
    client: FlaskClient, place: Place, superuser_url: str
) -> None:
    _post_address(client, "nobody@example.org")

    with psycopg.connect(superuser_url) as connection:
        for table in ("delivery", "outbox", "door"):
            found = connection.execute(f"select count(*) from {table}").fetchone()
            assert found == (0,), table


def test_a_blocked_account_gets_no_letter(
    client: FlaskClient, place: Place, superuser_url: str
) -> None:
    with psycopg.connect(superuser_url) as connection:
        connection.execute("update account set active = false")

    _post_address(client, place.email)

    with psycopg.connect(superuser_url) as connection:
        assert connection.execute("select count(*) from delivery").fetchone() == (0,)


def test_nobody_is_flooded_with_letters(client: FlaskClient, place: Place) -> None:
    for _ in range(RESET_ACCOUNT.most):
        assert _post_address(client, place.email).status_code == 303

    assert _post_address(client, place.email).status_code == 429


def test_the_token_is_nowhere_in_the_database(
    client: FlaskClient, place: Place, runtime: Runtime, superuser_url: str
) -> None:
    link = _ask(client, place, runtime)
    token = link.rpartition("/")[2]
    client.get(link)

    with psycopg.connect(superuser_url) as connection:
        for table in ("delivery", "outbox", "door", "session"):
            rows = connection.execute(f"select x::text from {table} x").fetchall()
            assert all(token not in row[0] for row in rows), table


@pytest.mark.parametrize(
    ("password", "again", "said"),
    [
        ("коротко", "коротко", "10"),
        (NEW, NEW + "!", "differ"),
        ("aaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaa", "different"),
        ("belova123456", "belova123456", "address"),
    ],
)
def test_a_poor_password_is_refused_with_what_to_do(
    client: FlaskClient, place: Place, runtime: Runtime, password: str, again: str, said: str
) -> None:
    client.get(_ask(client, place, runtime) + "?lang=en")

    page = _set(client, password, again).get_data(as_text=True)

    assert said in page
    assert password not in page
    assert sign_in_as(client, place.email, PASSWORD).status_code == 302


@pytest.mark.parametrize("plain", ["й" * 3 + "Ёжик в тумане", "é" * 3 + "caf\u00e9 au lait bien"])
def test_one_password_typed_on_two_keyboards_is_one_password(plain: str) -> None:
    import unicodedata

    stored = passwords.hash_password(unicodedata.normalize("NFC", plain))

    assert passwords.matches(stored, unicodedata.normalize("NFD", plain))


def test_nobody_has_a_password() -> None:
    assert not passwords.matches(None, "")
    assert not passwords.matches("", "")
    assert not passwords.matches("not a hash", "not a hash")


def test_long_passwords_of_words_are_good() -> None:
    passwords.require_good("ёлка вчера синий трактор", email="belova@example.org")
    with pytest.raises(Refused):
        passwords.require_good("а" * 201, email="belova@example.org")


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("1234567890", "password_digits"),
        ("Qwertyuiop12", "password_common"),
        ("пароль12345", "password_common"),
        ("belova2026", "password_address"),
    ],
)
def test_a_weak_password_is_refused_for_its_own_reason(password: str, reason: str) -> None:
    with pytest.raises(Refused) as refused:
        passwords.require_good(password, email="belova@example.org")

    assert refused.value.facts["reason"] == reason


def test_all_that_is_wrong_with_a_new_password_is_told_at_once(
    client: FlaskClient, place: Place
) -> None:
    sign_in_as(client, place.email)
    typed = {"old": "not mine at all", "password": "1234567890", "again": "1234567891"}

    page = client.post(
        "/account/password", data={**typed, "csrf_token": csrf_of(client, "/account")}
    ).get_data(as_text=True)

    for field in ("old", "password", "again"):
        assert f'id="f-{field}-error"' in page, field


def test_somebody_new_is_welcomed_by_a_link_that_lasts_a_week(
    client: FlaskClient, place: Place, runtime: Runtime, superuser_url: str
) -> None:
    with runtime.tools.begin(SHELL, place.tenant_id) as work:
        people.add_and_appoint(
            work,
            school_id=place.school_id,
            name="Орлова Анна",
            email="orlova@example.org",
            role="coordinator",
            since=work.now.date(),
        )
    [link] = _links(runtime, place)
    with psycopg.connect(superuser_url) as connection:
        connection.execute("update delivery set created_at = created_at - interval '6 days'")

    client.get(link)

    assert _set(client, NEW, NEW).location == "/password/renewed"
    assert sign_in_as(client, "orlova@example.org", NEW).status_code == 302


def _ask(client: FlaskClient, place: Place, runtime: Runtime) -> str:
    """Ask for a new password and take the path of the link out of the newest letter."""
    _post_address(client, place.email)
    return _links(runtime, place)[-1]


def _links(runtime: Runtime, place: Place) -> list[str]:
    from sqlalchemy import select

    from server.store.deliveries import Delivery

    with runtime.tools.begin(SYSTEM, place.tenant_id) as work:
        rows = list(work.session.scalars(select(Delivery.id).order_by(Delivery.id)))
        messages = [letters.write_letter(work, delivery_id=each) for each in rows]
    found = [message.links[0] for message in messages if message is not None]
    return [link.removeprefix(runtime.tools.base_url) for link in found]


def _post_address(client: FlaskClient, email: str) -> Any:
    token = csrf_of(client, "/password/reset")
    return client.post("/password/reset", data={"csrf_token": token, "email": email})


def _set(client: FlaskClient, password: str, again: str) -> Any:
    token = csrf_of(client, "/password/new")
    return client.post(
        "/password/new", data={"csrf_token": token, "password": password, "again": again}
    )


def _without_number(answer: Any) -> tuple[int, str]:
    text = answer.get_data(as_text=True)
    for number in (answer.headers["X-Request-Id"], _nonce(text)):
        text = text.replace(number, "·")
    return answer.status_code, text


def _nonce(html: str) -> str:
    return html.partition('nonce="')[2].partition('"')[0]
