"""The look: what can be read, how much it weighs, and what its HTML promises."""

import gzip
import re
from html.parser import HTMLParser
from itertools import product
from pathlib import Path

import pytest
from flask import Flask
from flask_babel import Babel
from jinja2.ext import babel_extract

import server
from server.web.components import components

SERVER = Path(server.__file__).parent
WEB = SERVER / "web"
STATIC = WEB / "static"
STYLES = sorted(STATIC.glob("*.css"))
TEMPLATES = sorted(SERVER.rglob("templates/**/*.html"))


READABLE = 4.5  # the least contrast of text and ground: WCAG 2.2, success criterion 1.4.3


def contrast(one: str, other: str) -> float:
    """The contrast of two colours written `#rrggbb`, from 1 to 21, as WCAG defines it."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(int(colour[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)


@pytest.fixture(scope="module")
def app() -> Flask:
    app = Flask("look", static_folder=STATIC, template_folder=WEB / "templates")
    Babel(app)
    app.register_blueprint(components)
    return app


# What can be read

TEXT_ON_GROUND = [
    *product(("ink", "ink-2", "brand", "brand-deep"), ("paper", "card", "brand-soft")),
    *[(state, f"{state}-soft") for state in ("good", "waiting", "wrong", "note", "off")],
    # Errors and second lines stand on the page, on cards and on chosen rows too.
    *product(("good", "waiting", "wrong", "note"), ("paper", "card")),
    *product(("waiting", "wrong"), ("brand-soft",)),
    *product(("ink-2",), ("wrong-soft", "off-soft")),
    *[("ink", f"{state}-soft") for state in ("good", "waiting", "wrong", "note", "off")],
    ("on-brand", "brand"),
    ("on-brand", "brand-deep"),
    ("on-bar", "bar"),
    ("on-bar-2", "bar"),
    ("bar", "on-bar-2"),
    ("bar", "on-bar"),
]

# Borders of controls and signs need 3:1 only (WCAG 2.2, 1.4.11); the yellow ring leans on its ink.
SHAPE_ON_GROUND = [("edge", "card"), ("edge", "paper"), ("brand", "line"), ("focus", "focus-ink")]


def colours(scheme: str) -> dict[str, str]:
    """The custom properties of public.css as the scheme sees them."""
    css = (STATIC / "public.css").read_text(encoding="utf-8")
    blocks = re.findall(r":root \{(.*?)\}", css, re.DOTALL)
    found = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", blocks[0]))
    if scheme == "dark":
        found |= dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", blocks[1]))
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), TEXT_ON_GROUND)
def test_every_text_can_be_read_on_its_ground(scheme: str, text: str, ground: str) -> None:
    seen = colours(scheme)

    assert contrast(seen[text], seen[ground]) >= READABLE


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("shape", "ground"), SHAPE_ON_GROUND)
def test_every_shape_that_means_something_can_be_seen(scheme: str, shape: str, ground: str) -> None:
    seen = colours(scheme)

    assert contrast(seen[shape], seen[ground]) >= 3


def test_every_colour_of_the_dark_scheme_has_a_light_one() -> None:
    css = (STATIC / "public.css").read_text(encoding="utf-8")
    blocks = re.findall(r":root \{(.*?)\}", css, re.DOTALL)
    light, dark = (set(re.findall(r"--([\w-]+):", block)) for block in blocks[:2])

    assert dark <= light


@pytest.mark.parametrize(
    ("one", "other", "expected"), [("#000000", "#ffffff", 21.0), ("#777777", "#ffffff", 4.48)]
)
def test_contrast_is_the_one_of_wcag(one: str, other: str, expected: float) -> None:
    assert contrast(one, other) == pytest.approx(expected, abs=0.01)
    assert contrast(one, other) == contrast(other, one)


# How much it weighs


def weight(content: bytes) -> int:
    return len(gzip.compress(content, 9, mtime=0))


@pytest.mark.parametrize(
    ("name", "most"),
    [("public.css", 10_000), ("app.js", 4_000), ("staff.css", 8_000), ("admin.css", 3_000)],
)
def test_a_file_keeps_its_weight(name: str, most: int) -> None:
    assert weight((STATIC / name).read_bytes()) <= most


def test_a_familys_page_with_all_it_loads_weighs_at_most_30_kilobytes(app: Flask) -> None:
    page = app.test_client().get("/_components?face=public").data
    loaded = re.findall(rb'(?:href|src)="(/static/[^"]+)"', page)

    assert b"/static/public.css" in loaded
    files = [app.test_client().get(url.decode()).data for url in loaded]
    assert sum(map(weight, [page, *files])) <= 30_000


def test_a_familys_page_loads_no_face(app: Flask) -> None:
    assert b"font" not in app.test_client().get("/_components?face=public").data
    assert "@font-face" not in (STATIC / "public.css").read_text(encoding="utf-8")


def test_the_faces_come_with_their_licence() -> None:
    css = (STATIC / "staff.css").read_text(encoding="utf-8")
    faces = re.findall(r'url\("(fonts/[^"]+)"\)', css)

    assert faces
    assert all((STATIC / face).is_file() for face in faces)
    assert "SIL OPEN FONT LICENSE" in (STATIC / "fonts" / "OFL.txt").read_text(encoding="utf-8")


# What a style sheet and a template may say

PHYSICAL = re.compile(
    r"(?<![\w-])(?:(?:margin|padding|border|scroll-margin|scroll-padding)-(?:left|right|top|bottom)"
    r"|(?:left|right|top|bottom|width|height|min-width|max-width|min-height|max-height)\s*:"
    r"|text-align:\s*(?:left|right)|float:\s*(?:left|right))"
)
FOUR_SIDES = re.compile(
    r"(?:margin|padding|border-width|inset):\s*" + " ".join([r"([^\s;]+)"] * 4) + ";"
)


@pytest.mark.parametrize("sheet", STYLES, ids=lambda sheet: sheet.name)
def test_a_style_sheet_names_no_left_and_no_right(sheet: Path) -> None:
    css = sheet.read_text(encoding="utf-8")
    rules = re.sub(r"@media \([^{]*\{|/\*.*?\*/", "", css, flags=re.DOTALL)

    assert PHYSICAL.findall(rules) == []
    assert [sides for sides in FOUR_SIDES.findall(rules) if sides[1] != sides[3]] == []


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(SERVER)))
def test_a_template_has_nothing_inline_that_the_content_policy_refuses(template: Path) -> None:
    source = re.sub(r"\{#.*?#\}", "", template.read_text(encoding="utf-8"), flags=re.DOTALL)

    assert re.findall(r"""<[^>]*\s(?:style|on[a-z]+)\s*=\s*["']""", source) == []
    assert re.findall(r"<style|javascript:", source, re.IGNORECASE) == []
    assert re.findall(r"<script(?![^>]*\ssrc=)", source) == []


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(SERVER)))
def test_a_template_names_every_placeholder_of_its_sentences(template: Path) -> None:
    with template.open("rb") as source:
        messages = [found[2] for found in babel_extract(source, ("_", "ngettext"), (), {})]

    assert [message for message in messages if re.search(r"%[^%(]", str(message))] == []


# What the HTML of a field promises


class Page(HTMLParser):
    """Tags with their attributes, in order, and the words of the page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.words = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.words += data

    def all(self, *names: str) -> list[dict[str, str]]:
        return [attrs for tag, attrs in self.tags if tag in names]

    @property
    def ids(self) -> list[str]:
        return [attrs["id"] for _, attrs in self.tags if "id" in attrs]


CHOICES = (("a", "First"), ("b", "Second"))
TYPES: dict[str, dict[str, object]] = {
    "text": {},
    "long_text": {"max_length": 200},
    "one_of": {"choices": CHOICES},
    "several_of": {"choices": CHOICES},
    "yes_no": {},
    "date": {},
    "person_name": {},
    "contact": {},
    "number": {},
    "scale": {},
    "code": {},
    "select": {"choices": CHOICES},
    "checkbox": {},
    "file": {},
    "password": {},
}
CONTROLS = ("input", "textarea", "select")


def row(app: Flask, type: str, **given: object) -> str:
    plain: dict[str, object] = {
        "name": "q_f",
        "type": type,
        "label": "Question",
        "required": True,
        "value": None,
        "errors": (),
    }
    macros = app.jinja_env.get_template("_fields.html")
    with app.test_request_context():
        return str(vars(macros.module)["field_row"](plain | TYPES.get(type, {}) | given))


@pytest.mark.parametrize("type", TYPES)
def test_label_help_error_and_reader_are_tied_to_the_control(app: Flask, type: str) -> None:
    page = Page(row(app, type, help="Help", readers_note="Read by us", errors=("Wrong",)))

    (described,) = [
        attrs["aria-describedby"] for _, attrs in page.tags if "aria-describedby" in attrs
    ]
    assert {"f-q_f-readers", "f-q_f-help", "f-q_f-error"} <= set(described.split()) <= set(page.ids)
    assert any(attrs.get("aria-invalid") == "true" for _, attrs in page.tags)
    # Every control has a label of its own, around it or by `for`; a group has a legend.
    labels, controls = page.all("label"), page.all(*CONTROLS)
    assert len(labels) == len(controls)
    assert {label["for"] for label in labels if "for" in label} <= {
        control["id"] for control in controls
    }
    assert len(page.all("fieldset")) == len(page.all("legend"))


@pytest.mark.parametrize("type", TYPES)
def test_a_field_without_help_and_errors_points_to_nothing(app: Flask, type: str) -> None:
    page = Page(row(app, type, max_length=None))

    assert not [
        attrs for _, attrs in page.tags if {"aria-describedby", "aria-invalid"} & set(attrs)
    ]


@pytest.mark.parametrize("type", TYPES)
def test_the_summary_leads_to_the_first_control_of_every_field(app: Flask, type: str) -> None:
    page = Page(row(app, type, errors=("Wrong",)))

    assert page.all(*CONTROLS)[0]["id"] == "f-q_f"
    assert len(page.ids) == len(set(page.ids))


@pytest.mark.parametrize("type", ["yes_no", "one_of", "several_of", "scale"])
def test_nothing_is_chosen_beforehand(app: Flask, type: str) -> None:
    assert " checked" not in row(app, type)


@pytest.mark.parametrize(
    ("type", "value", "chosen"),
    [
        ("yes_no", "no", ["no"]),
        ("one_of", "b", ["b"]),
        ("several_of", ["a", "b"], ["a", "b"]),
        ("scale", 3, ["3"]),
        ("scale", "3", ["3"]),  # as typed, when the page is shown again
    ],
)
def test_what_was_chosen_is_shown_again(
    app: Flask, type: str, value: object, chosen: list[str]
) -> None:
    html = row(app, type, value=value)

    assert [attrs["value"] for attrs in Page(html).all("input") if "checked" in attrs] == chosen
    assert html.count(" checked>") == len(chosen)


@pytest.mark.parametrize("type", ["text", "long_text", "person_name", "contact", "number", "code"])
def test_what_was_typed_is_printed_once_and_as_it_was(app: Flask, type: str) -> None:
    html = row(app, type, value='<b>"12"</b>')

    assert html.count("&lt;b&gt;&#34;12&#34;&lt;/b&gt;") == 1
    assert "<b>" not in html


def test_a_wrong_date_is_shown_as_it_was_typed(app: Flask) -> None:
    page = Page(row(app, "date", value={"day": "31", "month": "feb", "year": ""}))

    assert [(attrs["name"], attrs["value"]) for attrs in page.all("input")] == [
        ("q_f-day", "31"),
        ("q_f-month", "feb"),
        ("q_f-year", ""),
    ]


@pytest.mark.parametrize("type", ["password", "file"])
def test_a_secret_is_never_printed(app: Flask, type: str) -> None:
    assert "hunter" not in row(app, type, value="hunter")


@pytest.mark.parametrize("type", TYPES)
def test_nothing_typed_is_cut_off_or_refused_by_the_browser(app: Flask, type: str) -> None:
    refusing = {"maxlength", "required", "pattern", "min", "max"}

    assert not [a for a in Page(row(app, type, max_length=5)).all(*CONTROLS) if refusing & set(a)]


def test_a_code_may_be_filled_in_by_the_phone(app: Flask) -> None:
    (code,) = Page(row(app, "code")).all("input")

    assert (code["inputmode"], code["autocomplete"]) == ("numeric", "one-time-code")


def test_only_what_can_be_skipped_says_so(app: Flask) -> None:
    assert "can be skipped" in row(app, "text", required=False)
    assert "can be skipped" not in row(app, "text", required=True)


def test_a_note_asks_nothing(app: Flask) -> None:
    page = Page(row(app, "note", help="Five questions follow."))

    assert page.all(*CONTROLS) == []
    assert "Five questions follow." in page.words


# The page that shows it all


def test_every_part_is_shown_on_the_page_of_components() -> None:
    parts, *users = (
        (WEB / "templates" / name).read_text(encoding="utf-8")
        for name in ("_parts.html", "_components.html", "public.html", "staff.html")
    )
    called = re.sub(r"macro \w+\(", "", parts) + "".join(users)

    assert [name for name in re.findall(r"macro (\w+)\(", parts) if name not in called] == []


@pytest.mark.parametrize("face", ["public", "staff"])
def test_links_to_fields_and_ids_hold_on_the_page_of_components(app: Flask, face: str) -> None:
    page = Page(app.test_client().get(f"/_components?face={face}").text)

    assert len(page.ids) == len(set(page.ids))
    assert {link["href"][1:] for link in page.all("a") if link["href"][:1] == "#"} <= set(page.ids)


@pytest.mark.parametrize(
    ("lang", "word"), [("ru", "Фотографии на событиях"), ("en", "Photos at events")]
)
def test_the_language_switch_changes_the_language(app: Flask, lang: str, word: str) -> None:
    page = app.test_client().get(f"/_components?face=public&lang={lang}").text

    assert word in page
    assert f'<html lang="{lang}"' in page


def test_a_page_with_errors_says_so_in_its_title(app: Flask) -> None:
    with app.test_request_context():
        errors = [{"name": "q_f", "label": "Question", "text": "Choose yes or no."}]
        title = app.jinja_env.get_template("public.html").render(page_title="Photos", errors=errors)

    assert "<title>Error: Photos" in title
    assert '<a href="#f-q_f">Question: Choose yes or no.</a>' in title


def test_an_error_page_needs_nothing_but_its_words(app: Flask) -> None:
    with app.test_request_context():
        page = app.jinja_env.get_template("error.html").render(page_title="Gone", error_id="k3x9")

    assert "<h1>Gone</h1>" in page
    assert "k3x9" in page
