"""Problems as they travel: one shape in answers and in refusals."""

from __future__ import annotations

from server.api.table import Wire
from server.http import rendering
from server.kernel.problems import Problem
from server.words import problems


class ProblemOut(Wire):
    """One thing that is wrong: a stable code, a sentence in the language asked for, its place."""

    code: str
    detail: str
    pointer: str | None
    at: str | None
    file: str | None
    line: int | None
    column: int | None
    rule: str | None
    warning: bool
    trail: list[str]


def problem_out(problem: Problem) -> ProblemOut:
    """A problem as it travels."""
    return ProblemOut(**problems.as_data(problem, rendering.locale()))
