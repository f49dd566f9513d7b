"""The editor of a form, as a partner's administrator meets it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from markupsafe import escape

from server.access.actors import SHELL
from server.kernel.canonical import canonical
from server.model.definition import SettingsSpec
from server.runtime import Runtime
from server.services.accounts import people
from server.services.model import drafts, revisions
from tests.admin.conftest import EDITOR, FORM, Editor, controls_of

OWN = {"new__label__ru": "В какие кружки ты ходишь", "new__after": "goal"}


def text_of(page: str) -> str:
    """What a page says, without its tags."""
    return " ".join(re.sub(r"<[^>]+>", " ", page.partition("<main")[2]).split())


def row_of(page: str, field: str) -> str:
    """One question's row."""
    return page.partition(f'id="limit-{field}"')[2].partition('</li>\n<li class="limit')[0]


def test_each_question_says_what_may_be_done_with_it_and_why(editor: Editor) -> None:
    page = editor.page(EDITOR)

    goal, interests, days = (row_of(page, name) for name in ("goal", "interests", "days"))
    assert "limit-locked" in page.partition('id="limit-goal"')[0][-80:]
    assert "152" not in goal
    for row, reason in ((goal, "По этим ответам подбирают наставника"),
                        (interests, "Из короткого списка легче выбрать")):  # fmt: skip
        assert reason in row
        assert "Модель 1.0" in row
    assert 'name="goal.label.ru"' not in goal
    assert 'name="goal.help.ru"' in goal
    assert 'value="hide:days"' in days
    assert 'value="up:days"' in days
    assert 'value="hide:interests"' not in interests
    assert not re.search(r"\b(F15|W04|P\d\d|LIMIT-)", text_of(page))


def test_saving_keeps_a_draft_and_families_see_nothing_of_it(editor: Editor) -> None:
    answer = editor.press(days__label__ru="Когда тебе удобно встречаться")

    assert answer.status_code == 303
    assert 'value="Когда тебе удобно встречаться"' in editor.page(EDITOR)
    assert [one.change for one in editor.settings.draft or ()] == ["reword"]
    assert editor.settings.published == ()


def test_a_page_saved_as_it_stands_makes_no_draft(editor: Editor) -> None:
    editor.press()

    assert editor.settings.draft is None


def test_a_refusal_stands_beside_its_control_with_the_way_out_the_rule_and_its_source(
    editor: Editor,
) -> None:
    editor.press(act="add", new__label__ru="Чем болел в этом году")

    row = row_of(editor.page(EDITOR), "own_chem_bolel_v_etom_godu")
    said = text_of(f"<main>{row}")
    assert 'value="Чем болел в этом году"' in row
    assert "Спросите другими словами или уберите" in said
    assert "Особые сведения о человеке" in said
    assert "152-ФЗ, статьи 10 и 11" in said


def test_publishing_is_closed_while_something_does_not_hold(editor: Editor) -> None:
    editor.press(act="add", new__label__ru="Чем болел в этом году")

    page = editor.page(EDITOR)
    publish = re.search(r'<button[^>]*value="publish"[^>]*>', page)
    assert publish is not None
    assert 'aria-disabled="true"' in publish[0]
    assert 'aria-describedby="why-not"' in publish[0]
    refused = editor.press("/admin/publish/", showing="/admin/publish/")
    assert refused.status_code == 422
    assert editor.settings.published == ()


def test_checking_says_that_everything_holds(editor: Editor) -> None:
    answer = editor.press(act="check", days__label__ru="Когда встречаемся")

    page = editor.page(answer.headers["Location"])
    assert "notice-good" in page


def test_publishing_makes_it_count_and_tells_the_history(editor: Editor) -> None:
    editor.press(act="add", **OWN)
    editor.press(act="hide:days")
    editor.press("/admin/publish/", showing="/admin/publish/", note="К новому циклу")

    said = text_of(editor.page("/admin/history/"))
    assert editor.settings.draft is None
    assert "К новому циклу" in said
    assert "Лебедева Ольга" in said
    assert "Добавлен свой вопрос «В какие кружки ты ходишь»" in said
    assert "Скрыт вопрос «Когда тебе удобно»" in said


def test_an_older_state_becomes_the_draft_again(editor: Editor) -> None:
    editor.press(act="hide:days")
    editor.press("/admin/publish/", showing="/admin/publish/")
    first = editor.settings.last_published
    editor.press(act="show:days")
    editor.press("/admin/publish/", showing="/admin/publish/")
    assert first is not None

    editor.press("/admin/publish/restore", showing="/admin/publish/", seq=str(first.seq))

    assert [one.change for one in editor.settings.draft or ()] == ["hide"]
    assert editor.settings.published == ()


def test_a_draft_laid_aside_can_be_fetched_back(editor: Editor) -> None:
    editor.press(days__label__ru="Когда встречаемся")
    editor.press("/admin/publish/drop", showing="/admin/publish/")
    assert editor.settings.draft is None
    page = editor.page("/admin/publish/")
    seq = controls_of(page)["seq"][0]

    editor.press("/admin/publish/restore", showing="/admin/publish/", seq=seq)

    assert [one.change for one in editor.settings.draft or ()] == ["reword"]


def test_returning_to_the_model_gives_the_shipped_form_byte_for_byte(editor: Editor) -> None:
    editor.press(act="add", **OWN)
    editor.press(act="hide:days")
    editor.move("up", "mentor_wish")
    editor.press(talk_by__choice__ru=["Лично", "Письмом"], talk_by__choice__en=["", ""])
    editor.press("/admin/publish/", showing="/admin/publish/")
    assert editor.settings.effective.forms[FORM] != editor.settings.shipped.forms[FORM]

    editor.press(act="return")
    editor.press("/admin/publish/", showing="/admin/publish/")

    published = editor.settings.last_published
    assert published is not None
    bundle = editor.school.do(
        editor.who.actor,
        revisions.bundle_of,
        school_id=editor.school.id,
        seq=published.seq,
    )
    form, shipped = (one.forms[FORM].model_dump(mode="json", by_alias=True)
                     for one in (bundle, editor.settings.shipped))  # fmt: skip
    assert canonical(form) == canonical(shipped)


def test_what_is_left_is_told_in_numbers(editor: Editor) -> None:
    before = text_of(editor.page(EDITOR))
    editor.press(act="add", **OWN)
    editor.press(act="hide:days")
    after = text_of(editor.page(EDITOR))

    for said, numbers in ((before, ("10 из 10", "2 из 2")), (after, ("9 из 10", "1 из 2"))):
        for number in numbers:
            assert number in said.replace(" of ", " из ")


def test_where_nothing_more_can_be_hidden_it_says_so_and_offers_no_button(editor: Editor) -> None:
    for field in re.findall(r'value="hide:(\w+)"', editor.page(EDITOR))[:2]:
        editor.press(act=f"hide:{field}")
    page = editor.page(EDITOR)

    assert "чтобы скрыть другой, верните один" in text_of(page)
    assert "0 из 2" not in text_of(page)
    assert 'value="hide:' not in page
    assert page.count('value="show:') == 2


def test_an_own_question_asks_for_no_second_language(editor: Editor) -> None:
    editor.press(act="add", new__label__ru="В какие кружки ты ходишь")
    page = editor.page(EDITOR)

    [own] = {
        one for one in editor.controls() if one.startswith("own_") and one.endswith("label.en")
    }
    for control in ("new.label.en", own):
        label = page.partition(f'for="f-{control}"')[2].partition("<input")[0]
        assert "можно пропустить" in label
        assert "Достаточно языка школы" in label
    assert "Достаточно языка школы" not in row_of(page, "days")


def test_how_long_data_is_kept_is_told_from_the_end_of_the_cycle(editor: Editor) -> None:
    said = text_of(editor.page("/admin/workflows/minor_enrolment"))

    assert "до последнего дня цикла" in said
    assert not re.search(r"\b0 дней", said)
    assert "После конца цикла: от 30 дней до 24 месяцев" in said


def test_whom_to_ask_for_an_exception_stands_where_a_rule_is_in_the_way(
    runtime: Runtime, editor: Editor
) -> None:
    with runtime.tools.begin(SHELL) as work:
        tenant = people.add_tenant(work, slug="keepers", name="Mentor School", platform=True)
    with runtime.tools.begin(SHELL, tenant) as work:
        people.add_colleague(work, name="Орлова", email="keeper@example.org", password_hash=None)
    assert "keeper@example.org" in editor.page("/admin/")
    assert "keeper@example.org" not in editor.page(EDITOR)

    editor.press(act="add", new__label__ru="Какой у тебя диагноз")

    assert "keeper@example.org" in editor.page(EDITOR)


def test_a_preview_is_drawn_of_what_is_typed_and_keeps_nothing(editor: Editor) -> None:
    answer = editor.press(
        f"{EDITOR}/preview", showing=EDITOR, days__label__ru="Когда встречаемся", act=""
    )

    page = answer.get_data(as_text=True)
    assert "Когда встречаемся" in page
    assert "Сохранить" not in page
    assert 'name="q_days"' in page
    assert editor.settings.draft is None


def test_the_preview_speaks_the_language_that_was_asked_for(editor: Editor) -> None:
    answer = editor.press(act="preview:en")

    page = editor.page(answer.headers["Location"].partition("#")[0])
    assert "When it suits you" in page.partition('id="preview"')[2]


def test_filling_in_on_trial_checks_and_stores_nothing(editor: Editor) -> None:
    path = f"{EDITOR}/try"
    csrf = editor.controls(path)["csrf_token"]

    wrong = editor.client.post(path, data={"csrf_token": csrf}).get_data(as_text=True)
    right = editor.client.post(
        path, data={"csrf_token": csrf, "q_goal": "Шить", "q_interests": ["crafts"]}
    ).get_data(as_text=True)

    assert "#f-q_goal" in wrong
    assert "Ремёсла и профессии" in right
    assert "#f-q_goal" not in right


def test_who_saved_meanwhile_is_named_and_nothing_of_either_is_lost(
    app: Any, editor: Editor
) -> None:
    from tests.admin.conftest import editor_of
    from tests.factories import a_colleague

    other = editor_of(
        app, editor.school, a_colleague(editor.school, name="Зимина Вера", role="partner_admin")
    )
    mine = editor.controls()
    other.press(act="hide:grade")

    mine.update({"days.label.ru": ["Когда встречаемся"], "act": ["save"]})
    answer = editor.client.post(EDITOR, data=mine)
    page = answer.get_data(as_text=True)

    assert answer.status_code == 409
    assert "Зимина Вера" in page
    assert 'value="Когда встречаемся"' in page
    assert 'value="show:grade"' in page
    again = {**controls_of(page), "act": ["save"]}
    assert editor.client.post(EDITOR, data=again).status_code == 303
    assert {one.change for one in editor.settings.draft or ()} == {"hide", "reword"}


def test_a_draft_that_somebody_changed_meanwhile_is_not_published_unseen(editor: Editor) -> None:
    editor.press(act="hide:grade")
    looked_at = editor.controls("/admin/publish/")
    editor.press(act="hide:days")

    editor.client.post("/admin/publish/", data=looked_at)

    assert editor.settings.published == ()
    assert len(editor.settings.draft or ()) == 2


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "javascript:alert(1)",
    "</textarea><svg/onload=alert(1)>",
    "{{7*7}}",
    "${7*7} <%= 7*7 %> #{7*7}",
    "%(name)s %s %d",
    "{0.__class__} {x:>99}",
    "' OR 1=1 --",
]


def test_what_a_partner_writes_is_shown_and_never_carried_out(editor: Editor) -> None:
    added = [
        {
            "change": "add_field",
            "at": FORM,
            "field": {
                "field": f"own_{number}",
                "type": "one_of",
                "label": {"ru": words, "en": words},
                "help": {"ru": words},
                "choices": {"options": [{"label": {"ru": words}}, {"label": {"ru": "Второй"}}]},
                "data": {"class": "ordinary", "purpose": "processing"},
            },
        }
        for number, words in enumerate(HOSTILE)
    ]
    reworded = {"change": "reword", "at": f"{FORM}.days.label", "to": {"ru": HOSTILE[1]}}
    spec = SettingsSpec.model_validate(
        {"settings": "s", "model": "1.0", "variant": "standard", "changes": [*added, reworded]}
    )
    me, id_ = editor.who.actor, editor.school.id
    editor.school.do(me, drafts.save_draft, school_id=id_, changes=spec.changes)
    pages = [editor.page(one) for one in (EDITOR, "/admin/publish/", "/admin/file/", "/admin/")]
    # Places to be filled and addresses of scripts are refused; a draft shows them all the same.
    refused = ("{{", "javascript:")
    held = tuple(one for one in spec.changes if not any(sign in str(one) for sign in refused))
    editor.school.do(me, drafts.publish, school_id=id_, changes=held, note=HOSTILE[0])
    pages += [editor.page(one) for one in (f"{EDITOR}/try", "/admin/history/", "/admin/", EDITOR)]

    for page in pages:
        assert "<script>alert" not in page
        assert not re.search(r"<(img|svg)[^>]*(onerror|onload)", page)
    for words in HOSTILE:
        assert str(escape(words)) in pages[0]


@pytest.mark.parametrize("words", ["два\u202eслова", "слово\u200bслово", "бел\u0007л"])
def test_characters_nobody_sees_are_refused(editor: Editor, words: str) -> None:
    editor.press(days__label__ru=words)

    assert [one.code for one in editor.settings.problems] == ["WORDS-UNSEEN"]


@pytest.mark.parametrize("words", ["о" * 5000, "ноль\u0000"])
def test_what_not_even_a_draft_can_hold_is_refused_kindly(editor: Editor, words: str) -> None:
    answer = editor.press(days__label__ru=words)

    assert answer.status_code == 422
    assert editor.settings.draft is None
