"""Headers, CSRF, sizes and hosts: SECURITY.md B9, G1 to G8."""

from __future__ import annotations

import gzip
import io
import re
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Blueprint, Flask, request
from flask.testing import FlaskClient

from server.app import create_app
from server.http.compressing import pack
from server.http.context import door
from server.runtime import Runtime
from server.web_server import NamelessResponse
from tests.http.conftest import browser, csrf_of

POLICY = [
    "default-src 'none'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
]


@pytest.fixture
def echo(app: Flask) -> FlaskClient:
    """A browser, and a page /echo that answers what it was sent."""
    pages = Blueprint("echo", __name__)

    @pages.route("/echo", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    @door("public")
    def echo() -> dict[str, Any]:
        return {"fields": len(request.form), "address": request.remote_addr}

    app.register_blueprint(pages)
    return browser(app)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/sign-in", 200),
        ("/sign-in/school", 303),
        ("/no/such/page", 404),
        ("/reset/" + "A" * 43, 404),
        ("/sign-out", 405),
        ("/readyz", 200),
        ("/api/v1/nothing", 404),
        ("/" + "a" * 9000, 414),
    ],
)
def test_every_answer_has_every_header(client: FlaskClient, path: str, status: int) -> None:
    answer = client.get(path)

    assert answer.status_code == status
    policy = answer.headers["Content-Security-Policy"]
    for rule in POLICY:
        assert rule in policy
    assert "unsafe" not in policy
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert "Permissions-Policy" in answer.headers
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert "Server" not in answer.headers


def test_each_answer_has_a_nonce_of_its_own_and_the_page_carries_it(client: FlaskClient) -> None:
    first, second = client.get("/sign-in"), client.get("/sign-in")

    nonces = [_nonce(answer) for answer in (first, second)]
    assert nonces[0] != nonces[1]
    assert f'nonce="{nonces[0]}"' in first.get_data(as_text=True)


def test_under_https_cookies_are_secure_and_browsers_told_to_stay(runtime: Runtime) -> None:
    app = _https(runtime)
    client = app.test_client()
    client.environ_base["HTTP_HOST"] = "school.example.org"

    answer = client.get("/sign-in?lang=en", base_url="https://school.example.org")

    assert answer.headers["Strict-Transport-Security"].startswith("max-age=")
    session, language = sorted(answer.headers.getlist("Set-Cookie"))
    assert session.startswith("__Host-school=")
    for cookie in (session, language):
        assert "; Secure" in cookie
        assert "; HttpOnly" in cookie
        assert "; SameSite=Lax" in cookie
        assert "; Path=/" in cookie
        assert "Domain" not in cookie


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_change_needs_the_secret_of_its_session(
    app: Flask, echo: FlaskClient, method: str
) -> None:
    token = csrf_of(echo, "/sign-in")
    foreign = csrf_of(browser(app), "/sign-in")

    def sent(**form: str) -> int:
        return echo.open("/echo", method=method, data=form).status_code

    assert sent() == 400
    assert sent(csrf_token="") == 400
    assert sent(csrf_token=foreign) == 400
    assert sent(csrf_token=token[:-1]) == 400
    assert sent(csrf_token=token) == 200


def test_json_as_text_and_a_renamed_method_are_no_way_round(echo: FlaskClient) -> None:
    csrf_of(echo, "/sign-in")

    assert echo.post("/echo", data='{"a": 1}', content_type="text/plain").status_code == 400
    assert echo.post("/echo", json={"a": 1}).status_code == 400
    override = echo.post("/echo", headers={"X-HTTP-Method-Override": "GET"})
    assert override.status_code == 400


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_request_from_another_site_is_refused_even_with_the_secret(
    echo: FlaskClient, site: str
) -> None:
    token = csrf_of(echo, "/sign-in")

    answer = echo.post("/echo", data={"csrf_token": token}, headers={"Sec-Fetch-Site": site})

    assert answer.status_code == 400


def test_a_form_that_came_too_late_is_kept_and_sent_once_more(echo: FlaskClient) -> None:
    typed = {"goal": "<b>Стать инженером</b>", "password": "тайна", "csrf_token": "stale"}

    refused = echo.post("/echo?lang=en", data=typed, headers={"Sec-Fetch-Site": "same-origin"})
    page = refused.get_data(as_text=True)

    assert refused.status_code == 400
    assert 'name="goal" value="&lt;b&gt;Стать инженером&lt;/b&gt;"' in page
    assert "тайна" not in page
    fresh = page.partition('name="csrf_token" value="')[2].partition('"')[0]
    assert echo.post("/echo", data={"goal": "x", "csrf_token": fresh}).status_code == 200


def test_a_foreign_page_gets_no_button_that_sends_once_more(echo: FlaskClient) -> None:
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {}):
        page = echo.post("/echo", data={"goal": "x"}, headers=headers).get_data(as_text=True)
        assert "<form" not in page


def test_no_origin_is_allowed_to_read(client: FlaskClient) -> None:
    answer = client.get("/sign-in", headers={"Origin": "https://evil.example"})

    assert not [name for name, _ in answer.headers if name.startswith("Access-Control")]


def test_a_foreign_host_is_refused(client: FlaskClient) -> None:
    hosts = (
        "evil.example",
        "localhost.evil.example",
        "localhost:8000@evil.example",
        "localhost:abc",
        "localhost:99999999",
        "127.0.0.1.evil.example",
        "",
        "local host",
    )
    for host in hosts:
        answer = client.get("/sign-in", headers={"Host": host})

        assert answer.status_code == 400, host
        assert "evil.example" not in answer.text
        assert answer.mimetype == "text/html"
        assert f"<code>{answer.headers['X-Request-Id']}</code>" in answer.text
        addresses = set(re.findall(r'(?:href|src|action)="([^"]*)"', answer.text))
        absolute = {one for one in addresses if "//" in one}
        assert absolute == {client.application.config["BASE_URL"]}


def test_a_program_under_a_foreign_host_gets_a_problem(client: FlaskClient) -> None:
    answer = client.get("/api/v1/schools", headers={"Host": "evil.example"})

    assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")
    assert answer.get_json()["code"] == "foreign_host"
    assert answer.get_json()["id"] == answer.headers["X-Request-Id"]


def test_no_answer_says_what_server_gives_it() -> None:
    ours = NamelessResponse(
        SimpleNamespace(version=(1, 1), method="GET", should_close=lambda: False), None, None
    )
    ours.start_response("200 OK", [("Content-Length", "0")])

    theirs = super(NamelessResponse, ours).default_headers()
    assert [line for line in theirs if line not in ours.default_headers()] == [
        "Server: gunicorn\r\n"
    ]
    assert any(line.startswith("Date:") for line in ours.default_headers())


def test_forwarded_headers_of_strangers_are_thrown_away(echo: FlaskClient) -> None:
    answer = echo.get(
        "/echo",
        headers={
            "X-Forwarded-For": "203.0.113.9",
            "X-Forwarded-Host": "evil.example",
            "X-Forwarded-Proto": "https",
        },
    )

    assert answer.status_code == 200
    assert answer.get_json()["address"] == "127.0.0.1"


@pytest.mark.parametrize(
    ("hops", "forwarded", "address"),
    [
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "10.0.0.1, 203.0.113.9", "203.0.113.9"),  # what the visitor wrote is left of it
        (2, "198.51.100.1, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
        (2, "203.0.113.9", "127.0.0.1"),  # fewer than there are proxies: not believed
    ],
)
def test_as_many_proxies_are_believed_as_there_are(
    runtime: Runtime, hops: int, forwarded: str, address: str
) -> None:
    app = create_app(_with(runtime, trusted_proxies=hops))
    pages = Blueprint("where", __name__)

    @pages.get("/where")
    @door("public")
    def where() -> str:
        return str(request.remote_addr)

    app.register_blueprint(pages)

    answer = browser(app).get("/where", headers={"X-Forwarded-For": forwarded})

    assert answer.get_data(as_text=True) == address


def test_a_probe_of_the_machine_itself_needs_no_name(runtime: Runtime) -> None:
    client = _https(runtime).test_client()

    assert client.get("/livez", headers={"Host": "10.0.0.5:8000"}).status_code == 200
    assert client.get("/sign-in", headers={"Host": "10.0.0.5:8000"}).status_code == 400
    from_outside = client.get(
        "/livez",
        headers={"Host": "10.0.0.5:8000"},
        environ_base={"REMOTE_ADDR": "203.0.113.9"},
    )
    assert from_outside.status_code == 400


@pytest.mark.parametrize(
    ("what", "status"),
    [
        ({"data": {"a": "x" * (600 * 1024)}}, 413),  # one long field
        ({"data": {f"f{n}": "" for n in range(1500)}}, 413),  # many fields
        ({"data": "a=%ff%fe"}, 200),
        ({"data": b"\xff\xfe=1"}, 413),
        ({"data": "x" * (1100 * 1024), "content_type": "text/plain"}, 413),
        (
            {"data": {"f": (io.BytesIO(b"x" * (1100 * 1024)), "a.yaml")}},
            413,
        ),
        ({"data": {"f": (io.BytesIO(b"x" * (256 * 1024)), "a.yaml")}}, 200),  # a definition
    ],
)
def test_bodies_and_their_fields_are_bounded(
    echo: FlaskClient, what: dict[str, Any], status: int
) -> None:
    token = csrf_of(echo, "/sign-in")
    if isinstance(what["data"], (str, bytes)):
        what.setdefault("content_type", "application/x-www-form-urlencoded")

    answer = echo.post("/echo", headers={"X-CSRF-Token": token}, **what)

    assert answer.status_code == status


def test_a_page_in_a_cache_is_no_way_to_another_familys_page(client: FlaskClient) -> None:
    for path in ("/sign-in/x.css", "/sign-in;.js", "/sign-in%2fx.css", "/sign-in.css"):
        assert client.get(path).status_code == 404


def test_pages_are_packed_where_the_browser_unpacks(client: FlaskClient) -> None:
    plain = client.get("/sign-in")
    packed = client.get("/sign-in", headers={"Accept-Encoding": "gzip, br"})

    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.headers["Vary"] == "Accept-Encoding"
    assert int(packed.headers["Content-Length"]) == len(packed.data) < len(plain.data)
    assert b"<h1>" in gzip.decompress(packed.data)


def test_a_browser_that_refuses_gzip_is_sent_none(client: FlaskClient) -> None:
    answer = client.get("/sign-in", headers={"Accept-Encoding": "gzip;q=0"})

    assert "Content-Encoding" not in answer.headers


def test_the_length_of_a_packed_page_tells_nothing_exact() -> None:
    body = b"the same page " * 200

    assert len({len(pack(body)) for _ in range(60)}) > 5
    assert gzip.decompress(pack(body)) == body


def test_static_files_are_named_by_their_content_and_kept_for_ever(client: FlaskClient) -> None:
    [path] = re.findall(r'href="(/static/public\.css[^"]*)"', client.get("/sign-in").text)

    named = client.get(path, headers={"Accept-Encoding": "gzip"})
    assert named.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert named.headers["Content-Encoding"] == "gzip"
    assert named.content_type == "text/css; charset=utf-8"
    assert "Set-Cookie" not in named.headers
    unnamed = client.get(path.partition("?")[0])
    assert "immutable" not in unnamed.headers["Cache-Control"]
    again = client.get(path, headers={"If-None-Match": unnamed.headers["ETag"]})
    assert again.status_code == 304


def test_a_style_sheet_names_its_fonts_as_the_page_announces_them(client: FlaskClient) -> None:
    style = client.get("/static/staff.css").text + client.get("/static/public.css").text

    fonts = re.findall(r'url\("(fonts/[^"]+)"\)', style)
    assert fonts
    for font in fonts:
        assert "?v=" in font
        assert client.get(f"/static/{font}").content_type == "font/woff2"


@pytest.mark.parametrize(
    "path", ["../app.py", "..%2fapp.py", "%2e%2e/app.py", "fonts/../../app.py", "/etc/passwd", ""]
)
def test_no_file_but_the_static_ones_is_served(client: FlaskClient, path: str) -> None:
    assert client.get(f"/static/{path}").status_code in (404, 308)


def _nonce(answer: Any) -> str:
    return re.findall(r"'nonce-([^']+)'", answer.headers["Content-Security-Policy"])[0]


def _https(runtime: Runtime) -> Flask:
    return create_app(_with(runtime, base_url="https://school.example.org", sandbox=False))


def _with(runtime: Runtime, **changed: Any) -> Runtime:
    from dataclasses import replace

    return replace(runtime, settings=replace(runtime.settings, **changed))
