"""gettext for pages, with types: the same `_` and `ngettext` that are extracted everywhere."""

from __future__ import annotations

from typing import Any

import flask_babel


def _(msgid: str, **places: Any) -> str:
    """The sentence in the reader's language, its named places filled."""
    return str(flask_babel.gettext(msgid, **places))


def ngettext(one: str, many: str, num: int, **places: Any) -> str:
    """The sentence for this count; `%(num)s` is filled as well."""
    return str(flask_babel.ngettext(one, many, num, **places))
