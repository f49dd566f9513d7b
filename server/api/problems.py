"""Problems as they travel: one shape in answers and in refusals."""

from __future__ import annotations

from pydantic import ConfigDict, Field

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


class Refusal(Wire):
    """What was refused (RFC 9457); beside these, facts of this refusal that a program can use."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    code: str = Field(description="Stable word for programs.")
    detail: str = Field(description="A sentence for people.")
    id: str = Field(default="", description="Under which number the server's log knows it.")
    reason: str = Field(default="", description="Stable word for the kind of refusal.")
    problems: list[ProblemOut] = Field(default=[], description="All that is wrong, with its place.")


def problem_out(problem: Problem) -> ProblemOut:
    """A problem as it travels."""
    return ProblemOut(**problems.as_data(problem, rendering.locale()))
