"""YAML as definitions are written: a small, strict part of YAML 1.2, and every place remembered.

A file is guarded before it is parsed (SECURITY.md, "Measured facts"): its size, its characters,
then its tokens, without recursion: depth, number, anchors, aliases, tags, directives. Only then
is it composed. Plain scalars are `true`, `false`, `null`, whole numbers, or text: `no`, `on`,
`12:30`, `010`, `1.0`, `1e3` and dates stay the text that was written, and so does every key.

The one file that knows PyYAML.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from server.kernel.problems import Place, Problem

MAX_BYTES = 256 * 1024
MAX_DEPTH = 20
MAX_TOKENS = 60_000
MAX_PROBLEMS = 50  # of one file: more would bury the first

Path = tuple[str | int, ...]

_WHOLE = re.compile(r"^-?(0|[1-9][0-9]{0,14})$")
_WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}
_UNSEEN = re.compile(
    "(?P<bom>\ufeff)"
    "|(?P<bidi>[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069])"
    "|(?P<tab>\t)"
    "|(?P<control>[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u2028\u2029\u2060\ud800-\udfff\ufffe\uffff]"
    "|[\U0001fffe\U0001ffff])"
)
_REFUSED_TOKENS = {
    yaml.AnchorToken: "YAML-ANCHOR",
    yaml.AliasToken: "YAML-ALIAS",
    yaml.TagToken: "YAML-TAG",
    yaml.DirectiveToken: "YAML-DIRECTIVE",
}
_OPENING = (
    yaml.BlockMappingStartToken,
    yaml.BlockSequenceStartToken,
    yaml.FlowMappingStartToken,
    yaml.FlowSequenceStartToken,
)
_CLOSING = (yaml.BlockEndToken, yaml.FlowMappingEndToken, yaml.FlowSequenceEndToken)


@dataclass(frozen=True)
class Document:
    """What a file says, and where it says it."""

    file: str
    data: Any
    _keys: dict[Path, Place] = field(repr=False)
    _values: dict[Path, Place] = field(repr=False)

    def place(self, path: Path) -> Place:
        """Where the value at `path` stands; for a path that is not there, its nearest parent."""
        return self._nearest(path, self._values)

    def key_place(self, path: Path) -> Place:
        """Where the key at the end of `path` stands; list items and the root: the value itself."""
        return self._keys.get(path) or self._nearest(path, self._values)

    def _nearest(self, path: Path, places: dict[Path, Place]) -> Place:
        for length in range(len(path), 0, -1):
            if found := places.get(path[:length]):
                return found
        return places.get((), Place(self.file, 1, 1))


def load(source: str | bytes, *, file: str) -> Document | list[Problem]:
    """Read one document, or say everything that keeps it from being read; never raises."""
    text = readable(source, file=file)
    if isinstance(text, list):
        return text
    if problems := _refused_tokens(text, file):
        return problems
    try:
        node = _compose(text)
    except yaml.YAMLError as error:
        return [_syntax(error, file)]
    if node is None:
        return [Problem("YAML-EMPTY", place=Place(file, 1, 1))]
    reader = _Reader(file)
    data = reader.read(node, ())
    if not reader.problems and not isinstance(data, dict):
        return [Problem("YAML-ROOT", place=reader.values[()])]
    return reader.problems or Document(file, data, reader.keys, reader.values)


def readable(source: str | bytes, *, file: str) -> str | list[Problem]:
    """The text of a source that is short enough, UTF-8, and without characters nobody sees."""
    if len(source) > MAX_BYTES or len(_bytes(source)) > MAX_BYTES:
        return [Problem("YAML-SIZE", {"most": MAX_BYTES // 1024}, Place(file, 1, 1))]
    if isinstance(source, bytes):
        try:
            source = source.decode("utf-8")
        except UnicodeDecodeError as error:
            line = _bytes(source).count(b"\n", 0, error.start) + 1
            return [Problem("YAML-ENCODING", place=Place(file, line, 1))]
    text = source.replace("\r\n", "\n")
    return _unseen_characters(text, file) or text


def _bytes(source: str | bytes) -> bytes:
    return source if isinstance(source, bytes) else source.encode("utf-8", "replace")


def _unseen_characters(text: str, file: str) -> list[Problem]:
    found: list[Problem] = []
    for match in _UNSEEN.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        column = match.start() - text.rfind("\n", 0, match.start())
        facts = {"character": f"U+{ord(match[0]):04X}"}
        found.append(
            Problem(f"YAML-{(match.lastgroup or '').upper()}", facts, Place(file, line, column))
        )
        if len(found) == MAX_PROBLEMS:
            break
    return found


def _refused_tokens(text: str, file: str) -> list[Problem]:
    found: list[Problem] = []
    depth = documents = 0
    try:
        for number, token in enumerate(_tokens(text)):
            place = _at(token.start_mark, file)
            depth += isinstance(token, _OPENING) - isinstance(token, _CLOSING)
            documents += isinstance(token, yaml.DocumentStartToken)
            if depth > MAX_DEPTH:
                return [*found, Problem("YAML-DEPTH", {"most": MAX_DEPTH}, place)]
            if number > MAX_TOKENS:
                return [*found, Problem("YAML-TOKENS", {"most": MAX_TOKENS}, place)]
            if documents > 1:
                return [*found, Problem("YAML-DOCUMENTS", place=place)]
            if code := _REFUSED_TOKENS.get(type(token)):
                found.append(Problem(code, place=place))
            if len(found) == MAX_PROBLEMS:
                break
    except yaml.YAMLError as error:
        # An alias or a tag that was found is the better explanation of what follows it.
        return found or [_syntax(error, file)]
    return found


def _tokens(text: str) -> Iterator[Any]:
    loader = yaml.CSafeLoader(text)
    try:
        while loader.check_token():
            yield loader.get_token()
    finally:
        loader.dispose()


def _compose(text: str) -> yaml.Node | None:
    loader = yaml.CSafeLoader(text)
    try:
        node: yaml.Node | None = loader.get_single_node()
        return node
    finally:
        loader.dispose()


def _syntax(error: yaml.YAMLError, file: str) -> Problem:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    told = getattr(error, "problem", None) or "unreadable"
    if "expected a single document" in str(getattr(error, "context", "")):
        return Problem("YAML-DOCUMENTS", place=_at(mark, file))
    return Problem("YAML-SYNTAX", {"detail": told}, _at(mark, file))


def _at(mark: Any, file: str) -> Place:
    return Place(file, mark.line + 1, mark.column + 1) if mark else Place(file, 1, 1)


class _Reader:
    """Turns nodes into plain values; no deeper than the token guard allows."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self.keys: dict[Path, Place] = {}
        self.values: dict[Path, Place] = {}

    def read(self, node: yaml.Node, path: Path) -> Any:
        self.values[path] = _at(node.start_mark, self.file)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.read(item, (*path, index)) for index, item in enumerate(node.value)]
        # An escape inside quotes ("\\u202e") brings in what the text itself may not hold.
        if match := _UNSEEN.search(node.value):
            facts = {"character": f"U+{ord(match[0]):04X}"}
            self._refuse(f"YAML-{(match.lastgroup or '').upper()}", self.values[path], facts)
        return _scalar(node)

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = self._key(key_node)
            if key is None:
                continue
            place = _at(key_node.start_mark, self.file)
            if key in mapping:
                facts = {"key": key, "first": self.keys[(*path, key)].line}
                self._refuse("YAML-DUPLICATE", place, facts)
                continue
            self.keys[(*path, key)] = place
            mapping[key] = self.read(value_node, (*path, key))
        return mapping

    def _key(self, node: yaml.Node) -> str | None:
        place = _at(node.start_mark, self.file)
        if not isinstance(node, yaml.ScalarNode) or not node.value or _UNSEEN.search(node.value):
            self._refuse("YAML-KEY", place, {})
            return None
        if node.value == "<<" and not node.style:
            self._refuse("YAML-MERGE", place, {})
            return None
        return str(node.value)

    def _refuse(self, code: str, place: Place, facts: dict[str, Any]) -> None:
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(Problem(code, facts, place))


def _scalar(node: yaml.Node) -> Any:
    written = node.value
    if getattr(node, "style", None):  # quoted, or a block: always text
        return written
    if written in _WORDS:
        return _WORDS[written]
    return int(written) if _WHOLE.match(written) else written
