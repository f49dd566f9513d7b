"""Child processes: started in a group of their own, watched, and never left behind."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import FrameType, TracebackType
from typing import Protocol, Self

from server.kernel import lifeline
from server.supervisor.identity import Identity

LOG_LIMIT = 10_000_000
HEALTHY_AFTER = 60.0
LONGEST_DELAY = 30.0
MYSELF = Identity()


class StopRequested(Exception):
    """Ctrl-C or a request to end; raised only while waiting, so that nothing is half done."""


class Waiting(Protocol):
    """Lets time pass while children work."""

    def pause(self, seconds: float) -> None:
        """Wait at most so long; may raise StopRequested."""

    def rest(self, seconds: float) -> None:
        """Wait at most so long."""


class Wakeups:
    """Waiting that ends early for Ctrl-C, TERM and the death of a child."""

    def __init__(self) -> None:
        self._stopping = False

    def __enter__(self) -> Self:
        self._read, self._write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._before = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        self._handlers = {
            number: signal.signal(number, self._note)
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD)
        }
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._before)
        os.close(self._read)
        os.close(self._write)

    def pause(self, seconds: float) -> None:
        """Wait at most so long.

        :raises StopRequested: somebody wants the end.
        """
        self.rest(seconds)
        if self._stopping:
            raise StopRequested

    def rest(self, seconds: float) -> None:
        """Wait at most so long, also when the end is near."""
        select.select([self._read], [], [], max(0.0, seconds))
        with suppress(BlockingIOError):
            os.read(self._read, 4096)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        if number != signal.SIGCHLD:
            self._stopping = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What to run, and how it likes to be stopped.

    `stop` asks for an orderly end, `orphaned` is what it gets when the supervisor is killed.
    """

    name: str
    argv: tuple[str, ...]
    environ: Mapping[str, str] = field(repr=False)
    log: Path
    identity: Identity = MYSELF
    stop: signal.Signals = signal.SIGTERM
    orphaned: signal.Signals = signal.SIGTERM
    patience: float = 10.0
    folder: Path | None = None


class Child:
    """One running program; may be started again after it ended."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.failures = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._due: float | None = None

    @property
    def name(self) -> str:
        return self.program.name

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; a negative number is the signal that ended it."""
        return None if self._process is None else self._process.poll()

    @property
    def started(self) -> bool:
        return self._process is not None

    def start(self, *more: str, pass_fds: tuple[int, ...] = ()) -> None:
        """Start it, this time with `more` arguments; only from the main thread, which stays."""
        program = self.program
        _begin_log(program.log)
        identity = program.identity
        with program.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*identity.prefix, *program.argv, *more],
                env=dict(program.environ),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=program.folder,
                start_new_session=True,
                pass_fds=pass_fds,
                user=identity.uid,
                group=identity.gid,
                extra_groups=identity.extra_groups,
                preexec_fn=partial(  # noqa: PLW1509 - calls one function of libc, loaded before
                    lifeline.die_with_parent, os.getpid(), program.orphaned
                ),
            )
        self._started = time.monotonic()
        self._due = None

    def plan_restart(self) -> float:
        """Note that it ended, end its group, and plan the next start; seconds until then."""
        lived = time.monotonic() - self._started
        self.failures = 1 if lived > HEALTHY_AFTER else self.failures + 1
        # A killed master leaves workers that still hold the port.
        self.kill()
        wait = delay(self.failures)
        self._due = time.monotonic() + wait
        return wait

    def due_in(self) -> float | None:
        """Seconds until the planned start, 0 when it is due; None when none is planned."""
        return None if self._due is None else max(0.0, self._due - time.monotonic())

    def signal(self, number: signal.Signals) -> None:
        """Tell the program itself, not its children."""
        if self._process is not None:
            self._process.send_signal(number)

    def kill(self) -> None:
        """End it and its whole group at once."""
        if self._process is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def last_words(self, lines: int = 5) -> str:
        """The end of its log, on one line, for a person who wonders why it ended."""
        try:
            text = self.program.log.read_bytes()[-4000:].decode(errors="replace")
        except OSError:
            return ""
        return " | ".join(line.strip() for line in text.splitlines()[-lines:] if line.strip())


def delay(failures: int) -> float:
    """Seconds to wait before the next start: 0.5, 1, 2, … and at most half a minute."""
    return min(LONGEST_DELAY, 0.5 * 2.0 ** (failures - 1))


def stop(children: Iterable[Child], wakeups: Waiting) -> None:
    """Ask all to end together, wait for the most patient, and end by force what is left."""
    running = [child for child in children if child.started and child.exit_code is None]
    for child in running:
        child.signal(child.program.stop)
    deadline = time.monotonic() + max((child.program.patience for child in running), default=0)
    while running and time.monotonic() < deadline:
        wakeups.rest(0.05)
        running = [child for child in running if child.exit_code is None]
    for child in children:
        if child.started:
            child.kill()


def sweep(wakeups: Waiting, patience: float = 5.0) -> None:
    """End every process that somehow became ours: nothing survives the supervisor."""
    deadline = time.monotonic() + patience
    while (left := lifeline.children()) and time.monotonic() < deadline:
        for pid in left:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        _reap(left)
        wakeups.rest(0.02)


def reap_adopted(known: Iterable[Child]) -> None:
    """Bury orphans of our children; our own children are asked by `exit_code`."""
    ours = {child.pid for child in known if child.started}
    _reap(lifeline.children() - ours)


def _reap(pids: Iterable[int]) -> None:
    for pid in pids:
        with suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)


def _begin_log(log: Path) -> None:
    if log.exists() and log.stat().st_size > LOG_LIMIT:
        log.replace(log.with_suffix(".old.log"))
