"""Whom the admin is for, what the variants offer, and that four doors refuse alike."""

from __future__ import annotations

import io
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from server.access.actors import SHELL
from server.cli import run
from server.model.definition import SettingsSpec
from server.model.settings import to_yaml
from server.runtime import Runtime
from server.services.accounts import people, tokens
from server.services.accounts.passwords import hash_password
from tests.admin.conftest import EDITOR, FORM, Editor, editor_of
from tests.factories import a_colleague, a_school
from tests.http.conftest import browser, sign_in_as

WORKFLOW = "/admin/workflows/minor_enrolment"
FILE = "settings: this_school\nmodel: '1.0'\nvariant: standard\nchanges: []\n"
OWNER, WORDS = "owner@example.org", "четыре слова для входа"
PAGES = (
    "/admin/", "/admin/forms/", EDITOR, f"{EDITOR}/try", "/admin/workflows/", WORKFLOW,
    "/admin/publish/", "/admin/history/", "/admin/file/", "/admin/file/settings.yaml",
    "/admin/people/", "/admin/schools/", "/admin/releases/", "/admin/letters/",
)  # fmt: skip
OWNERS = ("/admin/evidence/", "/admin/people/new", "/admin/tokens/")
DEEDS = (EDITOR, WORKFLOW, "/admin/publish/", "/admin/publish/drop", "/admin/publish/restore",
         "/admin/file/")  # fmt: skip


# Who may what ------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [*PAGES, *OWNERS])
def test_nobody_comes_in_without_signing_in(app: Flask, path: str) -> None:
    answer = browser(app).get(path)

    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/sign-in")


def test_an_administrator_sees_every_page(editor: Editor) -> None:
    editor.press(act="hide:days")
    for path in (*PAGES, *OWNERS):
        assert editor.client.get(path).status_code == 200, path


def test_a_coordinator_looks_at_all_and_changes_nothing(reader: Editor) -> None:
    for path in PAGES:
        assert reader.client.get(path).status_code == 200, path
    assert "<form method=post" not in reader.page(EDITOR)
    csrf = reader.controls("/admin/")["csrf_token"]
    for path in DEEDS:
        asked = {
            "csrf_token": csrf,
            "revision": "0",
            "act": "hide:days",
            "seq": "0",
            "source": _of(reader, FILE),
        }
        assert reader.client.post(path, data=asked).status_code == 403, path
    assert reader.settings.newest is None


@pytest.mark.parametrize("role", ["curator", "tutor"])
def test_other_roles_are_kept_out(app: Flask, editor: Editor, role: str) -> None:
    other = editor_of(app, editor.school, a_colleague(editor.school, role=role))

    for path in (*PAGES, *OWNERS):
        assert other.client.get(path).status_code == 403, path


def test_the_chain_is_for_the_administrator_alone(reader: Editor) -> None:
    assert reader.client.get(OWNERS[0]).status_code == 403
    assert OWNERS[0] not in reader.page("/admin/")


def test_another_organisations_things_are_answered_like_missing_ones(
    app: Flask, still: Runtime, editor: Editor
) -> None:
    theirs = a_school(still.tools)
    other = editor_of(app, theirs, a_colleague(theirs, role="partner_admin"))
    other.press(act="hide:days")

    for path in ("/admin/forms/", EDITOR, "/admin/publish/", "/admin/history/"):
        foreign = editor.client.get(f"{path}?school={theirs.slug}")
        missing = editor.client.get(f"{path}?school=nowhere")
        assert (foreign.status_code, missing.status_code) == (404, 404)
    found = editor.client.get(f"/admin/people/details/?id={other.who.person_id}")
    assert found.status_code == 404
    assert editor.settings.draft is None


def test_a_form_that_is_not_there_is_not_there(editor: Editor) -> None:
    assert editor.client.get("/admin/forms/nothing").status_code == 404
    assert editor.client.get("/admin/workflows/nothing").status_code == 404
    assert editor.press("/admin/forms/nothing", showing=EDITOR).status_code == 404


def test_the_models_owner_finds_the_releases(app: Flask, still: Runtime, editor: Editor) -> None:
    with still.tools.begin(SHELL) as work:
        tenant = people.add_tenant(work, slug="model", name="Mentor School", platform=True)
    with still.tools.begin(SHELL, tenant) as work:
        people.add_colleague(
            work,
            name="Орлова Тамара",
            email="owner@example.org",
            password_hash=hash_password(WORDS),
        )
    client = browser(app)
    sign_in_as(client, OWNER, WORDS)
    arrived = client.get("/sign-in/arrived")

    page = client.get("/admin/")

    assert arrived.headers["Location"] == "/admin/"
    assert ">1.0<" in page.get_data(as_text=True)
    assert client.get("/admin/releases/").status_code == 200
    assert client.get(EDITOR).status_code == 403


@pytest.mark.parametrize("path", DEEDS)
def test_no_deed_without_its_secret(editor: Editor, path: str) -> None:
    answer = editor.client.post(path, data={"act": "hide:days", "revision": "0"})

    assert answer.status_code == 400
    assert editor.settings.newest is None


def test_lists_have_no_route_that_writes(app: Flask) -> None:
    """SECURITY.md A6: what is not there needs no guard."""
    lists = ("admin_schools", "admin_releases", "admin_letters", "admin_evidence")
    rules = [one for one in app.url_map.iter_rules() if one.endpoint.split(".")[0] in lists]

    assert {one.endpoint.split(".")[1] for one in rules} == {"index_view", "details_view"}
    assert all("POST" not in (one.methods or ()) for one in rules)
    assert not any(one.endpoint == "admin.static" for one in app.url_map.iter_rules())


def test_no_page_carries_what_the_content_policy_refuses(editor: Editor) -> None:
    editor.press(act="hide:days")
    for path in (*PAGES, *OWNERS):
        answer = editor.client.get(path)
        if answer.mimetype != "text/html":
            continue
        page = answer.get_data(as_text=True)
        assert not re.search(r"<[^>]+\s(on\w+|style)=", page), path
        assert not re.search(r"<script(?![^>]*\bsrc=)", page), path
        assert "javascript:" not in page, path


def test_unknown_controls_change_nothing(editor: Editor) -> None:
    """SECURITY.md A7: a page's form is read by name, never taken over as it comes."""
    editor.press(
        tenant_id="x", state="published", id="1", seq="9", approved_by="me", variant="flexible",
        goal__required="", days__data="special", order=["goal", "constructor", "__proto__"],
    )  # fmt: skip

    assert editor.settings.draft is None
    assert editor.settings.variant == "standard"


# Variants ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variant", "offered", "missing"),
    [
        (
            "strict",
            ["goal.help.ru", "days.help.ru", "mentor_wish.help.ru"],
            ["goal.label.ru", "days.label.ru", "days.choice.ru", "new.label.ru"],
        ),
        (
            "standard",
            ["goal.help.ru", "days.label.ru", "days.choice.ru", "new.label.ru"],
            ["goal.label.ru"],
        ),
        (
            "flexible",
            ["goal.help.ru", "days.label.ru", "days.choice.ru", "new.label.ru"],
            ["goal.label.ru"],
        ),
    ],
)
def test_a_variant_binds_what_is_offered(
    app: Flask, still: Runtime, variant: str, offered: list[str], missing: list[str]
) -> None:
    school = a_school(still.tools, variant=variant)
    mine = editor_of(app, school, a_colleague(school, role="partner_admin"))

    page = mine.page(EDITOR)
    names = mine.controls()

    assert set(offered) <= set(names)
    assert not set(missing) & set(names)
    assert ('value="hide:days"' in page) == (variant != "strict")


@pytest.mark.parametrize(
    ("variant", "most_own", "most_hidden"), [("standard", 10, 2), ("flexible", 25, 4)]
)
def test_the_room_is_the_variants(
    app: Flask, still: Runtime, variant: str, most_own: int, most_hidden: int
) -> None:
    school = a_school(still.tools, variant=variant)
    mine = editor_of(app, school, a_colleague(school, role="partner_admin"))

    page = mine.page(EDITOR).replace(" of ", " из ")

    assert f"{most_own} из {most_own}" in page
    assert f"{most_hidden} из {most_hidden}" in page


def test_in_the_strict_variant_even_a_forged_page_is_refused(app: Flask, still: Runtime) -> None:
    school = a_school(still.tools, variant="strict")
    mine = editor_of(app, school, a_colleague(school, role="partner_admin"))

    mine.press(days__label__ru="Иначе")
    mine.press(act="hide:days")
    mine.press(act="add", new__label__ru="Свой вопрос")
    mine.press(WORKFLOW, minor_enrolment__decision__due__in="6")

    assert {one.code for one in mine.settings.problems} == {
        "LIMIT-P25", "LIMIT-P11-NONE", "LIMIT-P10-NONE", "LIMIT-P20-NONE",
    }  # fmt: skip


# Four doors, one validator -----------------------------------------------------------------------


@dataclass(frozen=True)
class Bad:
    """Settings that do not hold: as a change, and as somebody types them on a page."""

    codes: set[str]
    change: dict[str, Any]
    typed: dict[str, Any]
    page: str = EDITOR
    also: list[dict[str, Any]] = field(default_factory=list)


def reword(at: str, words: str) -> dict[str, Any]:
    return {"change": "reword", "at": f"{FORM}.{at}", "to": {"ru": words}}


def own(label: str) -> dict[str, Any]:
    return {
        "change": "add_field",
        "at": FORM,
        "after": "mentor_wish",
        "field": {
            "field": "own_x",
            "type": "text",
            "label": {"ru": label},
            "data": {"class": "ordinary", "purpose": "processing"},
        },
    }


EIGHT = [f"Вариант {number}" for number in range(8)]
AT = "minor_enrolment"
BAD = {
    "a question about health": Bad(
        {"LIMIT-SPECIAL"}, own("Чем болел в этом году"),
        {"act": "add", "new__label__ru": "Чем болел в этом году"},
    ),
    "special data by another wording": Bad(
        {"LIMIT-SPECIAL"}, reword("days.label", "Какой ты веры"),
        {"days__label__ru": "Какой ты веры"},
    ),
    "words too long": Bad(
        {"WORDS-LONG"}, reword("days.label", "о" * 201), {"days__label__ru": "о" * 201}
    ),
    "a link in a question": Bad(
        {"WORDS-LINK"}, own("Зайди на https://evil.example/x"),
        {"act": "add", "new__label__ru": "Зайди на https://evil.example/x"},
    ),
    "a link in a hint": Bad(
        {"WORDS-LINK"}, reword("days.help", "Сначала войди на госуслуги-вход.рф"),
        {"days__help__ru": "Сначала войди на госуслуги-вход.рф"},
    ),
    "a place to be filled": Bad(
        {"WORDS-PLACES"}, reword("days.help", "Привет, {{name}}"),
        {"days__help__ru": "Привет, {{name}}"},
    ),
    "a required question hidden": Bad(
        {"LIMIT-REQUIRED-HIDE"}, {"change": "hide", "at": f"{FORM}.goal"}, {"act": "hide:goal"}
    ),
    "a locked question reworded": Bad(
        {"LIMIT-LOCKED"}, reword("goal.label", "Чего ты хочешь"),
        {"goal__label__ru": "Чего ты хочешь"},
    ),
    "too many choices": Bad(
        {"LIMIT-P26"},
        {"change": "set", "at": f"{FORM}.talk_by.choices",
         "to": [{"label": {"ru": one}} for one in EIGHT]},
        {"talk_by__choice__ru": EIGHT, "talk_by__choice__en": [""] * 8},
    ),
    "a deadline too long": Bad(
        {"LIMIT-P20"},
        {"change": "set", "at": f"{AT}.decision.due.in", "to": "20 working days"},
        {f"{AT}__decision__due__in": "20"}, WORKFLOW,
    ),
    "no number at all": Bad(
        {"SETTINGS-DURATION"},
        {"change": "set", "at": f"{AT}.decision.due.in", "to": "пять"},
        {f"{AT}__decision__due__in": "пять"}, WORKFLOW,
    ),
    "reminders in disorder": Bad(
        {"LIMIT-P21-ORDER"},
        {"change": "set", "at": f"{AT}.processing.remind.after", "to": ["6 days", "2 days"]},
        {f"{AT}__processing__remind__after": ["6", "2"]}, WORKFLOW,
    ),
    "a crowd to decide": Bad(
        {"LIMIT-P13"},
        {"change": "set", "at": f"{AT}.decision.approvals", "to": 7},
        {f"{AT}__decision__approvals": "7"}, WORKFLOW,
    ),
    "data kept too long": Bad(
        {"LIMIT-P22"},
        {"change": "set", "at": "processing.valid.plus", "to": "99 months"},
        {"processing__valid__plus": "99"}, WORKFLOW,
    ),
}  # fmt: skip


@pytest.fixture
def token(editor: Editor) -> str:
    return editor.school.do(
        SHELL,
        tokens.issue_token,
        name="doors",
        scopes=("settings:read", "settings:write"),
        person_id=editor.who.person_id,
        school_id=editor.school.id,
    )


def test_four_doors_refuse_alike(
    editor: Editor, token: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The page, the file, the API and the command line ask one validator, in the same words."""
    for name, bad in BAD.items():
        spec = SettingsSpec.model_validate(
            {
                "settings": _of(editor, "this_school"),
                "model": "1.0",
                "variant": "standard",
                "changes": [bad.change],
            }
        )
        file = tmp_path / "settings.yaml"
        file.write_text(to_yaml(spec), encoding="utf-8")

        by_cli = _by_command_line(file, capsys)
        by_api = _by_api(editor, token, bad.change)
        by_file = _by_file(editor, file)
        by_page = _by_page(editor, bad)

        assert {one["code"] for one in by_api} == bad.codes, name
        sentences = {one["detail"] for one in by_api}
        assert by_cli == {(one["code"], one["detail"]) for one in by_api}, name
        for sentence in sentences:
            assert sentence in by_file, (name, sentence)
            # How a file writes it is for those who have a file.
            assert sentence.partition(" В файле")[0] in by_page, (name, sentence)
            assert "В файле" not in by_page, (name, sentence)


def _by_command_line(file: Path, capsys: pytest.CaptureFixture[str]) -> set[tuple[str, str]]:
    assert run(["defs", "check", "--overlay", str(file), "--json", "--lang", "ru"]) == 1
    found = json.loads(capsys.readouterr().out)
    return {(one["code"], one["detail"]) for one in found}


def _by_api(editor: Editor, token: str, change: dict[str, Any]) -> list[dict[str, Any]]:
    path = f"/api/v1/schools/{editor.school.id}/settings"
    headers = {"Authorization": f"Bearer {token}"}
    refused = editor.client.put(path, json={"changes": [change]}, headers=headers)
    assert refused.status_code == 422
    checked = editor.client.post(f"{path}/check", json={"changes": [change]}, headers=headers)
    found: list[dict[str, Any]] = checked.json["problems"]
    assert {one["code"] for one in refused.json["problems"]} == {one["code"] for one in found}
    return found


def _by_file(editor: Editor, file: Path) -> str:
    posted = editor.controls("/admin/file/")
    sent = (io.BytesIO(file.read_bytes()), "settings.yaml")
    answer = editor.client.post(
        "/admin/file/", data={**posted, "act": "take", "file": sent},
        content_type="multipart/form-data",
    )  # fmt: skip
    assert answer.status_code == 422
    assert editor.settings.draft is None
    return _plain(answer.get_data(as_text=True))


def _by_page(editor: Editor, bad: Bad) -> str:
    assert editor.press(bad.page, **bad.typed).status_code == 303
    page = _plain(editor.page(bad.page))
    editor.press("/admin/publish/", showing="/admin/publish/")
    assert editor.settings.published == ()
    editor.press("/admin/publish/drop", showing="/admin/publish/")
    return page


def _plain(page: str) -> str:
    import html

    return html.unescape(page)


def test_publishing_leads_to_the_very_question_and_step_and_shows_what_is_refused(
    editor: Editor,
) -> None:
    editor.press(act="add", new__label__ru="Зайди на https://evil.example/x")
    editor.press(WORKFLOW, **{f"{AT}__decision__due__in": "abc"})
    editor.press(act="hide:days")

    page = editor.page("/admin/publish/")

    assert f"#limit-{AT}.decision.due.in" in page
    assert re.search(r"open=own_\w+#limit-own_", page)
    assert "Не войдёт, пока не исправлено" in page


def test_a_refusal_is_never_called_a_recommendation(editor: Editor) -> None:
    editor.press(WORKFLOW, **{f"{AT}__processing__remind__after": ["99", ""]})

    page = editor.page("/admin/publish/")

    assert "Рекоменд" not in page
    assert "Правило модели" in page


def test_a_file_that_is_no_text_fills_nothing(editor: Editor) -> None:
    posted = editor.controls("/admin/file/")
    sent = (io.BytesIO(b"\x89PNG\r\n\x1a\n\x00\x00\xff\xfe"), "settings.yaml")

    page = editor.client.post(
        "/admin/file/", data={**posted, "act": "take", "file": sent},
        content_type="multipart/form-data",
    ).get_data(as_text=True)  # fmt: skip

    assert "PNG" not in page


# The file ----------------------------------------------------------------------------------------


def test_the_file_that_is_downloaded_can_be_uploaded_again(editor: Editor) -> None:
    editor.press(act="add", new__label__ru="В какие кружки ты ходишь", new__after="goal")
    editor.press(act="hide:days")
    was = editor.settings.draft
    source = editor.page("/admin/file/settings.yaml")
    editor.press("/admin/publish/drop", showing="/admin/publish/")

    answer = editor.press("/admin/file/", act="take", source=source)

    assert answer.status_code == 303
    assert editor.settings.draft == was


@pytest.mark.parametrize(
    ("source", "place"),
    [
        ("settings: this_school\nmodel: '1.0'\nvariant: standard\nchanges: &a []\n", "4:10"),
        (
            "settings: this_school\nmodel: '1.0'\nvariant: standard\n"
            "changes:\n  - {change: hid, at: x}\n",
            "5:",
        ),
        ("settings: this_school\nmodel: '1.0'\nvariant: flexible\nchanges: []\n", "3:"),
        ("{" * 40, "1:"),
        ("\u202e", "1:1"),
    ],
)
def test_a_broken_or_hostile_file_is_refused_with_its_place_and_kept_on_the_page(
    editor: Editor, source: str, place: str
) -> None:
    source = _of(editor, source)
    answer = editor.press("/admin/file/", act="take", source=source)

    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert place in page
    assert editor.settings.draft is None
    assert _plain(page.partition('id="f-source"')[2]).count(source.strip()[:20]) >= 1


def test_a_file_that_is_too_large_is_refused(editor: Editor) -> None:
    posted = editor.controls("/admin/file/")
    sent = (io.BytesIO(b"# x\n" * 80_000), "settings.yaml")

    answer = editor.client.post(
        "/admin/file/", data={**posted, "act": "take", "file": sent},
        content_type="multipart/form-data",
    )  # fmt: skip

    assert answer.status_code in (413, 422)
    assert editor.settings.draft is None


def test_a_file_that_does_not_hold_may_still_become_the_draft(editor: Editor) -> None:
    source = (
        "settings: this_school\nmodel: '1.0'\nvariant: standard\n"
        f"changes:\n  - {{change: hide, at: {FORM}.goal}}\n"
    )

    answer = editor.press("/admin/file/", act="keep", source=_of(editor, source))

    assert answer.status_code == 303
    assert [one.code for one in editor.settings.problems] == ["LIMIT-REQUIRED-HIDE"]
    editor.press(act="reset:goal")
    assert editor.settings.draft is None


def _of(editor: Editor, source: str) -> str:
    """A file as it is written for this school."""
    return source.replace("this_school", editor.settings.school.slug.replace("-", "_"))


def test_the_file_of_another_school_is_refused_at_its_first_line(editor: Editor) -> None:
    editor.press(act="hide:days")
    was = editor.settings.draft

    answer = editor.press("/admin/file/", act="take", source=FILE)

    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "настройки другой школы: this_school" in _plain(page)
    assert "1:11" in page
    assert editor.settings.draft == was


# Deadlines ---------------------------------------------------------------------------------------


def test_a_deadline_moves_within_its_bounds_and_comes_back(editor: Editor) -> None:
    control = {"minor_enrolment__decision__due__in": "4"}

    editor.press(WORKFLOW, **control)
    editor.press("/admin/publish/", showing="/admin/publish/")
    said = editor.page("/admin/history/")
    editor.press(WORKFLOW, act="reset:minor_enrolment.decision.due.in")

    assert "срок был 5 рабочих дней, теперь 4 рабочих дня" in said
    assert editor.settings.draft == ()


def test_days_are_shown_as_they_will_go(editor: Editor) -> None:
    answer = editor.press(
        f"{WORKFLOW}/preview", showing=WORKFLOW, act="",
        minor_enrolment__processing__remind__after=["2", "6"],
    )  # fmt: skip

    page = answer.get_data(as_text=True)
    assert "2 дня" in page
    assert "6 дней" in page
    assert editor.settings.draft is None
