"""Accounts as Flask-Security asks for them: found through services, never rows of the store."""

from __future__ import annotations

from typing import Any

from flask_security import RoleMixin, UserMixin
from flask_security.datastore import UserDatastore

from server.http.context import perform_outside
from server.services.accounts import passwords, sign_in
from server.services.accounts.sign_in import Known


class SignedIn(UserMixin):
    """An account for the time of a request. Its rights are not here: roles are dated positions."""

    # The library looks for these on the class.
    email = ""
    fs_uniquifier = ""
    roles = []

    def __init__(self, known: Known) -> None:
        self.account_id = known.id
        self.id = known.id  # type: ignore[assignment]  # the library thinks of numbers
        self.email = known.email
        self.password = known.password
        self.active = known.active
        self.fs_uniquifier = known.fs_uniquifier
        self.locale = known.locale

    def verify_and_update_password(self, password: str) -> bool:
        """Whether this is the account's password."""
        return passwords.matches(self.password, password)


class NoRole(RoleMixin):
    """Flask-Security's roles are not used: the permission table asks for positions."""

    name = ""


class Accounts(UserDatastore):
    """Finds accounts. What changes one is a service with a transaction of its own."""

    def __init__(self) -> None:
        super().__init__(SignedIn, NoRole)

    def find_user(self, case_insensitive: bool = False, **by: Any) -> SignedIn | None:
        """The account with this address, however written, or the one a session's mark names."""
        del case_insensitive  # addresses are kept in small letters
        if "email" in by:
            known = perform_outside(sign_in.find_account, email=str(by["email"]))
        else:
            known = perform_outside(
                sign_in.find_session_account, uniquifier=str(by["fs_uniquifier"])
            )
        return SignedIn(known) if known else None

    def find_role(self, role: str) -> None:
        """There are no roles here."""

    def put(self, model: SignedIn) -> SignedIn:
        """Nothing is changed by way of the library."""
        return model

    def commit(self) -> None:
        """Services have committed already."""
