"""Flags: text answers that hold a word of the dated list, which a person reads before deciding."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from server.forms.definition import FormSpec
from server.kernel.wordlists import WordList, first_hit

_WRITTEN: Final = ("text", "long_text")


def flags(form: FormSpec, values: Mapping[str, Any], words: WordList) -> tuple[str, ...]:
    """The fields whose written answer holds a word of the list, in the order of the form.

    Such a row stays out of a bulk decision (DECISIONS.md 34).
    """
    return tuple(
        spec.field
        for spec in form.fields
        if spec.type in _WRITTEN and first_hit(str(values.get(spec.field, "")), words)
    )
