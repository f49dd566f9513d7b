"""Effects as short lines, for tests that read like tables and for whoever looks at a run."""

from __future__ import annotations

from collections.abc import Iterator

from server.workflows.moves import (
    AskConsents,
    CloseTask,
    Effect,
    EndCase,
    OpenTask,
    PauseTasks,
    SendLetter,
)


def describe(effects: tuple[Effect, ...]) -> Iterator[str]:
    """One line for each effect, in order."""
    for effect in effects:
        match effect:
            case OpenTask():
                again = f" round {effect.round}" if effect.round > 1 else ""
                form = f" with {effect.form}" if effect.form and effect.form != effect.step else ""
                yield f"open {effect.step}{form} for {effect.role}{again}"
            case CloseTask():
                told = f" {effect.outcome}" if effect.outcome else ""
                yield f"close {effect.step} {effect.how}{told}"
            case PauseTasks():
                yield f"pause {', '.join(effect.steps)}"
            case AskConsents():
                yield f"ask {', '.join(effect.consents)}"
            case SendLetter():
                yield f"letter {effect.letter} to {effect.to}"
            case EndCase():
                yield f"end {effect.end}"
