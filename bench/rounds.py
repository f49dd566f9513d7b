"""Rounds: variants take turns, so that whatever else the machine does hits all of them alike."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

Timed = Callable[[], float]
"""One run of a variant; the seconds of the part that counts."""


@dataclass(frozen=True)
class Rounds:
    """The seconds of one run of each variant: a number for each round."""

    seconds: Mapping[str, list[float]]

    def ratio(self, variant: str, baseline: str) -> float:
        """The median of the rounds' ratios."""
        pairs = zip(self.seconds[variant], self.seconds[baseline], strict=True)
        return median(mine / theirs for mine, theirs in pairs)

    def value(self, variant: str) -> float:
        """Seconds of one run, the median of all rounds."""
        return median(self.seconds[variant])

    @property
    def count(self) -> int:
        """How many rounds there were."""
        return len(next(iter(self.seconds.values())))


def interleaved(
    variants: Mapping[str, Timed],
    *,
    rounds: int,
    each: int,
) -> Rounds:
    """Run every variant `each` times in every round, in turns; one round before goes uncounted.

    The median of a round's runs is its number.
    """
    seconds: dict[str, list[float]] = {name: [] for name in variants}
    names = list(variants)
    gc.collect()
    gc.freeze()  # as the web server does before it forks its workers
    for number in range(-1, rounds):
        # The first in turn is another one each round: nobody always runs in the wake of the same.
        turn = names[number % len(names) :] + names[: number % len(names)]
        taken: dict[str, list[float]] = {name: [] for name in names}
        for _ in range(each):
            for name in turn:
                taken[name].append(variants[name]())
        if number >= 0:
            for name in names:
                seconds[name].append(median(taken[name]))
    gc.unfreeze()
    return Rounds(seconds)


def timed(run: Callable[[], object]) -> Timed:
    """A variant that is nothing but a call."""
    return _clocked(run, time.perf_counter)


def cpu_timed(run: Callable[[], object]) -> Timed:
    """The same by the processor's time, for what waits for nothing: others do not count."""
    return _clocked(run, time.thread_time)


def _clocked(run: Callable[[], object], clock: Callable[[], float]) -> Timed:
    def once() -> float:
        begun = clock()
        run()
        return clock() - begun

    return once
