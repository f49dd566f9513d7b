"""The words between the engine and the world: the state of a case, what happened, what follows.

All are frozen values. A state goes to the case row as JSON (`to_json`, `from_json`); effects are
carried out by the service in the same transaction (WORKFLOWS.md, "The engine").
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from server.forms.definition import Role
from server.kernel.durations import Duration

# `waiting`: a review that sent a form back and opens again when the form is filled in.
StepStatus = Literal["open", "done", "paused", "stopped", "waiting"]
CaseStatus = Literal["open", "paused", "ended"]
ConsentState = Literal[
    "requested", "deferred", "given", "renewed", "refused", "withdrawn", "revoked", "expired",
    "invalidated", "unknown",
]  # fmt: skip
LIVE: tuple[ConsentState, ...] = ("given", "renewed")  # what opens a gate


@dataclass(frozen=True, slots=True)
class StepState:
    """Where one step stands; `round` rises each time it is returned.

    `outcome` is what a review or a staff task ended with; for a choice the form it chose.
    """

    status: StepStatus
    round: int = 1
    outcome: str | None = None


@dataclass(frozen=True, slots=True)
class CaseState:
    """Where a case stands: the whole truth the engine needs, flat however long the case.

    `stage` is the stage entered last. Steps are kept by their id, a package by the id of its
    stage, a further signer's part of it by `<stage>.<role>`.
    """

    status: CaseStatus = "open"
    stage: str | None = None
    end: str | None = None
    steps: Mapping[str, StepState] = field(default_factory=dict)
    returns: Mapping[str, int] = field(default_factory=dict)  # `<review>.<outcome>` → times taken

    def to_json(self) -> dict[str, Any]:
        """The state as the case row keeps it."""
        return {
            "status": self.status,
            "stage": self.stage,
            "end": self.end,
            "steps": {k: [s.status, s.round, s.outcome] for k, s in self.steps.items()},
            "returns": dict(self.returns),
        }

    @staticmethod
    def from_json(raw: Mapping[str, Any]) -> CaseState:
        """The state a case row keeps."""
        steps = {k: StepState(s[0], s[1], s[2]) for k, s in raw["steps"].items()}
        return CaseState(raw["status"], raw["stage"], raw["end"], steps, dict(raw["returns"]))


@dataclass(frozen=True, slots=True)
class Facts:
    """What the engine must know of the world at this moment; gathered under the lock.

    `owed` are the roles whose signature on the package is still missing (14 to 17: the mentee).
    """

    age: int | None = None  # whole years of the subject, None before the birth date is known
    consents: Mapping[str, ConsentState] = field(default_factory=dict)
    owed: frozenset[Role] = frozenset()


# What happened -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Started:
    """A case begins."""


@dataclass(frozen=True, slots=True)
class Filled:
    """A form was filled in; `answers` holds at least what `stop_on` and `wait_on` name."""

    step: str
    answers: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Signed:
    """One signer answered the package of a stage: consent → its answer by this signer.

    The consents' new states are in the facts; `by` tells whose task is done.
    """

    stage: str
    by: Role
    answers: Mapping[str, Literal["given", "refused", "deferred"]]


@dataclass(frozen=True, slots=True)
class Decided:
    """A reviewer decided; `approvals` counts the accepting people so far, this one included."""

    step: str
    outcome: str
    approvals: int = 1


@dataclass(frozen=True, slots=True)
class TaskFinished:
    """A staff task that another step opened was done, with one of its outcomes."""

    task: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Raised:
    """A consent's withdrawal or a timer opens a staff task by name."""

    task: str


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A consent of this case was withdrawn: `pause` are the stages that may not go on."""

    consent: str
    pause: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Closed:
    """The case ends from outside: expired without any consent, or closed after a withdrawal."""

    end: str


@dataclass(frozen=True, slots=True)
class Looked:
    """Nothing happened here, but the facts changed: a gate may open now."""


Move = (
    Started | Filled | Signed | Decided | TaskFinished | Raised | Withdrawn | Closed | Looked
)  # fmt: skip

# What follows ------------------------------------------------------------------------------------

TaskKind = Literal["form", "sign", "review", "staff"]


@dataclass(frozen=True, slots=True)
class OpenTask:
    """A person must act. `step` names the node; for kind sign it is the stage's id.

    `remind` and `due` count from the opening; `overdue` names the staff task a late one opens.
    """

    step: str
    kind: TaskKind
    role: Role
    round: int = 1
    form: str | None = None
    consents: tuple[str, ...] = ()
    due: Duration | None = None
    remind: tuple[Duration, ...] = ()
    overdue: str | None = None
    optional: bool = False


@dataclass(frozen=True, slots=True)
class CloseTask:
    """A task is over: done by its person, or no longer wanted. `role` narrows a package's task."""

    step: str
    how: Literal["done", "cancelled"]
    role: Role | None = None
    outcome: str | None = None


@dataclass(frozen=True, slots=True)
class PauseTasks:
    """Open tasks of these steps stop, with their timers."""

    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AskConsents:
    """Documents are made and requests opened for these consents."""

    consents: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SendLetter:
    """A letter goes to a role by its name in letters/."""

    letter: str
    to: Role


@dataclass(frozen=True, slots=True)
class EndCase:
    """The case is over; its open tasks and timers are closed with it."""

    end: str


Effect = OpenTask | CloseTask | PauseTasks | AskConsents | SendLetter | EndCase


@dataclass(frozen=True, slots=True)
class Taken:
    """One step taken: the new state and what follows from it, in order."""

    state: CaseState
    effects: tuple[Effect, ...]
