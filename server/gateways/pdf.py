"""PDF by typst: our own template, our own fonts, and data that is never read as markup."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final, cast

import typst

from server.kernel.errors import Broken

LETTERS = Path(__file__).resolve().parents[1] / "letters"
# A receipt has a few thousand letters; whatever is a hundred times longer is no receipt.
LONGEST = 400_000
# PDF/UA-1: headings, lists and language are told to whoever listens instead of looking.
STANDARD: Final = "ua-1"


def render_receipt(page: Mapping[str, Any], *, at: datetime) -> bytes:
    """The confirmation as PDF; equal input gives equal bytes. `at` becomes the document's date.

    :raises Broken: when there is far too much of it.
    """
    data = json.dumps(page, ensure_ascii=False)
    if len(data) > LONGEST:
        raise Broken(pdf="too long", letters=len(data))
    # typst takes whole seconds at a fixed offset only; PostgreSQL gives neither.
    stamp = at.astimezone(UTC).replace(microsecond=0)
    try:
        written = _compiler().compile(
            format="pdf", sys_inputs={"page": data}, pdf_standards=STANDARD, timestamp=stamp
        )
    except typst.TypstError:
        # The standard forbids letters our faces lack, a smile or a Chinese name: a confirmation
        # with boxes in it is worth more than none. Any other fault is raised here again.
        written = _compiler().compile(format="pdf", sys_inputs={"page": data}, timestamp=stamp)
    return cast(bytes, written)


@cache
def _compiler() -> typst.Compiler:
    # No fonts but ours: the same bytes on every machine, and nothing is fetched.
    fonts = typst.Fonts(
        include_system_fonts=False,
        include_embedded_fonts=False,
        font_paths=[str(LETTERS / "fonts")],
    )
    return typst.Compiler(str(LETTERS / "receipt.typ"), root=str(LETTERS), font_paths=fonts)
