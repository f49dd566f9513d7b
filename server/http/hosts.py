"""Whom a request comes from and what name it asks for.

N trusted proxies exactly, probes from the machine itself, and one name: the one in the address
where an address was sent whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from werkzeug.middleware.proxy_fix import ProxyFix

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST")
_LOOPBACK = ("127.0.0.1", "::1")
_WHOLE = re.compile(r"[a-z][a-z0-9+.-]*://([^/?#]*)", re.IGNORECASE)
_NOBODY = "no-name.invalid"  # reserved by RFC 2606: no installation can be called that


class FromOutside:
    """The outermost layer: what proxies say is believed as far as there are proxies.

    With no trusted proxy every forwarded header is thrown away. A probe of this machine asks by
    its own address; it is answered as if it had used the product's name, for `paths` alone.
    """

    def __init__(
        self, inner: WSGIApplication, *, hops: int, base_url: str, paths: Iterable[str]
    ) -> None:
        self._inner = inner
        self._behind = ProxyFix(inner, x_for=hops, x_proto=hops, x_host=0, x_port=0, x_prefix=0)
        self._hops = hops
        self._host = urlsplit(base_url).netloc
        self._paths = frozenset(paths)

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        probe = (
            environ.get("REMOTE_ADDR") in _LOOPBACK
            and environ.get("PATH_INFO") in self._paths
            and "HTTP_X_FORWARDED_FOR" not in environ
        )
        environ["HTTP_HOST"] = self._host if probe else _named(environ)
        if self._hops == 0:
            for name in _FORWARDED:
                environ.pop(name, None)
            return self._inner(environ, start)
        return self._behind(environ, start)


def _named(environ: WSGIEnvironment) -> str:
    """The host a request is for; one that never is ours where it names none."""
    target = str(environ.get("RAW_URI") or environ.get("REQUEST_URI") or "/")
    whole = _WHOLE.match(target)
    if whole is not None:
        return whole[1] or _NOBODY
    if not target.startswith(("/", "*")):
        return _NOBODY
    return str(environ.get("HTTP_HOST") or _NOBODY)
