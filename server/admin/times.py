"""Deadlines, reminders, numbers of people and terms as their editor holds them, and as changes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from server.admin.changes import Changes, with_change, without_change
from server.admin.posted import Posted
from server.kernel.durations import Duration
from server.model.definition import Change, Set
from server.model.points import Point

# The units in which a term may be typed; a deadline is counted as the model counts it.
TERM_UNITS = ("days", "months")
REMIND_UNIT = "days"


def typed(point: Point, changes: Iterable[Change]) -> tuple[str, ...]:
    """What stands in the controls of a point: amounts without their unit where it is the usual one.

    What cannot be read is shown as it was written.
    """
    written = _written(_change_at(point.at, changes), point)
    unit = unit_of(point, changes)
    return tuple(_without(one, unit) for one in written)


def unit_of(point: Point, changes: Iterable[Change]) -> str:
    """The unit the controls of a point count in; empty for people."""
    if point.kind == "approvals":
        return ""
    if point.kind == "remind":
        return REMIND_UNIT
    if point.kind == "valid":
        written = _written(_change_at(point.at, changes), point)[0]
        ending = written.partition(" ")[2].rstrip("s") + "s"
        return ending if ending in TERM_UNITS else str(point.shipped.unit)
    return str(point.shipped.unit)


def edited_times(points: Sequence[Point], posted: Posted, *, saw: Changes, now: Changes) -> Changes:
    """What an edit of these points makes of the changes as they are now; `saw` were on its page."""
    for point in points:
        if posted.deed == ("reset", point.at):
            now = without_change(now, ("set", point.at))
            continue
        if posted.one(point.at) is None:
            continue
        said = tuple(one for one in posted.all(point.at) if one or point.kind != "remind")
        unit = posted.one(f"{point.at}.unit") or unit_of(point, saw)
        if said == typed(point, saw) and unit == unit_of(point, saw):
            continue
        to = _value(point, said, unit)
        if to == _shipped(point):
            now = without_change(now, ("set", point.at))
        else:
            now = with_change(now, Set(change="set", at=point.at, to=to))
    return now


def _value(point: Point, said: tuple[str, ...], unit: str) -> Any:
    if point.kind == "approvals":
        return int(said[0]) if said[0].isdecimal() and len(said[0]) < 5 else said[0]
    lengths = tuple(_with_unit(one, unit) for one in said)
    return lengths if point.kind == "remind" else lengths[0]


def _shipped(point: Point) -> Any:
    if point.kind == "approvals":
        return point.shipped
    if point.kind == "remind":
        return tuple(str(one) for one in point.shipped)
    return str(point.shipped)


def _written(change: Set | None, point: Point) -> tuple[str, ...]:
    value = change.to if change is not None else _shipped(point)
    listed = value if isinstance(value, tuple) else (value,)
    return tuple(str(one) for one in listed)


def _with_unit(amount: str, unit: str) -> str:
    if not (amount.isdecimal() and amount.isascii()):
        return amount
    return str(Duration(int(amount), unit))  # type: ignore[arg-type]  # the validator has the word


def _without(written: str, unit: str) -> str:
    amount, _, ending = written.partition(" ")
    return amount if amount.isdecimal() and ending in (unit, unit.rstrip("s")) else written


def _change_at(at: str, changes: Iterable[Change]) -> Set | None:
    return next((one for one in changes if isinstance(one, Set) and one.at == at), None)
