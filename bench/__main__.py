"""`python -m bench`: measure, print a table, write bench/results.json."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from typing import Final

from bench import form, start, step, worklist
from bench.ground import Ground, ground
from bench.results import FILE, Result, load, table, write

Scenario = Callable[..., list[Result]]
SCENARIOS: Final[dict[str, Scenario]] = {
    "step": step.measure,
    "form": form.measure,
    "worklist": worklist.measure,
    "start": start.measure,
}
ROUNDS: Final = 7


def main() -> int:
    """Run the scenarios one after the other; results of a part of them are printed only."""
    asked = _arguments()
    begun = time.monotonic()
    loads, results = [load()], []
    with ground() as place:
        for name in asked.scenarios:
            print(f"{name}…", file=sys.stderr, flush=True)
            results += _quietly(SCENARIOS[name], place, asked.rounds)
            loads.append(load())
    print(table(results, loads))
    print(f"\n{time.monotonic() - begun:.0f} s in all")
    if list(asked.scenarios) == list(SCENARIOS):
        write(results, loads)
        print(f"kept in {os.path.relpath(FILE)}")
    return 0


def _quietly(scenario: Scenario, place: Ground, rounds: int) -> list[Result]:
    """A scenario whose requests are not logged to the terminal, which would be what is measured."""
    kept = os.dup(2)
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        return scenario(place, rounds=rounds)
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "scenarios",
        nargs="*",
        default=list(SCENARIOS),
        help=f"which to run: {', '.join(SCENARIOS)}; all of them without a name",
    )
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="how many rounds (%(default)s)")
    asked = parser.parse_args()
    if unknown := set(asked.scenarios) - set(SCENARIOS):
        parser.error(f"no such scenario: {', '.join(sorted(unknown))}")
    return asked


if __name__ == "__main__":
    sys.exit(main())
