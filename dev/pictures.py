"""Photograph the main pages for the README: `python -m dev.pictures [--data DIR] [--only NAME…]`.

A sandbox with the demo has to run (`make run`); its folder tells the address and the sign-ins. A
family is led from the poster to its confirmation for the first pictures, in each language; nothing
else of the demo is changed. Each picture lies in docs/pictures/ as NAME.LANGUAGE.png: few colours,
at most 150 kB.
"""

from __future__ import annotations

import argparse
import json
import struct
import sys
import time
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, Page, sync_playwright

PICTURES: Final = Path(__file__).resolve().parents[1] / "docs" / "pictures"
LANGUAGES: Final = {"en": "en-GB", "ru": "ru-RU"}
MOST_BYTES: Final = 150_000
PHONE: Final = {"width": 360, "height": 760}
DESK: Final = {"width": 1280, "height": 860}
PATIENCE = 30.0  # seconds for a letter to arrive
# name of a picture → what it shows; the README and this file name the same ones, tests see to it
SHOTS: Final = {
    "start": "A family begins: what happens, how long it takes, one contact",
    "consent": "One document, one question, nothing chosen beforehand",
    "check": "The list before the code: each answer can still be changed",
    "done": "Signed: what was said, and that it is the child's turn",
    "family": "The family's own page: what was signed, what comes next, who looked",
    "child": "The child's own page, in the child's words",
    "outbox": "Every mail and message of the sandbox",
    "desk": "The coordinator's day: what waits, by due date",
    "card": "A child's card with the consent board and the answers",
    "poster": "The school's poster with its QR code",
    "editor": "A form as a partner adapts it: padlock, ruler, pencil, and a preview",
    "components": "Every part of the pages in every state",
}


@dataclass
class Sandbox:
    """A running sandbox, and the browser that walks through it in one language."""

    browser: Browser
    data: Path
    base: str
    language: str
    only: frozenset[str]

    def page(self, size: dict[str, int], scale: float) -> Page:
        """A fresh browser of this size, with a reader of this language."""
        context = self.browser.new_context(
            viewport={"width": size["width"], "height": size["height"]},
            device_scale_factor=scale,
            locale=LANGUAGES[self.language],
            reduced_motion="reduce",
        )
        context.add_cookies([{"name": "lang", "value": self.language, "url": self.base}])
        return context.new_page()

    def open(self, page: Page, path: str) -> None:
        """Go to an address; one that is refused must not be photographed."""
        answer = page.goto(self.base + path)
        if answer is None or not answer.ok:
            raise SystemExit(f"{path} is not shown: {answer.status if answer else 'no answer'}.")

    def shoot(self, page: Page, name: str, *, down_to: str = "") -> None:
        """Keep what the page shows now, from its top or with something at the foot."""
        assert name in SHOTS
        if self.only and name not in self.only:
            return
        page.evaluate("document.fonts.ready")
        page.evaluate("scrollTo(0, 0); document.activeElement && document.activeElement.blur()")
        if down_to:
            page.locator(down_to).last.evaluate("it => it.scrollIntoView({block: 'end'})")
        picture = smaller(page.screenshot())
        if len(picture) > MOST_BYTES:
            raise SystemExit(f"{name}: {len(picture)} bytes, more than {MOST_BYTES}.")
        file = PICTURES / f"{name}.{self.language}.png"
        file.write_bytes(picture)
        sys.stdout.write(f"{file.name}  {len(picture) // 1024} kB\n")

    def letter(self, to: str, since: float, has: str) -> Any:
        """The newest letter to a contact with codes or links, as soon as it is there."""
        give_up = time.monotonic() + PATIENCE
        while time.monotonic() < give_up:
            for file in sorted((self.data / "outbox").glob("*.json"), reverse=True):
                written = json.loads(file.read_text("utf-8"))
                if written["to"] == to and written[has] and file.stat().st_mtime >= since:
                    return written[has][0]
            time.sleep(0.2)
        raise SystemExit(f"No letter with {has} came to {to}.")

    def password_of(self, login: str) -> str:
        """The demo's password of a colleague."""
        told = json.loads((self.data / "demo.json").read_text("utf-8"))
        return next(str(one["password"]) for one in told["accounts"] if one["login"] == login)


def main() -> int:
    """Take all pictures in both languages, or those asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--data", type=Path, default=Path("var"), help="folder of the sandbox")
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    parser.add_argument("--only", nargs="*", default=[], choices=list(SHOTS), metavar="NAME")
    asked = parser.parse_args()
    running = dict(
        line.split("=", 1) for line in (asked.data / "running").read_text("utf-8").splitlines()
    )
    PICTURES.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=asked.chromium, args=["--no-sandbox"])
        for language in LANGUAGES:
            sandbox = Sandbox(
                browser, asked.data, running["MENTOR_SCHOOL_BASE_URL"], language,
                frozenset(asked.only),
            )  # fmt: skip
            for walk in (_family, _coordinator, _partner, _parts):
                walk(sandbox)
        browser.close()
    return 0


def _family(sandbox: Sandbox) -> None:
    """From the poster to the confirmation, and on to the child."""
    page = sandbox.page(PHONE, 2)
    me = f"pictures-{sandbox.language}-{int(time.time())}@example.org"
    sandbox.open(page, "/go/vologda/cherepovets")
    sandbox.shoot(page, "start")
    since = time.time() - 1
    page.fill("main [name=contact]", me)
    _go_on(page)
    _type_code(sandbox, page, me, since)
    names = {
        "ru": ("Сорокина Марина Викторовна", "Сорокин Степан"),
        "en": ("Sorokina Marina", "Sorokin Stepan"),
    }[sandbox.language]
    page.fill("[name=q_guardian_name]", names[0])
    page.check("[name=q_relation][value=mother]")
    page.fill("[name=q_child_name]", names[1])
    for box, value in (("day", "14"), ("month", "3"), ("year", str(time.gmtime().tm_year - 12))):
        page.fill(f"[name=q_birth_date-{box}]", value)
    _go_on(page)
    sandbox.shoot(page, "consent", down_to="main .acts")
    since = time.time() - 1
    while page.query_selector("main [name=answer]"):
        page.check("main [name=answer][value=yes]")
        since = time.time() - 1
        _go_on(page)
    sandbox.shoot(page, "check")
    if not page.query_selector("main [name=code]"):
        since = time.time() - 1
        _go_on(page)
    _type_code(sandbox, page, me, since)
    sandbox.shoot(page, "done")
    _family_page(sandbox, page)
    _child(sandbox, page)


def _family_page(sandbox: Sandbox, page: Page) -> None:
    """What the family sees whenever it comes back."""
    sandbox.open(page, "/s/")
    sandbox.shoot(page, "family")
    page.go_back()


def _child(sandbox: Sandbox, page: Page) -> None:
    """Hand the telephone over, as the confirmation page offers below fourteen."""
    page.locator("form[action*='hand-over'] button").first.click()
    page.wait_for_load_state()
    sandbox.shoot(page, "child")
    page.context.close()


def _coordinator(sandbox: Sandbox) -> None:
    page = sandbox.page(DESK, 1)
    _sign_in(sandbox, page, "irina@vektor.example")
    sandbox.open(page, "/desk?tab=all")
    sandbox.shoot(page, "desk")
    sandbox.open(page, "/desk?tab=ready")
    page.locator("main table a[href*='/desk/case/']").first.click()
    page.wait_for_load_state()
    sandbox.shoot(page, "card")
    sandbox.open(page, "/desk/poster")
    sandbox.shoot(page, "poster")
    sandbox.open(page, "/_outbox")
    sandbox.shoot(page, "outbox")
    page.context.close()


def _partner(sandbox: Sandbox) -> None:
    page = sandbox.page(DESK, 1)
    _sign_in(sandbox, page, "admin@vektor.example")
    sandbox.open(page, "/admin/forms/minor_questionnaire")
    sandbox.shoot(page, "editor")
    page.context.close()


def _parts(sandbox: Sandbox) -> None:
    page = sandbox.page(DESK, 1)
    sandbox.open(page, f"/_components?face=staff&lang={sandbox.language}")
    sandbox.shoot(page, "components")
    page.context.close()


def _sign_in(sandbox: Sandbox, page: Page, login: str) -> None:
    sandbox.open(page, "/sign-in")
    page.fill("[name=email]", login)
    page.fill("[name=password]", sandbox.password_of(login))
    _go_on(page)


def _type_code(sandbox: Sandbox, page: Page, to: str, since: float) -> None:
    page.fill("main [name=code]", sandbox.letter(to, since, "codes"))
    _go_on(page)


def _go_on(page: Page) -> None:
    page.click("main button.button-main")
    page.wait_for_load_state()


# Smaller pictures: a page has few colours, and a palette of 256 holds them ---------------------


def smaller(png: bytes) -> bytes:
    """The picture with a palette of at most 256 colours: much smaller, alike to the eye."""
    width, height, pixels = _opened(png)
    counted = Counter(pixels)
    palette = [colour for colour, _ in counted.most_common(256)]
    nearest = {colour: number for number, colour in enumerate(palette)}
    for colour in counted:
        if colour not in nearest:
            nearest[colour] = min(range(len(palette)), key=_distance(palette, colour))
    rows = bytearray()
    for row in range(height):
        rows.append(0)  # no filter: with a palette it would only spoil the repeats
        rows += bytes(nearest[colour] for colour in pixels[row * width : (row + 1) * width])
    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    parts = (b"IHDR", head), (b"PLTE", b"".join(palette)), (b"IDAT", zlib.compress(rows, 9))
    chunks = b"".join(_chunk(kind, content) for kind, content in (*parts, (b"IEND", b"")))
    return b"\x89PNG\r\n\x1a\n" + chunks


def _distance(palette: list[bytes], colour: bytes) -> Callable[[int], int]:
    red, green, blue = colour

    def far(number: int) -> int:
        r, g, b = palette[number]
        return abs(r - red) + abs(g - green) + abs(b - blue)

    return far


def _opened(png: bytes) -> tuple[int, int, list[bytes]]:
    """Width, height and the colours of a picture of eight bits, with or without transparency."""
    width, height = struct.unpack(">II", png[16:24])
    channels = {2: 3, 6: 4}[png[25]]
    packed, at = b"", 8
    while at < len(png):
        length = struct.unpack(">I", png[at : at + 4])[0]
        if png[at + 4 : at + 8] == b"IDAT":
            packed += png[at + 8 : at + 8 + length]
        at += length + 12
    raw, stride = zlib.decompress(packed), width * channels
    above, pixels = bytearray(stride), []
    for row in range(height):
        start = row * (stride + 1)
        line = bytearray(raw[start + 1 : start + 1 + stride])
        _unfilter(raw[start], line, above, channels)
        pixels += [bytes(line[x : x + 3]) for x in range(0, stride, channels)]
        above = line
    return width, height, pixels


def _unfilter(kind: int, line: bytearray, above: bytearray, step: int) -> None:
    """Undo a row's filter (PNG, section 9)."""
    if kind == 0:
        return
    for x in range(len(line)):
        left = line[x - step] if x >= step else 0
        corner = above[x - step] if x >= step else 0
        line[x] = (line[x] + _guess(kind, left, above[x], corner)) & 255


def _guess(kind: int, left: int, up: int, corner: int) -> int:
    if kind == 1:
        return left
    if kind == 2:
        return up
    if kind == 3:
        return (left + up) // 2
    best = left + up - corner
    return min((left, up, corner), key=lambda one: abs(best - one))


def _chunk(kind: bytes, content: bytes) -> bytes:
    body = kind + content
    return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))


if __name__ == "__main__":
    sys.exit(main())
