"""Hold the code against the rules of the house: `python -m dev.rules`; 1 when one is broken."""

from __future__ import annotations

import sys
from pathlib import Path

from dev.rules import (
    no_clock_in_sql,
    one_commit,
    outbox_behind_its_wall,
    sql_in_store,
    words_in_templates,
)

RULES = (one_commit, sql_in_store, no_clock_in_sql, outbox_behind_its_wall, words_in_templates)


def main() -> int:
    """Print every offence with its rule."""
    root = Path(__file__).resolve().parents[2]
    broken = 0
    for rule in RULES:
        for offence in rule.offences(root):
            broken += 1
            first = (rule.__doc__ or "").split("\n")[0]
            sys.stdout.write(f"{offence}\n  {first} See {rule.__name__.replace('.', '/')}.py.\n")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
