"""A contact is taken as people type it, kept in one form, and shown half covered."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.kernel.contacts import Contact, parse_contact
from server.kernel.errors import ContactRefused


@pytest.mark.parametrize(
    "typed",
    [
        "8 (916) 123-45-67", "+7 916 123 45 67", "89161234567", "79161234567", "9161234567",
        " +7(916)123‑45‑67 ", "8.916.123.45.67", "８９１６１２３４５６７", "8 916 123 – 45 – 67",
    ],
)  # fmt: skip
def test_a_russian_number_is_one_number_however_typed(typed: str) -> None:
    assert parse_contact(typed) == Contact("phone", "+79161234567")


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("+375 29 123-45-67", "+375291234567"),
        ("+7 701 123 45 67", "+77011234567"),  # Kazakhstan shares +7
        ("+44 7400 123456", "+447400123456"),
    ],
)
def test_other_countries_are_taken_with_their_code(typed: str, value: str) -> None:
    assert parse_contact(typed).value == value


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        (" ivanova@example.org ", "ivanova@example.org"),
        ("Ivanova@EXAMPLE.org", "Ivanova@example.org"),
        ("mama@пример.рф", "mama@xn--e1afmkfd.xn--p1ai"),
    ],
)
def test_a_mail_address_is_taken(typed: str, value: str) -> None:
    assert parse_contact(typed) == Contact("mail", value)


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("", "contact_empty"),
        ("  \t ", "contact_empty"),
        ("мама", "contact_unclear"),
        ("8 916 доб. 12", "contact_unclear"),
        ("8\x009161234567", "contact_unclear"),
        ("x" * 300, "contact_long"),
        ("8 916 123", "phone_wrong"),
        ("+7 000 123 45 67", "phone_wrong"),
        ("12345678901234567890", "phone_wrong"),
        ("()", "phone_wrong"),
        ("8 (495) 123-45-67", "phone_landline"),  # no code reaches it
        ("8 800 555 35 35", "phone_landline"),
        ("ivanova@", "mail_wrong"),
        ("@example.org", "mail_wrong"),
        ("a@b", "mail_wrong"),
        ("почта@example.org", "mail_wrong"),
        ("a@example.org\r\nBcc: x@example.org", "mail_wrong"),
        ("a@example.org, b@example.org", "mail_wrong"),
    ],
)
def test_what_no_letter_reaches_is_refused_with_its_reason(typed: str, reason: str) -> None:
    with pytest.raises(ContactRefused) as refusal:
        parse_contact(typed)

    assert refusal.value.reason == reason


@given(st.text(max_size=300))
def test_anything_typed_is_a_contact_or_refused(typed: str) -> None:
    with suppress(ContactRefused):
        assert parse_contact(parse_contact(typed).value).value


@pytest.mark.parametrize(
    ("contact", "masked"),
    [
        (Contact("phone", "+79161231234"), "+7 ··· ··· 12-34"),
        (Contact("phone", "+375291234567"), "+375 ··· ··· 45-67"),
        (Contact("mail", "ivanova@example.org"), "i···a@example.org"),
        (Contact("mail", "io@example.org"), "i···@example.org"),
        (Contact("mail", "i@example.org"), "i···@example.org"),
    ],
)
def test_a_contact_is_shown_half_covered(contact: Contact, masked: str) -> None:
    assert contact.masked == masked


def test_contacts_are_compared_without_case() -> None:
    assert Contact("mail", "Olga@example.org").normal == Contact("mail", "olga@example.org").normal
