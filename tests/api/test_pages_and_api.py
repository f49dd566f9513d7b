"""What a page of staff can do, the API can do: every deed of a page has its operation.

A new deed on the desk or in the admin belongs into this table, with the operation that does the
same by the same service, or with the reason why no program does it.
"""

from __future__ import annotations

import pytest
from flask import Flask

from server.api.table import TABLE
from server.app import create_app
from server.cli.routes import rules
from server.runtime import Runtime

OPERATIONS = {
    "/admin/file/": "save_draft",
    "/admin/forms/<form_id>": "save_draft",
    "/admin/forms/<form_id>/preview": "check_settings",
    "/admin/people/<uuid:person_id>/lock": "lock_person",
    "/admin/people/<uuid:person_id>/unlock": "unlock_person",
    "/admin/people/new": "appoint_person",
    "/admin/people/role/<uuid:position_id>/end": "end_role",
    "/admin/publish/": "publish_draft",
    "/admin/publish/drop": "drop_draft",
    "/admin/publish/restore": "restore_settings",
    "/admin/workflows/<workflow_id>": "save_draft",
    "/admin/workflows/<workflow_id>/preview": "check_settings",
    "/desk/case/<uuid:case_id>/decide": "decide",
    "/desk/case/<uuid:case_id>/fill/<step>": "fill_form",
    "/desk/case/<uuid:case_id>/remind": "remind",
    "/desk/case/<uuid:case_id>/reveal": "reveal_case",
    "/desk/case/<uuid:case_id>/task": "finish_task",
    "/desk/consent/<uuid:consent_id>/withdraw": "withdraw_consent",
    "/desk/decide": "decide_many",
    "/desk/invite": "invite",
    "/desk/search": "search_tasks",
}
# The table of permissions says no, or there is nothing to do without a page.
NOT_BY_PROGRAMS = {
    "/account/language": "the language of one's own pages; a program sends Accept-Language",
    "/account/password": "a token sets no password",
    "/account/session/end": "a token has no session",
    "/admin/forms/<form_id>/try": "shows how a form looks; nothing is kept",
    "/admin/tokens/": "a token makes no tokens",
    "/admin/tokens/<uuid:token_id>/revoke": "a token revokes no tokens",
    "/desk/case/<uuid:case_id>/child-contact": "only a person gives a teenager another contact",
    "/desk/school": "which school this browser shows; a program names it in the address",
}


@pytest.fixture
def app(runtime: Runtime) -> Flask:
    return create_app(runtime)


def test_every_deed_of_a_page_of_staff_has_its_operation_or_a_reason(app: Flask) -> None:
    deeds = {
        each["rule"]
        for each in rules(app)
        if (each["policy"] or "").startswith("staff") and "POST" in each["methods"]
    }

    assert deeds - OPERATIONS.keys() - NOT_BY_PROGRAMS.keys() == set()
    assert (OPERATIONS.keys() | NOT_BY_PROGRAMS.keys()) - deeds == set()
    assert set(OPERATIONS.values()) <= {row.name for row in TABLE}


def test_a_deed_asks_by_program_for_what_it_asks_by_page(app: Flask) -> None:
    needs = {row.name: row.needs.name for row in TABLE}
    for each in rules(app):
        operation = OPERATIONS.get(each["rule"])
        # The admin's pages are opened to read, and their services ask for more when they write.
        if operation and each["rule"].startswith("/desk/") and operation != "search_tasks":
            assert each["policy"] == f"staff: {needs[operation]}", each["rule"]
