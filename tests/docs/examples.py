"""Examples as pages print them: commands after `$ `, and beneath each what it answers.

An answer is compared, with `…` standing for whatever else is there. `$NAME` in an answer keeps that
value for the commands that follow; in a command it is what was kept.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parents[2] / "docs"
MORE = "…"
_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_VARIABLE = re.compile(r"\$([A-Z_]+)\b")


@dataclass(frozen=True)
class Example:
    """One command with its input, and what the page says it answers."""

    command: str
    stdin: str
    answer: str


def examples(page: str) -> list[Example]:
    """All examples of a page of docs/, in order."""
    text = (DOCS / page).read_text("utf-8")
    return [example for block in _BLOCK.findall(text) for example in _in_block(block)]


def _in_block(block: str) -> list[Example]:
    found = []
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        lines = part.splitlines()
        command = lines.pop(0)
        while command.endswith("\\"):
            command = command[:-1] + lines.pop(0).strip()
        stdin = ""
        if command.endswith("<<EOF"):
            command = command.removesuffix("<<EOF").rstrip()
            end = lines.index("EOF")
            stdin, lines = "\n".join(lines[:end]), lines[end + 1 :]
        found.append(Example(command, stdin, "\n".join(lines).strip()))
    return found


def filled(text: str, known: dict[str, str]) -> str:
    """A command with its variables filled in."""
    return _VARIABLE.sub(lambda match: known[match[1]], text)


def expected(answer: str) -> Any:
    """The JSON that a page prints, with its `…` and `$NAME` as values."""
    text = re.sub(r",\s*…\s*([}\]])", _rest, answer)
    text = re.sub(r":\s*\$([A-Z_]+)\b", r': "$\1"', text)
    return json.loads(text, strict=False)


def _rest(match: re.Match[str]) -> str:
    return f', "{MORE}": "{MORE}"}}' if match[1] == "}" else f', "{MORE}"]'


def agree(shown: Any, real: Any, known: dict[str, str], at: str = "") -> None:
    """Hold an answer against what the page shows of it; keep what it names.

    :raises AssertionError: naming the first place where they differ.
    """
    if isinstance(shown, str):
        if shown.startswith("$") and _VARIABLE.fullmatch(shown):
            kept = known.setdefault(shown[1:], str(real))
            assert kept == str(real), f"{at}: {real!r} is not {shown} = {kept!r}"
        elif shown != MORE:
            assert " ".join(shown.split()) == real, f"{at}: {real!r}, the page says {shown!r}"
    elif isinstance(shown, dict):
        assert isinstance(real, dict), f"{at}: {real!r} is no object"
        whole = MORE not in shown
        assert not whole or set(shown) == set(real), f"{at}: {sorted(real)} has other keys"
        for key, value in shown.items():
            if key != MORE:
                assert key in real, f"{at}: {sorted(real)} has no {key!r}"
                agree(value, real[key], known, f"{at}.{key}")
    elif isinstance(shown, list):
        open_end = bool(shown) and shown[-1] == MORE
        listed = shown[:-1] if open_end else shown
        assert open_end or len(listed) == len(real), f"{at}: {len(real)} entries"
        for number, value in enumerate(listed):
            agree(value, real[number], known, f"{at}[{number}]")
    else:
        assert shown == real, f"{at}: {real!r}, the page says {shown!r}"
