"""Static files: read once, named by their content, served from memory and kept by browsers."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from flask import Flask, Response, abort, request, url_for

from server.http.context import door

_FOREVER = "public, max-age=31536000, immutable"
_A_WHILE = "public, max-age=300"
_PACKED = (".css", ".js", ".svg", ".txt", ".json")
_URL = re.compile(rb"""url\((["']?)(?!data:|https?:|/)([^"')?#]+)\1\)""")


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it is sent; `packed` where gzip makes it smaller."""

    content: bytes
    packed: bytes | None
    kind: str
    version: str


def serve(app: Flask, folder: Path) -> None:
    """Serve a folder under /static/; `url_for("static", filename=…)` names the content's hash."""
    assets = read(folder)

    @door("public")
    def static(filename: str) -> Response:
        asset = assets.get(filename)
        if asset is None:
            abort(404)
        return _answer(asset)

    def name_version(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint == "static" and (asset := assets.get(values.get("filename", ""))):
            values["v"] = asset.version

    def address(endpoint: str, **values: Any) -> str:
        # Three files stand on every page: their addresses are known without asking the routes.
        known = addresses.get(values.get("filename", "")) if endpoint == "static" else None
        if known is None or len(values) > 1 or request.script_root:
            return url_for(endpoint, **values)
        return known

    app.add_url_rule("/static/<path:filename>", endpoint="static", view_func=static)
    app.url_defaults(name_version)
    addresses = {name: f"/static/{quote(name)}?v={one.version}" for name, one in assets.items()}
    app.jinja_env.globals["url_for"] = address


def read(folder: Path) -> dict[str, Asset]:
    """Every file of a folder by its path in it.

    A style sheet names its fonts and pictures by their hash too, or a browser would load a font
    twice: once as the page announced it and once as the style sheet wrote it.
    """
    files = {
        str(file.relative_to(folder)): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }
    plain = {name: _asset(name, body) for name, body in files.items() if name[-4:] != ".css"}
    styles = {
        name: _asset(name, _with_versions(name, body, plain))
        for name, body in files.items()
        if name[-4:] == ".css"
    }
    return {**plain, **styles}


def _asset(name: str, content: bytes) -> Asset:
    packed = gzip.compress(content, 9, mtime=0) if name.endswith(_PACKED) else None
    return Asset(
        content=content,
        packed=packed if packed is not None and len(packed) < len(content) else None,
        kind=_kind(name),
        version=hashlib.sha256(content).hexdigest()[:12],
    )


def _kind(name: str) -> str:
    if name.endswith(".woff2"):
        return "font/woff2"
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    # Python 3.11 knows the old name; browsers refuse modules under some others.
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind


def _with_versions(name: str, body: bytes, known: dict[str, Asset]) -> bytes:
    base = Path(name).parent

    def versioned(match: re.Match[bytes]) -> bytes:
        target = known.get((base / match[2].decode()).as_posix())
        if target is None:
            return match[0]
        return b'url("%s?v=%s")' % (match[2], target.version.encode())

    return _URL.sub(versioned, body)


def _answer(asset: Asset) -> Response:
    packed = asset.packed if request.accept_encodings.quality("gzip") > 0 else None
    response = Response(packed or asset.content, content_type=asset.kind)
    if asset.packed is not None:
        response.headers["Vary"] = "Accept-Encoding"
    if packed:
        response.headers["Content-Encoding"] = "gzip"
    known = request.args.get("v") == asset.version
    response.headers["Cache-Control"] = _FOREVER if known else _A_WHILE
    response.set_etag(asset.version + ("-gz" if packed else ""))
    return response.make_conditional(request)  # type: ignore[return-value]  # it is this response
