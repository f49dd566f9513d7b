"""The worklist with 1,000 and with 100,000 open tasks, spread over ten (school, role) pairs.

Five schools of one organisation; in each, half of the tasks are reviews of the coordinator and
half are consents of guardians. Pages are asked for as a coordinator, through the service: with
names opened, the consent board, letters and looks, and the counts of all tabs.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from bench.copies import LISTED, copies, settle
from bench.families import Families, families
from bench.ground import Ground
from bench.results import Result
from bench.rounds import interleaved, timed
from server.services.unit_of_work import Tools
from server.services.worklist import desk
from server.store import desk as rows

SMALL, LARGE = 1_000, 100_000
SCHOOLS = 5
SPREAD = timedelta(days=40)
After = tuple[datetime, UUID]


def measure(ground: Ground, *, rounds: int) -> list[Result]:
    """First page, a page from the middle, the ready tab and the counts, at both sizes in turns."""
    small, large = ground.database("worklist"), "worklist_large"
    with ground.runtime(small) as runtime:
        known = families(runtime, schools_=SCHOOLS)
    ground.database(large, template=small)
    fill(ground, small, known, SMALL)
    fill(ground, large, known, LARGE)
    with ExitStack() as stack:
        variants: dict[str, Callable[[], object]] = {}
        for size, name in ((SMALL, small), (LARGE, large)):
            database = stack.enter_context(ground.runtime(name)).tools.database
            asked = _Asked(known, replace(known.tools, database=database))
            variants |= {f"{what} at {size:,}": ask for what, ask in asked.variants().items()}
        found = interleaved(
            {what: timed(ask) for what, ask in variants.items()}, rounds=rounds, each=9
        )
    goals = {"first page": 1.2, "page from the middle": None, "ready tab": None, "counts": None}
    return [
        Result(
            "worklist", f"{what} at {LARGE:,}", found.value(f"{what} at {LARGE:,}") * 1e3, "ms",
            found.count, baseline=f"{what} at {SMALL:,}",
            ratio=found.ratio(f"{what} at {LARGE:,}", f"{what} at {SMALL:,}"), goal=goal,
        )
        for what, goal in goals.items()
    ]  # fmt: skip


def fill(ground: Ground, name: str, known: Families, amount: int) -> None:
    """So many open tasks, evenly over schools and roles."""
    pairs = [
        (place, original)
        for place in known.places
        for original in (known.at_review, known.at_consents)
    ]
    with ground.superuser(name) as connection:
        for place, original in pairs:
            copies(
                connection, known.tools.master, original, amount // len(pairs),
                at=place, tables=LISTED, spread=SPREAD,
            )  # fmt: skip
        settle(connection)


class _Asked:
    """What a coordinator asks for, in a school of the middle."""

    def __init__(self, known: Families, tools: Tools) -> None:
        self._known = known
        self._tools = tools
        self._school_id = known.places[2].school_id

    def variants(self) -> dict[str, Callable[[], object]]:
        middle = self._middle()
        return {
            "first page": self._page,
            "page from the middle": lambda: self._page(after=middle),
            "ready tab": lambda: self._page(tab="ready"),
            "counts": self._counts,
        }

    def _page(self, *, tab: str = "all", after: After | None = None) -> None:
        with self._tools.begin(self._known.coordinator, self._known.tenant_id) as work:
            found = desk.worklist(work, school_id=self._school_id, tab=tab, after=after)
        assert len(found.rows) == desk.PAGE
        assert all(row.child_name for row in found.rows)

    def _counts(self) -> None:
        with self._tools.begin(self._known.coordinator, self._known.tenant_id) as work:
            wanted = rows.Filter(school_id=self._school_id, tab="all", now=work.now)
            rows.page(work.transaction, work.tenant_id, wanted, after=None, limit=1)

    def _middle(self) -> After:
        with self._tools.begin(self._known.coordinator, self._known.tenant_id) as work:
            found = work.transaction.read(
                (
                    "SELECT due_at, id FROM task WHERE tenant_id = %s AND school_id = %s"
                    " AND status = 0 AND listed ORDER BY due_at, id OFFSET (SELECT count(*) / 2"
                    " FROM task WHERE tenant_id = %s AND school_id = %s AND status = 0 AND listed)"
                    " LIMIT 1",
                    (work.tenant_id, self._school_id) * 2,
                )
            )
        due_at, task_id = found[0][0]
        return due_at, task_id
