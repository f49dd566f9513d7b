"""Walls that every answer and every request goes through: headers, CSRF, sizes, hosts."""

from __future__ import annotations

import secrets
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from flask import Flask, Request, Response, abort, g, request
from flask_wtf.csrf import CSRFError, CSRFProtect
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser

from server.http.context import current_door

LARGEST_BODY = 1024 * 1024
LARGEST_FORM = 512 * 1024
MOST_FIELDS = 1000
LONGEST_URL = 8 * 1024
LOOPBACK = ("localhost", "127.0.0.1")
UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_YEAR = 365 * 24 * 3600
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


class SmallForms(FormDataParser):
    """Reads forms of a bounded size: Werkzeug bounds multipart bodies only (SECURITY.md)."""

    def _parse_urlencoded(
        self, stream: Any, mimetype: str, content_length: int | None, options: dict[str, str]
    ) -> Any:
        del mimetype, content_length, options  # the caller has looked at them
        body = stream.read(LARGEST_FORM + 1)
        if len(body) > LARGEST_FORM:
            raise RequestEntityTooLarge
        try:
            items = parse_qsl(
                body.decode(),
                keep_blank_values=True,
                errors="werkzeug.url_quote",
                max_num_fields=MOST_FIELDS,
            )
        except ValueError as error:
            # Too many fields, or bytes that are no text.
            raise RequestEntityTooLarge from error
        return stream, self.cls(items), MultiDict()


class BoundedRequest(Request):
    """A request whose body and number of fields are bounded in every encoding."""

    form_data_parser_class = SmallForms


def protect(app: Flask, *, base_url: str, sandbox: bool) -> None:
    """Put up the walls; called before any view is registered."""
    parts = urlsplit(base_url)
    app.request_class = BoundedRequest
    app.config.update(
        BASE_URL=base_url,
        PREFERRED_URL_SCHEME=parts.scheme,
        MAX_CONTENT_LENGTH=LARGEST_BODY,
        MAX_FORM_MEMORY_SIZE=LARGEST_FORM,
        MAX_FORM_PARTS=MOST_FIELDS,
        TRUSTED_HOSTS=[parts.hostname or "localhost", *(LOOPBACK if sandbox else ())],
        # Every token lives as long as its session; pages are `no-referrer`, so none can be asked.
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,
        WTF_CSRF_CHECK_DEFAULT=False,
    )
    csrf = CSRFProtect(app)

    def check() -> None:
        _bound_url()
        _check_csrf(csrf)

    app.before_request(check)
    app.after_request(_headers(https=parts.scheme == "https"))


def csp_nonce() -> str:
    """The nonce of this answer's scripts: new for each request."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    return str(g.csp_nonce)


def content_policy() -> str:
    """The content security policy of this answer."""
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src 'self' 'nonce-{csp_nonce()}'",
            "style-src 'self'",
            "img-src 'self' data:",
            "font-src 'self'",
            "connect-src 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        ]
    )


def _bound_url() -> None:
    if len(request.full_path) > LONGEST_URL:
        abort(414)


def _check_csrf(csrf: CSRFProtect) -> None:
    """Ask every changing request for its secret; a token's door knows no cookie and needs none."""
    if request.method not in UNSAFE or request.endpoint is None:
        return
    at = current_door()
    if at is not None and at.kind == "token":
        return
    # The second wall: browsers say where a request comes from, and no page can change that.
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise CSRFError("The request comes from another site.")
    csrf.protect()


def _headers(*, https: bool) -> Any:
    def put(response: Response) -> Response:
        headers = response.headers
        for name, value in _HEADERS.items():
            headers.setdefault(name, value)
        headers.setdefault("Content-Security-Policy", content_policy())
        if request.endpoint != "static":
            # Nothing of a family's page may be found by Back on a borrowed phone, nor by a proxy.
            headers["Cache-Control"] = "no-store"
            headers.setdefault("X-Robots-Tag", "noindex, nofollow")
        if https:
            headers.setdefault("Strict-Transport-Security", f"max-age={_YEAR}")
        return response

    return put
