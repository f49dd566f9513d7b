"""Contacts: how people type a mail address or a telephone number, and how it is kept and shown."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from server.kernel.errors import ContactRefused

ContactKind = Literal["mail", "phone"]
LONGEST = 254
_PHONE = re.compile(r"^[+()\d\s.‐‑‒–—-]+$")
_SIGN_OF_MAIL = re.compile(r"[@＠]")
# A letter or number of ours must reach a person: nothing rings or reads at these.
_UNREACHABLE = (
    phonenumbers.PhoneNumberType.FIXED_LINE,
    phonenumbers.PhoneNumberType.TOLL_FREE,
    phonenumbers.PhoneNumberType.PREMIUM_RATE,
)


@dataclass(frozen=True, slots=True)
class Contact:
    """Where a person is reached: a mail address, or a telephone number in E.164."""

    kind: ContactKind
    value: str

    @property
    def normal(self) -> str:
        """The form by which contacts are compared and indexed."""
        return self.value.casefold()

    @property
    def masked(self) -> str:
        """Enough to know one's own contact again, too little to write to: «+7 ··· ··· 12-34»."""
        return _masked_mail(self.value) if self.kind == "mail" else _masked_phone(self.value)


def parse_contact(typed: str, *, country: str = "RU") -> Contact:
    """The contact a person typed; a number without a country code is one of `country`.

    :raises ContactRefused: `reason` is contact_empty, contact_long, contact_unclear, mail_wrong,
        phone_wrong or phone_landline.
    """
    text = unicodedata.normalize("NFKC", typed).strip()
    if not text:
        raise ContactRefused(reason="contact_empty")
    if len(text) > LONGEST:
        raise ContactRefused(reason="contact_long")
    if _SIGN_OF_MAIL.search(text):
        return _mail(text)
    if _PHONE.match(text):
        return _phone(text, country)
    raise ContactRefused(reason="contact_unclear")


def _mail(text: str) -> Contact:
    try:
        # No DNS here: whether a letter arrives is seen by the code that is typed back.
        checked = validate_email(text, check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError:
        raise ContactRefused(reason="mail_wrong") from None
    return Contact("mail", checked.ascii_email or checked.normalized)


def _phone(text: str, country: str) -> Contact:
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        raise ContactRefused(reason="phone_wrong") from None
    if not phonenumbers.is_valid_number(number):
        raise ContactRefused(reason="phone_wrong")
    if phonenumbers.number_type(number) in _UNREACHABLE:
        raise ContactRefused(reason="phone_landline")
    return Contact("phone", phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def _masked_mail(address: str) -> str:
    name, _, domain = address.rpartition("@")
    last = name[-1] if len(name) > 2 else ""
    return f"{name[0]}···{last}@{domain}"


def _masked_phone(number: str) -> str:
    code = phonenumbers.parse(number).country_code
    return f"+{code} ··· ··· {number[-4:-2]}-{number[-2:]}"
