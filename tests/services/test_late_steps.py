"""What a late step leads to: the task that its own line names, for whoever that task is."""

from __future__ import annotations

from sqlalchemy import text

from server.access.actors import SHELL
from server.kernel.places import workflow_defs
from server.services.model import releases
from tests.factories import School, a_colleague, an_enrolment

FILE = "workflows/minor_enrolment.yaml"
LATE_DECISION = (
    "        due: {in: 5 working days, bound: P20}\n",
    "        due: {in: 5 working days, bound: P20}\n        overdue: {open: call_lead}\n",
)
LEAD = ("  coordinator: {scope: school}\n",
        "  coordinator: {scope: school}\n  cycle_lead: {scope: school}\n")  # fmt: skip
TASK = (
    "tasks:\n",
    """tasks:
  - task: call_lead
    for: cycle_lead
    label: {ru: Решить заявку, en: Decide the application}
    done: [done]
    done_labels: {done: {ru: Готово, en: Done}}
""",
)


def test_a_late_step_opens_its_own_task_and_tells_whose_task_it_is(school: School) -> None:
    definition = (workflow_defs() / FILE).read_text()
    for before, after in (LATE_DECISION, LEAD, TASK):
        assert definition.count(before) == 1
        definition = definition.replace(before, after)
    with school.tools.begin(SHELL) as work:
        releases.publish(work, sources={FILE: definition}, note="late decisions")
    coordinator = a_colleague(school, name="Белова Нина")
    lead = a_colleague(school, name="Громов Антон", role="cycle_lead")
    mine = an_enrolment(school, at="review")

    school.pass_days(9)
    mine.is_overdue()

    assert mine.task("call_lead").role == "cycle_lead"
    told = text(
        "SELECT person_id FROM delivery WHERE case_id = :case AND letter = 'overdue_to_coordinator'"
    )
    found = school.do(SHELL, lambda work: list(work.session.scalars(told, {"case": mine.case_id})))
    assert found == [lead.person_id]
    assert coordinator.person_id not in found
    opened = text("SELECT count(*) FROM task WHERE case_id = :case AND step = 'call_guardian'")
    assert school.do(SHELL, lambda work: work.session.scalar(opened, {"case": mine.case_id})) == 0
