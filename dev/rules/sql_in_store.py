"""SQL stands in `store/` and nowhere else.

Who looks for what touches a table must find it in one folder: a migration, an index or a policy of
row-level security is right only for statements somebody has seen. Write a function named by its
answer into the file of its aggregate (`open_cases_of`) and call that.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from dev.rules import Offence, code_below, docstrings

ALLOWED = (
    "server/store/",
    "server/supervisor/postgres.py",  # makes the roles and the database, before there is a store
)
_STATEMENT = re.compile(
    r'\s*(?:SELECT\s|INSERT INTO\s|UPDATE\s+"?\w+"?\s+SET\s|DELETE FROM\s|WITH\s+\w+\s+AS\s)'
)
_BUILDERS = {"select", "insert", "update", "delete", "text"}


def offences(root: Path) -> Iterator[Offence]:
    """Every SQL text, and every import of what builds one, outside the store."""
    for name, source in code_below(root):
        if not name.startswith(ALLOWED):
            yield from _in(name, ast.parse(source))


def _in(name: str, tree: ast.Module) -> Iterator[Offence]:
    prose = docstrings(tree)
    for node in ast.walk(tree):
        if node not in prose and isinstance(node, ast.Constant) and _is_statement(node.value):
            yield Offence(name, node.lineno, "writes SQL; make it a function of the store")
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sqlalchemy"):
            for one in node.names:
                if one.name in _BUILDERS:
                    yield Offence(name, node.lineno, f"builds SQL with {one.name}; see the store")


def _is_statement(value: object) -> bool:
    return isinstance(value, str) and _STATEMENT.match(value) is not None
