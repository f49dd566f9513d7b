"""What a partner writes: texts, choices and questions of its own, held against the limits."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from server.forms.definition import Choice, Choices, FieldSpec, FormSpec
from server.kernel.latin import latin
from server.kernel.problems import Problem
from server.kernel.text import Text
from server.kernel.wordlists import first_hit
from server.model.definition import AddField, OfferedChoice, OwnField, Path, PlaceOf
from server.model.limits import CLASS_OF_TYPE, Limits, Verdict

LABEL_LENGTH, HELP_LENGTH, CHOICE_LENGTH = 200, 600, 120
OWN = "own_"
SPECIAL_WHY = "law.ru.152fz.10"
LINK_WHY = "safety.no_links"
CHOOSING = ("one_of", "several_of")
NUMBERED = ("number", "scale")
SCALE_LENGTH = 11  # 0 to 10; a longer scale is a number

# What leads away from the page, however it is written: with a scheme, as a bare name, as an
# address of a mailbox, a machine or an account, as a telephone number. Of words in Cyrillic only
# known endings count: people forget the space after a full stop («школа.Если»), and write
# ДД.ММ.ГГГГ. A name with signs of both alphabets is nobody's word.
_ENDINGS = "рф|рус|москва|дети|онлайн|сайт|орг|ком|бел|қаз|укр|срб|бг|мкд|мон"
_LINK = re.compile(
    rf"""
    [a-z][a-z0-9+.-]*:/{{1,2}}\S+                 # https://…
    | (?<![\w/:])//[\w-]\S*                     # //evil/path
    | (?:mailto|tel|sms|javascript|data):\S+
    | \bwww\d?\.\S+
    | (?<![@.])@\w*[a-z_]\w{{2,}}                 # @account, тг@account
    | (?<![@.\w])@\w{{3,}}
    | [^\s@]{{1,64}}@[^\s@]+                      # a mailbox
    | (?<![\w.-])(?:\d{{1,3}}\.){{3}}\d{{1,3}}(?![\w.]) # 203.0.113.9
    | (?<![\w-])(?:[\w-]+\.)+(?!(?-i:Дети|Москва)\b)  # «Код.Дети»: a name
      (?:[a-z]{{2,}}|xn--[a-z0-9-]+|{_ENDINGS})(?![\w-])
    """,
    re.IGNORECASE | re.VERBOSE,
)
# A mobile number: enough digits that no date, no span of years and no hours are meant.
_PHONE = re.compile(r"(?<![\w.])(?:\+|8[\s(-]{0,2}9)[\d\s().-]{8,18}(?!\d)")
_PHONE_DIGITS = 10
# Dots of other scripts, and what looks like one; a gap or brackets around a dot part no name.
_DOTS = dict.fromkeys(map(ord, "。․۔⸱ꓸ·•‧∙⋅܁܂٠"), ".")
_BRACKETED_DOT = re.compile(r"\s?[\[({]\s?(?:\.|dot|точка)\s?[\])}]\s?", re.IGNORECASE)
_GAP = re.compile(r"(?<=\w)(?:\s\.\s?|\.\s)(?=(?:com|net|org|ru|su|info)\b)")
# Cyrillic and Greek letters that stand for Latin ones in a name that is to be typed.
_LIKE_LATIN = str.maketrans(
    "авекмнорстухіјѕԁһӏґьҮүԛԝзпАВЕКМНОРСТУХІЈЅαορετικνυχ",
    "abekmhopctyxijsdhlgbYyqw3nABEKMHOPCTYXIJSaopetiknux",
)
_LETTERS_AROUND = re.compile(r"[\w./@-]+")


@dataclass
class Pen:
    """Writes down what is wrong with one change: where it stands, what to say, and why."""

    at: str
    path: Path
    why: str
    place_of: PlaceOf
    found: list[Problem] = field(default_factory=list)

    def note(
        self,
        code: str,
        facts: Mapping[str, object] | None = None,
        *,
        part: Path = (),
        why: str | None = None,
        locale: str = "",
    ) -> None:
        """Write down one problem; `part` leads from the point to the very thing that is wrong.

        `locale` names the language of a text in which it is wrong.
        """
        where = ".".join(str(step) for step in (self.at, *part))
        place = self.place_of((*self.path, *part, locale) if locale else (*self.path, *part))
        self.found.append(Problem(code, facts or {}, place=place, at=where, why=why or self.why))

    def mistyped(
        self, code: str, facts: Mapping[str, object] | None = None, *, part: Path = ()
    ) -> None:
        """Write down that the change itself makes no sense: no rule of the model stands behind."""
        place = self.place_of((*self.path, *part))
        self.found.append(Problem(code, facts or {}, place=place, at=self.at))

    def refused(self, verdict: Verdict, **facts: object) -> None:
        """Write down that the change is not open here at all."""
        self.note(verdict.code, {**verdict.facts, **facts}, why=verdict.why)


def check_text(text: Text, *, most: int, limits: Limits, pen: Pen, part: Path = ()) -> None:
    """Refuse what nobody sees, what a template would fill, what leads away, is too long, asks too
    much.

    `most` is counted in characters, in each language; a label is one line, a hint may be several.
    """
    for locale, words in text.items():
        unseen = next((sign for sign in words if _is_unseen(sign, most)), None)
        if unseen is not None:
            pen.note(
                "WORDS-UNSEEN", {"character": f"U+{ord(unseen):04X}"}, part=part, locale=locale
            )
        elif not words.strip():
            pen.note("WORDS-EMPTY", part=part, locale=locale)
        if "{{" in words or "}}" in words:
            pen.note("WORDS-PLACES", part=part, locale=locale)
        if len(words) > most:
            pen.note("WORDS-LONG", {"most": most, "given": len(words)}, part=part, locale=locale)
        # What is too long is refused as it is, and would keep the search busy.
        if len(words) <= most and (link := link_in(words)) is not None:
            pen.note("WORDS-LINK", {"given": link}, part=part, locale=locale, why=LINK_WHY)
        hit = first_hit(words, limits.special_words)
        if hit is not None:
            kind = limits.special_words.classes[hit.kind].title
            facts = {"words": hit.words, "kind": kind}
            pen.note("LIMIT-SPECIAL", facts, part=part, locale=locale, why=SPECIAL_WHY)


def link_in(words: str) -> str | None:
    """The first thing in a text that leads to another place of the net, None when nothing does.

    Compatibility forms count as what they stand for: browsers open `ｅｘａｍｐｌｅ。ｒｕ` as well.
    So do letters that look Latin in a word that has Latin ones, and dots with a gap or in brackets.
    """
    # U+2800 is drawn as nothing; what parts a word unseen is refused by itself (`_is_unseen`).
    plain = unicodedata.normalize("NFKC", words).translate(_DOTS).replace("\u2800", "")
    plain = _GAP.sub(".", _BRACKETED_DOT.sub(".", plain))
    found = _LINK.search(plain) or _LINK.search(_LETTERS_AROUND.sub(_latin_if_mixed, plain))
    if found is not None:
        return found[0]
    number = _PHONE.search(plain)
    if number is not None and sum(sign.isdigit() for sign in number[0]) >= _PHONE_DIGITS:
        return number[0].strip()
    return None


def _latin_if_mixed(found: re.Match[str]) -> str:
    """A name with Latin letters and others that look like them, as it would be typed."""
    word = found[0]
    if "." not in word and "@" not in word:
        return word
    has_latin = re.search(r"[a-z]", word, re.IGNORECASE) is not None
    return word.translate(_LIKE_LATIN) if has_latin else word


def changed_words(shipped: Text | None, text: Text) -> Text:
    """The languages in which a text differs from the shipped one: only those are the partner's."""
    before = shipped or Text({})
    return Text({locale: words for locale, words in text.items() if before.get(locale) != words})


def named_choices(
    offered: Iterable[OfferedChoice], shipped: tuple[Choice, ...] = ()
) -> tuple[Choice, ...]:
    """The choices under lasting values.

    A value that is missing is the shipped choice's of the same label, else made from the label:
    the same label always gives the same value, so that stored answers keep their meaning. A
    shipped choice keeps its words in the languages that are not named.
    """
    offered = tuple(offered)
    before = {choice.value: choice for choice in shipped}
    taken = set(before) | {choice.value for choice in offered if choice.value is not None}
    of_label = {_bare(words): choice.value for choice in shipped for words in choice.label.values()}
    named: list[Choice] = []
    for choice in offered:
        value = choice.value or next(
            (of_label[_bare(words)] for words in choice.label.values() if _bare(words) in of_label),
            None,
        )
        if value is None:
            value = _free_value(_value_of(choice.label.in_("ru")), taken)
            taken.add(value)
        said = before[value].label if value in before else Text({})
        named.append(Choice(value=value, label=Text({**said, **choice.label})))
    return tuple(named)


def check_choices(
    choices: tuple[Choice, ...], *, shipped: tuple[Choice, ...], limits: Limits, pen: Pen
) -> None:
    """Refuse choices that say the same twice, and words that a label may not hold."""
    before = {choice.value: choice.label for choice in shipped}
    values: set[str] = set()
    labels: set[str] = set()
    for number, choice in enumerate(choices):
        said = {_bare(words) for words in choice.label.values()}
        if said & labels:
            pen.note("CHOICE-TWICE", {"label": choice.label}, part=(number,))
        elif choice.value in values:
            pen.note("CHOICE-VALUE-TWICE", {"value": choice.value}, part=(number,))
        values.add(choice.value)
        labels |= said
        own = changed_words(before.get(choice.value), choice.label)
        check_text(own, most=CHOICE_LENGTH, limits=limits, pen=pen, part=(number, "label"))


def check_choice_count(count: int, verdict: Verdict, pen: Pen) -> None:
    """Refuse a list that is longer or shorter than the limit lets it be."""
    limit = verdict.limit
    if limit is None or not isinstance(limit.lowest, int) or not isinstance(limit.highest, int):
        return
    if not limit.lowest <= count <= limit.highest:
        nearest = min(max(count, limit.lowest), limit.highest)
        facts = {"from": limit.lowest, "to": limit.highest, "given": count, "put": nearest}
        few = "-FEW" if count < limit.lowest else ""
        pen.note(f"LIMIT-{limit.parameter}{few}", facts, why=verdict.why)


def own_spec(form: FormSpec, change: AddField, *, limits: Limits, pen: Pen) -> FieldSpec:
    """The question that a partner adds, as a field; `pen` holds what is wrong with it."""
    added = change.field
    _check_id(form, added, pen)
    _check_data(form, added, pen)
    check_text(added.label, most=LABEL_LENGTH, limits=limits, pen=pen, part=("label",))
    if added.help is not None:
        check_text(added.help, most=HELP_LENGTH, limits=limits, pen=pen, part=("help",))
    _check_numbers(added, pen)
    return FieldSpec(
        field=added.field,
        type=added.type,
        label=added.label,
        help=added.help,
        required=added.required and added.type != "note",
        choices=_own_choices(added, limits, pen),
        min=added.min,
        max=added.max,
        max_length=added.max_length,
        readers=added.readers,
        data=added.data,
        own=True,
    )


def with_named_choices(change: AddField) -> AddField:
    """The change with the values of its choices written out, as it is stored."""
    added = change.field
    if added.choices is None:
        return change
    named = named_choices(added.choices.options)
    options = tuple(OfferedChoice(value=one.value, label=one.label) for one in named)
    choices = added.choices.model_copy(update={"options": options})
    return change.model_copy(update={"field": added.model_copy(update={"choices": choices})})


def _own_choices(added: OwnField, limits: Limits, pen: Pen) -> Choices | None:
    options = added.choices.options if added.choices else ()
    if added.type not in CHOOSING:
        if options:
            pen.note("OWN-CHOICES", part=("choices",))
        return None
    named = named_choices(options)
    inner = Pen(
        f"{pen.at}.choices", (*pen.path, "choices", "options"), pen.why, pen.place_of, pen.found
    )
    check_choices(named, shipped=(), limits=limits, pen=inner)
    check_choice_count(len(named), limits.choice_count(), inner)
    # Fewer than two is written down above; a list of one cannot even be held.
    return Choices(options=named) if len(named) > 1 else None


def _check_id(form: FormSpec, added: OwnField, pen: Pen) -> None:
    if not added.field.startswith(OWN) or added.field == OWN:
        pen.note("OWN-ID", {"given": added.field, "put": OWN + added.field}, part=("field",))
    elif form.field_named(added.field) is not None:
        pen.note("OWN-TWICE", {"given": added.field}, part=("field",))


def _check_data(form: FormSpec, added: OwnField, pen: Pen) -> None:
    allowed = form.own_fields.classes if form.own_fields else ()
    held = CLASS_OF_TYPE.get(added.type)
    if held is not None and held not in allowed:
        pen.note("OWN-TYPE", {"given": added.type}, part=("type",))
    if added.type == "note":
        return
    if added.data is None:
        pen.note("OWN-DATA", part=("data",))
        return
    if added.data.class_ not in allowed:
        why = SPECIAL_WHY if added.data.class_ == "special" else None
        pen.note("OWN-CLASS", {"given": added.data.class_}, part=("data", "class"), why=why)
    purposes = {spec.data.purpose for spec in form.fields if spec.data and not spec.own}
    if added.data.purpose not in purposes:
        facts = {"given": added.data.purpose, "allowed": tuple(sorted(purposes))}
        pen.note("OWN-PURPOSE", facts, part=("data", "purpose"))


def _check_numbers(added: OwnField, pen: Pen) -> None:
    least, most = added.min, added.max
    whole = isinstance(least, int) and isinstance(most, int)
    if added.type == "scale" and not whole:
        pen.note("OWN-SCALE", {"most": SCALE_LENGTH}, part=("min",))
    if isinstance(least, int) and isinstance(most, int):
        if least >= most:
            pen.note("OWN-ENDS", {"from": least, "to": most}, part=("max",))
        elif added.type == "scale" and most - least >= SCALE_LENGTH:
            pen.note("OWN-SCALE", {"most": SCALE_LENGTH}, part=("max",))
    for part, end in (("min", least), ("max", most)):
        fits = end is None or (added.type == "date" if end == "today" else added.type in NUMBERED)
        if not fits:
            pen.note("OWN-END", {"given": end}, part=(part,))


_VALUE_LENGTH = 40


def _value_of(label: str) -> str:
    value = latin(_bare(label), between="_", most=_VALUE_LENGTH)
    if not value:  # another alphabet
        return f"choice_{hashlib.sha256(label.encode()).hexdigest()[:8]}"
    return value if value[0].isalpha() else f"n_{value}"


def _free_value(value: str, taken: set[str]) -> str:
    return next(found for found in _numbered(value) if found not in taken)


def _numbered(value: str) -> Iterator[str]:
    yield value
    for number in range(2, 1000):
        yield f"{value}_{number}"


def _bare(label: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", label).casefold().split())


def _is_unseen(sign: str, most: int) -> bool:
    # A line end has its place in a hint alone.
    if sign == "\n":
        return most < HELP_LENGTH
    return unicodedata.category(sign) in ("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp")
