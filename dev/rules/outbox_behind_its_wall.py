"""SQL speaks of the table `outbox` in `store/outbox.py` and `store/outgoing.py` alone.

The import contracts 7 and 7a say who may write an effect and who may carry it. They hold for
modules: a statement in another file of the store would walk around them, and an effect written or
finished there is one the relay does not know of. Call `work.emit`, or write the query beside the
others and let its caller through the contract.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from dev.rules import Offence, code_below, docstrings

ALLOWED = (
    "server/store/outbox.py",
    "server/store/outgoing.py",
    "server/store/migrations/",  # make the table, its walls and its grants
)
_TABLE = re.compile(r'\b(?:FROM|JOIN|INTO|UPDATE|TABLE)\s+"?outbox\b')


def offences(root: Path) -> Iterator[Offence]:
    """Every statement that names the table, and every use of its mapped class, elsewhere."""
    for name, source in code_below(root):
        if not name.startswith(ALLOWED):
            yield from _in(name, ast.parse(source))


def _in(name: str, tree: ast.Module) -> Iterator[Offence]:
    prose = docstrings(tree)
    for node in ast.walk(tree):
        if node not in prose and isinstance(node, ast.Constant) and _names_it(node.value):
            yield Offence(name, node.lineno, "speaks of the outbox in SQL; see its two files")
        elif isinstance(node, ast.Attribute | ast.Name) and _name_of(node) == "Outbox":
            yield Offence(name, node.lineno, "uses the outbox's rows; see its two files")


def _names_it(value: object) -> bool:
    return isinstance(value, str) and _TABLE.search(value) is not None


def _name_of(node: ast.Attribute | ast.Name) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id
