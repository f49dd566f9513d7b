"""SQL never asks what time it is.

The clock is read once per transaction (`work.now`) and passed in: two rows of one step carry one
moment, the sandbox can move the time of every process, and a test can stand still. A `now()` in a
statement, a default or a policy would be the machine's time again, and only there.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TypeGuard

from dev.rules import Offence, code_below, docstrings

_CLOCK = re.compile(
    r"\b(?:now\s*\(\s*\)|(?:clock|statement|transaction)_timestamp\s*\(|timeofday\s*\("
    r"|current_(?:timestamp|date|time)\b|localtime(?:stamp)?\b)",
    re.IGNORECASE,
)
_WORDS_OF_SQL = re.compile(
    r"\b(?:SELECT|INSERT|UPDATE|DELETE|WHERE|VALUES|DEFAULT|CREATE|ALTER|SET|RETURNING|INTERVAL)\b"
)
_FUNCTIONS = {"now", "current_timestamp", "current_date", "clock_timestamp", "localtimestamp"}


def offences(root: Path) -> Iterator[Offence]:
    """Every SQL text, and every `func.now()`, that reads the database's clock."""
    for name, source in code_below(root):
        tree = ast.parse(source)
        prose = docstrings(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and _is_func_call(node.func):
                yield Offence(name, node.lineno, "reads the database's clock; pass `work.now`")
            elif node not in prose and _reads_clock(node):
                yield Offence(name, node.lineno, "reads the clock in SQL; pass `work.now`")


def _reads_clock(node: ast.AST) -> TypeGuard[ast.Constant]:
    """Whether this is SQL with a clock in it; a bare `now()` is a column's default."""
    if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
        return False
    text = node.value
    if not _CLOCK.search(text):
        return False
    return bool(_WORDS_OF_SQL.search(text) or _CLOCK.fullmatch(text.strip()))


def _is_func_call(called: ast.expr) -> bool:
    """`func.now()` of SQLAlchemy."""
    return (
        isinstance(called, ast.Attribute)
        and called.attr in _FUNCTIONS
        and isinstance(called.value, ast.Name)
        and called.value.id == "func"
    )
