"""Rules of this house that no other linter knows; `python -m dev.rules` and the tests hold them.

Each rule is one file: its docstring says what is forbidden, why, and what to do instead. A rule
that needs an exception names it, with the reason, in its own file.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, order=True)
class Offence:
    """One place that breaks a rule."""

    file: str  # below the root, as git names it
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.what}"


def code_below(root: Path) -> Iterator[tuple[str, str]]:
    """Every Python file of the server as (name, source)."""
    for file in sorted((root / "server").rglob("*.py")):
        yield file.relative_to(root).as_posix(), file.read_text("utf-8")


def docstrings(tree: ast.Module) -> set[ast.AST]:
    """The docstrings of a module: prose, which no rule about code reads."""
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return {
        first.value
        for node in ast.walk(tree)
        if isinstance(node, kinds) and node.body
        for first in node.body[:1]
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    }
