"""What may stand in a log: one JSON line for each thing that happened, listed keys only.

A log is read by more people than the database is, and kept elsewhere. So what is not listed here
is left out, whoever logs it; of an error only its type and its lines of code are kept, because a
message may quote what a family typed (SECURITY.md, operational promises; test H1).
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import MutableMapping
from types import TracebackType
from typing import Any, TextIO

import structlog

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
        "withheld",
    }
)
_INNERMOST = 8

log: structlog.stdlib.BoundLogger = structlog.get_logger()


def configure(stream: TextIO | None = None) -> None:
    """Write JSON lines to `stream`, standard error by default."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
            withhold_unlisted,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        logger_factory=structlog.WriteLoggerFactory(file=stream or sys.stderr),
        cache_logger_on_first_use=False,
    )


def withhold_unlisted(
    _logger: object, _method: str, line: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Leave out every key that is not listed, and say which ones were left out."""
    unlisted = sorted(key for key in line if key not in LISTED)
    for key in unlisted:
        del line[key]
    if unlisted:
        line["withheld"] = unlisted
    return line


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
