"""What may stand in a log: one JSON line for each thing that happened, listed keys only.

A log is read by more people than the database is, and kept elsewhere. So what is not listed here
is left out, whoever logs it; of an error only its type and its lines of code are kept, because a
message may quote what a family typed (SECURITY.md, operational promises; test H1).
"""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from types import MappingProxyType, TracebackType
from typing import Any, TextIO

LISTED = frozenset(
    {
        "event",  # what happened, a fixed word
        "at",
        "level",
        "request",  # the number of a request, shown to the person as the number of an error
        "route",  # the template of a URL, never the URL
        "method",
        "status",
        "milliseconds",
        "tenant",
        "account",
        "actor",  # the kind of actor
        "network",  # an address cut to its network
        "error",  # the type of an error
        "place",  # file, line and function, innermost last
        "sqlstate",
        "code",
        "limit",
        "permission",
        "job",
        "topic",
        "letter",
        "channel",
        "attempt",
        "count",
        "seconds",
        "process",
        "release",
        "hash",
        "setting",  # its name, never what it is set to
        "server",  # where one is looked for, without user and password
        "withheld",
    }
)
_INNERMOST = 8

_around: ContextVar[Mapping[str, Any]] = ContextVar("around", default=MappingProxyType({}))


class Log:
    """Writes one JSON line for each call: `log.info("signed_in", account=…)`.

    Own lines of code on purpose: a logging library cost a tenth of the start of every process.
    """

    def __init__(self) -> None:
        self.stream: TextIO | None = None  # None: standard error, as it is at that moment

    def info(self, event: str, **facts: Any) -> None:
        """Something happened as it should."""
        self._write("info", event, facts)

    def warning(self, event: str, **facts: Any) -> None:
        """Somebody was refused, or something is tried again."""
        self._write("warning", event, facts)

    def error(self, event: str, **facts: Any) -> None:
        """A person should look."""
        self._write("error", event, facts)

    def _write(self, level: str, event: str, facts: Mapping[str, Any]) -> None:
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = {"at": at, "level": level, "event": event, **_around.get(), **facts}
        text = json.dumps(withhold_unlisted(line), ensure_ascii=False, default=str)
        # One write for one line: threads and processes share the stream.
        stream = self.stream or sys.stderr
        stream.write(f"{text}\n")
        stream.flush()


log = Log()


def configure(stream: TextIO | None = None) -> None:
    """Write to `stream`, or again to standard error."""
    log.stream = stream


def around(**facts: Any) -> None:
    """Put these facts, and no older ones, into every line of this thread from now on."""
    _around.set(facts)


def withhold_unlisted(line: Mapping[str, Any]) -> dict[str, Any]:
    """The line without keys that are not listed, and with the names of those left out."""
    kept = {key: fact for key, fact in line.items() if key in LISTED}
    unlisted = sorted(set(line) - set(kept))
    return {**kept, "withheld": unlisted} if unlisted else kept


def facts_of(error: BaseException) -> dict[str, Any]:
    """An error as a log may know it: its type, where it was raised, PostgreSQL's own code."""
    facts: dict[str, Any] = {"error": type(error).__name__, "place": _place(error.__traceback__)}
    sqlstate = getattr(getattr(error, "orig", error), "sqlstate", None)
    return {**facts, "sqlstate": sqlstate} if sqlstate else facts


def _place(trace: TracebackType | None) -> list[str]:
    frames = traceback.extract_tb(trace)[-_INNERMOST:]
    return [f"{_short(frame.filename)}:{frame.lineno} {frame.name}" for frame in frames]


def _short(file: str) -> str:
    """The file from its package on: the folder it is installed in is nobody's business."""
    for root in ("/site-packages/", "/server/"):
        _, found, tail = file.rpartition(root)
        if found:
            return root.strip("/") + "/" + tail if root == "/server/" else tail
    return file.rpartition("/")[2]
