"""What a workflow is: stages in order, steps that wait for a person, ends, and demands on it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Discriminator, Field, StrictInt, Tag

from server.forms.definition import Locked, Role
from server.kernel.durations import AnyDuration
from server.kernel.frozen import Frozen, Id, ParameterId, WhyId
from server.kernel.text import AnyText
from server.kernel.written import Flag, Whole

# The ages a choice is made for: children. Who grows older meanwhile takes the oldest ones' row.
YOUNGEST, OLDEST = 0, 17


class Bounded(Frozen):
    """A number of approvals, here or by a parameter."""

    bound: ParameterId


class Due(Frozen):
    """When a step should be done, counted from its opening."""

    in_: AnyDuration = Field(alias="in")
    bound: ParameterId | None = None


class Remind(Frozen):
    """Reminders, each counted from the opening of the step."""

    after: tuple[AnyDuration, ...] = Field(max_length=10)
    bound: ParameterId | None = None


class Overdue(Frozen):
    """What happens when the due time has passed: a task for a person, never a refusal."""

    open: Id


class NotBy(Frozen):
    """Four eyes: who filled in these forms may not act here."""

    author_of: tuple[Id, ...]


class StopOn(Frozen):
    """An answer that ends the case at once: field → value."""

    answer: dict[Id, str] = Field(min_length=1)
    to: Id


class WaitOn(Frozen):
    """An answer that decides nothing yet: the step stays open and may be filled in again.

    `open` names a task for a person, where somebody has to do something before that.
    """

    answer: dict[Id, str] = Field(min_length=1)
    open: Id | None = None


class AnyStep(Frozen):
    """What every kind of step may carry."""

    due: Due | None = None
    remind: Remind | None = None
    overdue: Overdue | None = None
    not_by: NotBy | None = None
    optional: Flag = False
    label: AnyText | None = None


class FormStep(AnyStep):
    """A person fills in a form; the step's id is the form's."""

    form: Id
    by: Role
    stop_on: StopOn | None = None
    wait_on: tuple[WaitOn, ...] = Field(default=(), max_length=10)

    @property
    def id(self) -> str:
        return self.form


class ConsentStep(AnyStep):
    """A consent is asked; the step's id is the consent's."""

    consent: Id
    postpone: Flag = False

    @property
    def id(self) -> str:
        return self.consent


class AgeRow(Frozen):
    """One row of a choice by age: whole years, both ends included."""

    from_: StrictInt = Field(default=0, alias="from", ge=0, le=OLDEST)
    to: StrictInt = Field(default=OLDEST, ge=0, le=OLDEST)
    form: Id
    by: Role
    stop_on: StopOn | None = None
    wait_on: tuple[WaitOn, ...] = Field(default=(), max_length=10)


class ChooseStep(AnyStep):
    """One of several forms, by the age of the subject on the day the step opens."""

    choose: Id
    by_age_of: Literal["mentee"]
    rows: tuple[AgeRow, ...] = Field(min_length=1)

    @property
    def id(self) -> str:
        return self.choose


class Outcome(Frozen):
    """One way a review can end."""

    outcome: Id
    label: AnyText
    to: Id | None = None  # an end
    back_to: Id | None = None  # a form step, filled in once more
    comment: Literal["required", "optional", "none"] = "none"
    at_most: StrictInt | None = Field(default=None, ge=1, le=10)

    @property
    def accepts(self) -> bool:
        """Whether this outcome may need several people; any other decides at once."""
        return self.outcome == "accept"


class ReviewStep(AnyStep):
    """A person decides; any decline or return decides at once, an accept may need several."""

    review: Id
    of: tuple[Id, ...] = ()
    by: tuple[Role, ...] = Field(min_length=1)
    approvals: Bounded | Annotated[Whole, Field(ge=1, le=3)] = 1
    outcomes: tuple[Outcome, ...] = Field(min_length=2)

    @property
    def id(self) -> str:
        return self.review


class NotifyStep(AnyStep):
    """A letter goes out; nobody waits."""

    notify: Id
    letter: Id
    to: Role

    @property
    def id(self) -> str:
        return self.notify


def _kind(raw: object) -> str | None:
    keys = raw if isinstance(raw, dict) else getattr(type(raw), "model_fields", {})
    return next(
        (kind for kind in ("form", "consent", "choose", "review", "notify") if kind in keys), None
    )


Step = Annotated[
    Annotated[FormStep, Tag("form")]
    | Annotated[ConsentStep, Tag("consent")]
    | Annotated[ChooseStep, Tag("choose")]
    | Annotated[ReviewStep, Tag("review")]
    | Annotated[NotifyStep, Tag("notify")],
    Discriminator(
        _kind,
        custom_error_type="step_kind",
        custom_error_message="a step says what it is by form, consent, choose, review or notify",
    ),
]


class Gate(Frozen):
    """What must hold before a stage opens, and again whenever a step of it is taken."""

    given: tuple[Id, ...] = ()
    done: tuple[Id, ...] = ()


class OwnSteps(Frozen):
    """A place for a partner's own steps. In the language, not built yet: refused by name."""

    bound: ParameterId
    kinds: tuple[str, ...] = ()
    after: Id | None = None


class Stage(Frozen):
    """Steps that belong together; they open one after another, or all at once with order: any."""

    stage: Id
    title: AnyText | None = None
    order: Literal["listed", "any"] = "listed"
    sign: Literal["package"] | None = None
    optional: Flag = False
    gate: Gate | None = None
    steps: tuple[Step, ...] = Field(min_length=1)
    refused: dict[Id, Id] = Field(default_factory=dict)
    own_steps: OwnSteps | None = None


class Start(Frozen):
    """Who may start a case, and through which door or form."""

    by: Role
    door: Literal["school_link", "consequence"] | None = None
    form: Id | None = None


class Party(Frozen):
    """Someone who takes part: reached by link, or a position in the school."""

    reach: Literal["link"] | None = None
    or_with: Role | None = None
    scope: Literal["school", "municipality"] | None = None


class TaskSpec(Frozen):
    """A task that other steps, timers or consents open for staff."""

    task: Id
    for_: Role = Field(alias="for")
    label: AnyText
    done: tuple[Id, ...] = Field(min_length=1)
    done_labels: dict[Id, AnyText] = Field(default_factory=dict)
    closes: Id | None = None  # the end that finishing this task leads to
    due: Due | None = None


class Requirement(Frozen):
    """What the model demands of every adaptation, proved on the graph."""

    before: Id
    given: tuple[Id, ...] = ()
    done: tuple[Id, ...] = ()
    why: WhyId


class Letter(Frozen):
    """A letter of letters/ and whom it goes to."""

    letter: Id
    to: Role


class ClosedBy(Frozen):
    """The ends a case takes when it is closed from outside, and by what."""

    expiry: Id | None = None  # a request without any consent, erased at its end
    done: Id | None = None  # all that was asked is answered, and no step leads to an end
    withdrawal: Id | None = None  # staff closed it after a consent was withdrawn


class WorkflowSpec(Frozen):
    """One workflow."""

    workflow: Id
    code: str | None = Field(default=None, pattern=r"^W\d{2}$")
    title: AnyText
    locked: Locked | None = None
    start: tuple[Start, ...] = Field(min_length=1)
    parties: dict[Role, Party]
    stages: tuple[Stage, ...] = Field(min_length=1)
    tasks: tuple[TaskSpec, ...] = ()
    ends: tuple[Id, ...] = Field(min_length=1)
    end_labels: dict[Id, AnyText] = Field(default_factory=dict)
    end_letters: dict[Id, tuple[Letter, ...]] = Field(default_factory=dict)
    closed_by: ClosedBy | None = None
    requires: tuple[Requirement, ...] = ()
