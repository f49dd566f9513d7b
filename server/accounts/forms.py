"""The sign-in form: counted, then compared, and one answer for all that is wrong."""

from __future__ import annotations

from typing import Any

from flask_security.forms import LoginForm
from flask_security.proxies import _datastore
from flask_security.utils import validate_redirect_url
from wtforms import Field

from server.http import limits
from server.kernel.logs import log
from server.services.accounts import passwords
from server.services.limits import SIGN_IN_ACCOUNT, SIGN_IN_ADDRESS, SIGN_IN_HERE, network

WRONG = "wrong"


class SignInForm(LoginForm):
    """Address and password. What is wrong is never told apart: address, password or block."""

    remember = None  # a session lasts a working day; nobody is remembered beyond it

    def validate_next(self, field: Field) -> None:
        """An address that is not ours is left aside; it is no reason to refuse a sign-in."""
        if not validate_redirect_url(field.data):
            field.data = ""

    def validate(self, **kwargs: Any) -> bool:
        """Whether this is an active account's password.

        :raises LimitReached: after too many tries, right or wrong.
        """
        # A telephone's keyboard puts a blank after a word it completes.
        self.email.data = str(self.email.data or "").strip()
        if not super(LoginForm, self).validate(**kwargs):
            return False
        address = self.email.data.lower()
        where = limits.here()
        limits.allow(
            (SIGN_IN_ADDRESS, where),
            (SIGN_IN_ACCOUNT, address),
            (SIGN_IN_HERE, f"{address} {where}"),
        )
        self.user = _datastore.find_user(email=address)
        self.ifield = self.email
        # An unknown address is hashed for too, or its absence could be timed.
        right = passwords.matches(self.user.password if self.user else None, self.password.data)
        if right and self.user is not None and self.user.active:
            return True
        log.warning("sign_in_refused", network=network(where))
        self.user = None
        self.form_errors.append(WRONG)
        return False
