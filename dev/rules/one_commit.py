"""Nobody commits but `store/database.py`.

Where anybody may commit, nobody knows what is atomic: half a signature, an effect without its
cause. A use case is one transaction; `Database.begin` begins it and ends it. What has to fail
without the rest is a savepoint: `with work.session.begin_nested():`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from dev.rules import Offence, code_below

ALLOWED = {"server/store/database.py"}
_SQL = ("COMMIT", "COMMIT WORK", "END TRANSACTION")


def offences(root: Path) -> Iterator[Offence]:
    """Every call of `commit()` and every SQL text that is a commit, elsewhere."""
    for name, source in code_below(root):
        if name not in ALLOWED:
            yield from _in(name, ast.parse(source))


def _in(name: str, tree: ast.Module) -> Iterator[Offence]:
    savepoints = _savepoints(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = node.func.value
            if node.func.attr == "commit" and not _is_one_of(owner, savepoints):
                yield Offence(name, node.lineno, "commits; let `begin` end the transaction")
        elif isinstance(node, ast.Constant) and _is_sql_commit(node.value):
            yield Offence(name, node.lineno, "commits by SQL; let `begin` end the transaction")


def _is_sql_commit(value: object) -> bool:
    return isinstance(value, str) and value.strip(" ;") in _SQL


def _savepoints(tree: ast.Module) -> set[str]:
    """Names that hold `begin_nested()`: releasing a savepoint commits nothing."""
    return {
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Call)
        and isinstance(node.value.func, ast.Attribute)
        and node.value.func.attr == "begin_nested"
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _is_one_of(owner: ast.expr, names: set[str]) -> bool:
    return isinstance(owner, ast.Name) and owner.id in names
