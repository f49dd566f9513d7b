"""The sentence of every problem in a definition: one table from code to words, in both languages.
What a school's settings may not do is told by words/limits.py.

The English sentences are the msgids of the catalogue; facts fill their named places. What was
probably meant, and what would be right, is added wherever the facts tell it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from typing import Any, Final

from server.kernel.problems import Problem, Turn
from server.words.catalogues import translate
from server.words.limits import limit_sentence
from server.words.speech import N_

SENTENCES: Final[dict[str, str]] = {
    # The file as text, as kernel/yaml.py finds it
    "YAML-SIZE": N_("The file is longer than %(most)s KB. Make it shorter."),
    "YAML-ENCODING": N_("The file is not UTF-8. Save it as UTF-8."),
    "YAML-BOM": N_("There is an invisible mark (%(character)s) here. Save the file as UTF-8 without BOM."),
    "YAML-BIDI": N_("There is a character here that turns the direction of writing (%(character)s). Remove it."),
    "YAML-CONTROL": N_("There is an invisible character here (%(character)s). Remove it."),
    "YAML-TAB": N_("There is a tab here. Use spaces."),
    "YAML-DEPTH": N_("The file is nested deeper than %(most)s levels."),
    "YAML-TOKENS": N_("The file holds too many items, more than %(most)s."),
    "YAML-ANCHOR": N_("Anchors (&name) are not used here. Write it out."),
    "YAML-ALIAS": N_("References (*name) are not used here. Write it out."),
    "YAML-TAG": N_("Types (!name) are not used here. Write the value alone."),
    "YAML-DIRECTIVE": N_("Lines that begin with a percent sign are not used here. Remove the line."),
    "YAML-DOCUMENTS": N_("One file holds one document. Remove what follows the line ---."),
    "YAML-MERGE": N_("Merging (<<) is not used here. Write the keys out."),
    "YAML-KEY": N_("A key must be one word."),
    "YAML-DUPLICATE": N_("The key “%(key)s” is already in line %(first)s. Remove one of them."),
    "YAML-EMPTY": N_("The file is empty."),
    "YAML-ROOT": N_("The file must begin with a key and a colon, like “model: …”, not with a list or mere words."),
    "YAML-SYNTAX": N_("This cannot be read as YAML: %(detail)s. Look here or just before."),
    # Keys and values, as model/reading.py finds them
    "KEY-UNKNOWN": N_("There is no key “%(key)s” here."),
    "KEY-MISSING": N_("The key “%(key)s” is missing here."),
    "NOT-BUILT": N_("“%(what)s” is part of the language, but not built yet. Leave it out."),
    "STEP-KIND": N_("A step says what it is by one of its keys."),
    "CHANGE-KIND": N_("A change says what it does by the key “change”."),
    "VALUE-TYPE": N_("“%(given)s” does not fit here. Wanted: %(wanted)s."),
    "VALUE-CHOICE": N_("“%(given)s” cannot be chosen here."),
    "VALUE-ID": N_("“%(given)s” is not a name for the files. Use small Latin letters, digits and underscores, a letter first."),
    "VALUE-PATTERN": N_("“%(given)s” does not have the form that is wanted here (%(pattern)s)."),
    "VALUE-DURATION": N_("“%(given)s” is not a length of time. Write it like: 14 days, 5 working days, 12 months."),
    "VALUE-SHORT": N_("This is too short. The least is %(limit)s."),
    "VALUE-LONG": N_("This is too long. The most is %(limit)s."),
    "VALUE-SMALL": N_("This is too small. The least is %(limit)s."),
    "VALUE-LARGE": N_("This is too large. The most is %(limit)s."),
    "VALUE-WRONG": N_("“%(given)s” does not fit here."),
    # Files of a folder, as model/bundle.py finds them
    "FILE-NAME": N_("This file has no place here. Definitions lie in: %(folders)s; their names are small Latin letters, digits and underscores."),
    "FILE-LINK": N_("This file leads out of the folder. Put the file itself here."),
    "FILE-MANY": N_("There are more than %(most)s files here."),
    "FILE-MODEL": N_("There is no model.yaml with the limits of the model."),
    "FILE-LEGAL": N_("There is no file of a country's law, like legal/ru.yaml."),
    "FILE-ID": N_("The file of “%(id)s” must be called %(file)s."),
    "FILE-TWICE": N_("“%(id)s” is already in %(other)s."),
    "FILE-KIND": N_("The file does not say what it is. Its first key is one of: %(kinds)s."),
    # Names and order, as workflows/structure.py and the checks of model find them
    "TARGET-UNKNOWN": N_("There is no “%(given)s” (%(what)s)."),
    "ID-TWICE": N_("“%(id)s” (%(what)s) is there twice. Every name must be different."),
    "STAGES-OPTIONAL": N_("All stages are optional, so the application would go nowhere. Make one of them not optional."),
    "STAGE-MIXED": N_("The stage “%(stage)s” asks for consents and for something else. Put consents in a stage of their own."),
    "GATE-LATE": N_("The gate of “%(stage)s” waits for “%(name)s”, which comes only in this stage or later. Move it before."),
    "PARTY-UNREACHED": N_("Nobody knows how “%(party)s” comes to the application. Add “%(key)s”."),
    "ROLE-STARTS": N_("“%(role)s” may not begin an application."),
    "ROLE-FILLS": N_("“%(role)s” may not fill in a form of an application."),
    "ROLE-DECIDES": N_("“%(role)s” may not decide."),
    "ROLE-TASKS": N_("“%(role)s” may not finish a task."),
    "APPROVALS-FEW": N_("“%(step)s” asks for %(approvals)s approvals, and one person gives one: here there are only %(people)s. Ask for %(people)s, or name in “by” a role that several people hold."),
    "PACKAGE-TIMES": N_("“%(step)s” is signed together with “%(first)s”, so “%(key)s” is the same for both. Write it once, at “%(first)s”."),
    "TIME-ZERO": N_("“%(given)s” is no time at all. Give at least one hour or one day."),
    "REMIND-ORDER": N_("The reminder after %(given)s stands after the one after %(before)s. In order they are: %(right)s."),
    "REMIND-LATE": N_("A reminder after %(given)s comes when “%(step)s” is already late: it is due in %(due)s. Remind earlier, or leave it out."),
    "ROW-EMPTY": N_("No age lies from %(from_)s to %(to)s. Write the smaller number in “from”: from %(to)s to %(from_)s."),
    "WAIT-NEVER": N_("Who answers “%(said)s” ends the application by “stop_on”, so this waiting never begins. Keep one of the two."),
    "TASK-NEVER": N_("Nothing opens the task “%(task)s”. Name it in “overdue: open” or “wait_on” of a step or in “on_withdraw” of a consent, or take it out."),
    "OVERDUE-NEVER": N_("“%(step)s” says what happens when it is late, but has no due time. Add “due”."),
    "OUTCOME-TWO-WAYS": N_("The outcome “%(outcome)s” both ends the application and goes back. Keep one of “to” and “back_to”."),
    "BACK-AHEAD": N_("“%(step)s” goes back to “%(form)s”, which comes later."),
    "REVIEW-NO-ACCEPT": N_("“%(step)s” counts approvals, but has no outcome “accept”."),
    "NOBODY-ACTS": N_("Nobody could decide “%(step)s”: %(roles)s filled in what is decided on. Name somebody else in “by”."),
    "CHOICE-GAP": N_("“%(step)s” has nothing for the ages %(ages)s. Every age from 0 to 17 needs a row."),
    "CHOICE-OVERLAP": N_("“%(step)s” has more than one row for the ages %(ages)s."),
    # Ways through a workflow, as workflows/proofs.py finds them
    "PROOF-TOO-LARGE": N_("The workflow has more than %(most)s states and cannot be proved. Make it simpler."),
    "AGE-UNKNOWN": N_("“%(step)s” chooses by age before anybody was asked for the date of birth."),
    "STAGE-UNREACHED": N_("The stage “%(stage)s” is never reached."),
    "END-UNREACHED": N_("The end “%(end)s” is never reached."),
    "CASE-STUCK": N_("An application can get stuck in “%(stage)s” and never end."),
    "REQUIRES": N_("“%(before)s” can be reached without: %(missing)s. The model demands it."),
    "DATA-BEFORE-CONSENT": N_("“%(form)s” can be filled in before the consent “%(consent)s” is given, but asks for its data."),
    "WITHDRAWAL-NOT-PAUSED": N_("“%(step)s” stays open after the consent “%(consent)s” is withdrawn. Add the stage “%(stage)s” to “on_withdraw: pause” of the consent."),
    # Parameters and words
    "PARAMETER-COUNTS": N_("The parameter %(parameter)s counts “%(counts)s”, not “%(wanted)s”."),
    "BOUND-OUTSIDE": N_("%(given)s lies outside the parameter %(parameter)s. It allows from %(least)s to %(most)s."),
    "BOUND-MANY": N_("There are %(given)s here. The parameter %(parameter)s allows %(most)s."),
    "TEXT-LOCALE": N_("The text is missing in: %(missing)s."),
    "LABEL-MISSING": N_("There are no words for: %(names)s."),
    # Forms
    "OWN-SPECIAL": N_("Own questions may not ask for special data."),
    "HIDE-REQUIRED": N_("“%(field)s” is required, so it cannot be free to hide."),
    "NOTE-ASKS": N_("“%(field)s” is a note: it asks nothing, so it has no data and is not required."),
    "DATA-MISSING": N_("“%(field)s” does not say what data it asks for. Add “data” with class and purpose."),
    "DATA-CLASS": N_("“%(field)s” asks for data of the class “%(class_)s”, which the consent “%(consent)s” does not cover."),
    "DATA-GROUND": N_("“%(field)s” may not be asked on the ground “%(ground)s”. Ask for it with a consent, or leave it out."),
    "CHOICES-MISSING": N_("“%(field)s” (%(type)s) needs “choices”."),
    "CHOICES-UNWANTED": N_("“%(field)s” (%(type)s) has no “choices”."),
    "RANGE-UNWANTED": N_("“%(field)s” (%(type)s) knows no “%(key)s”."),
    "RANGE-KIND": N_("The least or greatest value of “%(field)s” does not fit its type %(type)s."),
    "RANGE-EMPTY": N_("The least value of “%(field)s” is above the greatest."),
    "RANGE-MISSING": N_("“%(field)s” is a scale: give its “min” and “max”."),
    # Consents
    "REQUIRED-PURPOSE": N_("Only “%(allowed)s” may be required. A consent for “%(purpose)s” must be free to refuse."),
    "CONSENT-FREE": N_("“%(consent)s” is free to refuse, so nothing may end or wait because of a no. Take it out here."),
    "EDITION-SAME": N_("“%(consent)s” does not say what it said when it was published as edition %(published)s (%(changed)s). Give it a later “edition”, and say by “material” whether those who signed are asked again."),
    "EDITION-BACK": N_("Edition %(published)s is already published, and an edition never goes back to %(edition)s. Give it a later one."),
    "PURPOSE-TWICE": N_("The purpose “%(purpose)s” already has the consent “%(other)s”. One purpose has one consent."),
    "PURPOSE-GROUND": N_("“%(purpose)s” is a ground that needs no consent."),
    "SIGNER-AGES": N_("The ages must follow each other from 0 without gap or overlap, and the last row must be open: every age needs a signer."),
    "COMPANION-MISSING": N_("The words for children of %(ages)s are missing. Add them to “companions”."),
    "TEXT-MISSING": N_("The text %(file)s is missing."),
    "TEXT-ELEMENT": N_("The text does not say: %(element)s. Add it."),
    "TEXT-PLACE-NOT-KNOWN": N_("Nothing is known to fill the place {{%(place)s}}."),
    "TEXT-LONG": N_("The sentences are long: %(mean)s words on average, %(most)s read well. Make them shorter."),
    "TEXT-PLACE-EMPTY": N_("There is no value for the place {{%(place)s}}."),
    "TEXT-PLACE-UNKNOWN": N_("The text has no place {{%(place)s}}."),
    "TEXT-PLACE-NOT-PLAIN": N_("The value for the place {{%(place)s}} holds characters that cannot be shown."),
    "TEXT-PLACE-BROKEN": N_("There are two braces that make no place. A place is written {{name}}."),
    # Parameters of the model, as model/definition.py finds them
    "MODEL-SHAPE": N_("The parameter %(parameter)s (%(layer)s) counts “%(counts)s” and needs “%(missing)s”."),
    "MODEL-EMPTY": N_("The parameter %(parameter)s (%(layer)s) allows nothing at all."),
    "MODEL-WIDER": N_("The parameter %(parameter)s: “%(key)s” of %(layer)s reaches beyond %(wider)s."),
}  # fmt: skip

# What the reader of YAML says of a broken file, in words that help. It is said by libyaml, the
# library below it; a sentence of its that is not here is not shown.
_BROKEN: Final[Mapping[str, str]] = {
    "mapping values are not allowed in this context": N_("a second colon in one line, or a line that is indented too far; a text with a colon needs quotes"),
    "block sequence entries are not allowed in this context": N_("a list begins with “-” where none can stand; put it in a line of its own"),
    "block mapping keys are not allowed in this context": N_("a key stands where none can stand; put it in a line of its own"),
    "mapping keys are not allowed in this context": N_("a key stands where none can stand; put it in a line of its own"),
    "could not find expected ':'": N_("a colon is missing after a key, or a quote is not closed"),
    "did not find expected key": N_("the line is not indented like the ones it belongs to, or a key is missing"),
    "did not find expected '-' indicator": N_("the line is not indented like the list it belongs to, or “-” is missing"),
    "did not find expected ',' or ']'": N_("a bracket [ is not closed, or a comma is missing in the list"),
    "did not find expected ',' or '}'": N_("a brace { is not closed, or a comma is missing between its keys"),
    "did not find expected node content": N_("a value is missing"),
    "did not find expected <document start>": N_("something stands after the end of the document, or the first lines are indented too far"),
    "found unexpected end of stream": N_("a quote is not closed"),
    "found unexpected document indicator": N_("a quote is not closed before the line ---"),
    "found character that cannot start any token": N_("a text may not begin with this character; put it in quotes"),
    "found unknown escape character": N_("after a backslash in double quotes stands a character that means nothing; use single quotes"),
    "did not find expected hexdecimal number": N_("the number of a character after a backslash is not complete; use single quotes"),
    "found invalid Unicode character escape code": N_("the number after a backslash is no character"),
    "did not find expected alphabetic or numeric character": N_("a name is missing after & or *; put the text in quotes"),
    "did not find expected comment or line break": N_("nothing may follow | or > in their line"),
    "found an indentation indicator equal to 0": N_("the number after | or > is too small; leave it out"),
    "found a tab character that violates indentation": N_("there is a tab; use spaces"),
    "found a tab character where an indentation space is expected": N_("there is a tab; use spaces"),
    "found undefined tag handle": N_("a text may not begin with !; put it in quotes"),
}  # fmt: skip
_BROKEN_SOMEHOW = N_("a quote, bracket or colon is missing")

# The turns of a way through a workflow, as workflows/proofs.py finds them.
_TURNS: Final[Mapping[str, str]] = {
    "start": N_("age %(age)s: start"),
    "fill": N_("%(who)s: fill in %(form)s"),
    "fill_saying": N_("%(who)s: fill in %(form)s with %(said)s"),
    "sign": N_("%(who)s: sign %(signed)s"),
    "decide": N_("%(who)s: decide %(review)s as %(outcome)s"),
    "finish": N_("%(who)s: finish %(task)s as %(outcome)s"),
    "raise": N_("the task %(task)s opens"),
    "withdraw": N_("the consent %(consent)s is withdrawn"),
}
_SIGNED: Final[Mapping[str, str]] = {
    "given": N_("%(consent)s given"),
    "refused": N_("%(consent)s refused"),
    "deferred": N_("%(consent)s put off"),
}

# Names of things and of types of values, where a fact is one of these.
_THINGS: Final[Mapping[str, str]] = {
    "party": N_("party"),
    "form": N_("form"),
    "consent": N_("consent"),
    "end": N_("end"),
    "task": N_("task"),
    "step": N_("step"),
    "form step": N_("step with a form"),
    "field": N_("field"),
    "choice": N_("choice"),
    "answer": N_("answer"),
    "outcome": N_("outcome"),
    "parameter": N_("parameter of the model"),
    "reason": N_("reason"),
    "purpose": N_("purpose"),
    "stage": N_("stage"),
    "text": N_("text"),
    "whole number": N_("a whole number"),
    "true or false": N_("true or false"),
    "list": N_("a list"),
    "mapping": N_("keys with values"),
    "date": N_("a date like 2026-09-01"),
    "id": N_("an id (UUID)"),
    "letter": N_("letter that can be sent to them"),
    "duration": N_("a length of time like 14 days"),
    "a code for each document": N_("a code for each document"),
}
_ORIGINS: Final[Mapping[str, str]] = {
    "law": N_("Law"),
    "safety": N_("Safety of children"),
    "model": N_("Rule of the model"),
    "recommended": N_("Recommendation of the model"),
}
_MOST_NAMES = 30


def say(problem: Problem, locale: str) -> str:
    """The problem as one sentence that a person can act on, with what was meant and what fits.

    :raises KeyError: for a code that has no sentence in either table.
    """
    if problem.code not in SENTENCES:  # the limits of a school's settings have a table of their own
        return limit_sentence(problem.code, problem.facts, locale)
    facts = {name: _shown(name, fact, locale) for name, fact in problem.facts.items()}
    parts = [translate(locale, SENTENCES[problem.code], **facts)]
    if facts.get("meant"):
        parts.append(translate(locale, N_("Did you mean “%(meant)s”?"), meant=facts["meant"]))
    for name in ("allowed", "known"):
        if isinstance(problem.facts.get(name), list | tuple) and problem.facts[name]:
            parts.append(translate(locale, N_("Possible: %(names)s."), names=facts[name]))
    return " ".join(parts)


def as_data(
    problem: Problem, locale: str, *, pointer: str | None = None, detail: str | None = None
) -> dict[str, Any]:
    """The problem as programs read it, everywhere alike.

    `pointer` leads to it in what was sent (RFC 6901); `detail` is its sentence where the caller
    knows a better one than the table.
    """
    place = problem.place
    return {
        "code": problem.code,
        "detail": say(problem, locale) if detail is None else detail,
        "pointer": pointer,
        "at": problem.at or None,
        "file": place.file if place else None,
        "line": place.line if place else None,
        "column": place.column if place else None,
        "rule": problem.why,
        "warning": problem.warning,
        "trail": [say_turn(turn, locale) for turn in problem.trail],
    }


def origin_line(problem: Problem, origins: Mapping[str, Any], locale: str) -> str | None:
    """Why the rule stands, for the line beneath: origin, title and source; None without a reason."""
    why = origins.get(problem.why or "")
    if why is None:
        return None
    kind = _ORIGINS[why["origin"]]
    return translate(
        locale,
        N_("%(origin)s: %(title)s (%(source)s)"),
        origin=translate(locale, kind),
        title=_in(why["title"], locale),
        source=_in(why["source"], locale),
    )


def line(problem: Problem, locale: str) -> str:
    """The problem as a compiler prints it: `file:line:column: CODE sentence`, and the way to it."""
    where = f"{problem.place}: " if problem.place else ""
    told = f"{where}{problem.code} {say(problem, locale)}"
    if not problem.trail:
        return told
    heading = translate(locale, N_("The shortest way there:"))
    steps = [
        f"  {number}. {say_turn(turn, locale)}" for number, turn in enumerate(problem.trail, 1)
    ]
    return "\n".join([told, f"  {heading}", *steps])


def say_turn(turn: Turn, locale: str) -> str:
    """One turn of a way through a workflow; ids stand as they are written in the files."""
    facts = dict(turn.facts)
    if "signed" in facts:
        facts["signed"] = ", ".join(
            translate(locale, _SIGNED[said], consent=name) for name, said in facts["signed"].items()
        )
    if "said" in facts:
        facts["said"] = ", ".join(f"{name}: {value}" for name, value in facts["said"].items())
    return translate(locale, _TURNS[turn.what], **facts)


def _shown(name: str, fact: Any, locale: str) -> str:
    if name == "detail":
        return translate(locale, _BROKEN.get(str(fact), _BROKEN_SOMEHOW))
    if name == "wanted" and isinstance(fact, list):
        kinds = [_kind(one, locale) for one in fact]
        return reduce(
            lambda one, other: translate(locale, N_("%(one)s or %(other)s"), one=one, other=other),
            dict.fromkeys(kinds),
        )
    if isinstance(fact, list | tuple):
        names = [str(one) for one in fact]
        more = ", …" if len(names) > _MOST_NAMES else ""
        return ", ".join(names[:_MOST_NAMES]) + more
    # Only these two facts name a kind of thing; others may hold the same word as people wrote it.
    if name in ("what", "wanted") and fact in _THINGS:
        return translate(locale, _THINGS[fact])
    return str(fact)


def _kind(wanted: Any, locale: str) -> str:
    """One of several kinds of values that may stand somewhere."""
    if isinstance(wanted, str):
        return translate(locale, _THINGS[wanted])
    if wanted["kind"] == "word":
        return ", ".join(translate(locale, N_("“%(word)s”"), word=word) for word in wanted["words"])
    if wanted["kind"] == "mapping":
        keys = ", ".join(wanted["keys"])
        return translate(locale, N_("keys with values (%(keys)s)"), keys=keys)
    if wanted["le"] >= 2**53 - 1:  # what any number is bound to says nothing to a reader
        return translate(locale, N_("a whole number"))
    ends = {"least": wanted["ge"], "most": wanted["le"]}
    return translate(locale, N_("a whole number from %(least)s to %(most)s"), **ends)


def _in(text: Mapping[str, str], locale: str) -> str:
    return text.get(locale) or text.get("ru") or next(iter(text.values()), "")
