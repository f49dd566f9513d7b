"""The sandbox's clock and the verification of evidence, from the shell."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest

from server.access.actors import SYSTEM
from server.cli import run
from server.evidence.export import read_anchors, read_payloads, read_rows
from server.evidence.verify import verify as offline
from server.kernel.ids import new_id
from server.runtime import Runtime
from server.services import evidence
from server.services.evidence import Payload
from server.services.persons import new_person
from server.store import people, tenancy


@dataclass(frozen=True)
class Shell:
    """A terminal in a sandbox with one partner."""

    runtime: Runtime
    tenant_id: UUID
    superuser_url: str
    output: pytest.CaptureFixture[str]

    def call(self, *words: str) -> tuple[int, str]:
        """Run a command; its exit and what it said, in English."""
        self.output.readouterr()
        code = run(["--lang", "en", *words])
        said = self.output.readouterr()
        return code, said.out + said.err

    def read(self, *words: str) -> tuple[int, Any]:
        """Run a command with --json; its exit and what it printed."""
        self.output.readouterr()
        code = run([*words, "--json"])
        return code, json.loads(self.output.readouterr().out)

    def behind(self, query: str) -> list[tuple[Any, ...]]:
        """Work on the database as nobody may, triggers off."""
        with psycopg.connect(self.superuser_url, autocommit=True) as connection:
            connection.execute("SET session_replication_role = replica")
            cursor = connection.execute(query.encode())
            return cursor.fetchall() if cursor.description else []


@pytest.fixture
def shell(
    runtime: Runtime,
    superuser_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Shell:
    settings = runtime.settings
    for name in list(os.environ):
        if name.startswith("MENTOR_SCHOOL_"):
            monkeypatch.delenv(name)
    for name, value in {
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": "none",
        "MENTOR_SCHOOL_DATA": str(settings.data.path),
        "MENTOR_SCHOOL_SANDBOX": "yes",
    }.items():
        monkeypatch.setenv(name, value)
    tenant_id = new_id()
    with runtime.tools.begin(SYSTEM) as work:
        work.session.add(
            tenancy.Tenant(id=tenant_id, slug="vektor", name="Вектор", created_at=work.now)
        )
    return Shell(runtime, tenant_id, superuser_url, capsys)


def now(shell: Shell) -> datetime:
    return datetime.fromisoformat(shell.read("clock", "show")[1]["now"])


def near(at: datetime, wanted: datetime) -> bool:
    return abs(at - wanted) < timedelta(minutes=5)


def test_the_clock_of_a_sandbox_begins_with_the_machines(shell: Shell) -> None:
    assert near(now(shell), datetime.now(UTC))


@pytest.mark.parametrize(
    ("words", "step"),
    [
        (("3", "days"), timedelta(days=3)),
        (("2 weeks",), timedelta(weeks=2)),
        (("90m",), timedelta(minutes=90)),
        (("1", "day", "2", "hours"), timedelta(days=1, hours=2)),
    ],
)
def test_it_moves_on(shell: Shell, words: tuple[str, ...], step: timedelta) -> None:
    assert shell.call("clock", "advance", *words)[0] == 0
    assert near(now(shell), datetime.now(UTC) + step)


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (("2099-09-10",), datetime(2099, 9, 10, tzinfo=UTC)),
        (("2099-09-10", "14:00"), datetime(2099, 9, 10, 14, tzinfo=UTC)),
        (("2099-09-10T14:00+03:00",), datetime(2099, 9, 10, 11, tzinfo=UTC)),
    ],
)
def test_it_is_set(shell: Shell, words: tuple[str, ...], wanted: datetime) -> None:
    assert shell.call("clock", "set", *words)[0] == 0
    assert near(now(shell), wanted)


@pytest.mark.parametrize(
    "words",
    [
        ("set", "soon"),
        ("advance", "a", "while"),
        ("advance", "3"),
        ("advance", "3 days and a bit"),
        ("advance",),
    ],
)
def test_what_is_no_time_is_wrong_use(shell: Shell, words: tuple[str, ...]) -> None:
    code, said = shell.call("clock", *words)

    assert code == 2
    assert "Traceback" not in said


def test_it_goes_back_but_not_before_what_happened(shell: Shell) -> None:
    shell.call("clock", "advance", "30 days")
    append(shell)

    assert shell.call("clock", "set", datetime.now(UTC).date().isoformat())[0] == 1
    assert near(now(shell), datetime.now(UTC) + timedelta(days=30))


def test_it_goes_back_where_nothing_happened(shell: Shell) -> None:
    shell.call("clock", "advance", "30 days")

    assert shell.call("clock", "set", "2026-01-01")[0] == 0


def test_it_moves_on_exactly_and_says_so(shell: Shell) -> None:
    shell.call("clock", "advance", "1 day", "90 minutes")
    code, found = shell.read("clock", "advance", "2 days")

    assert code == 0
    assert found["offset_seconds"] == timedelta(days=3, minutes=90).total_seconds()
    assert "ahead of the machine by 3 d 1 h 30 min." in shell.call("clock", "show")[1]


def test_its_answer_is_one_line_and_its_logs_lie_beside_the_others(shell: Shell) -> None:
    with shell.runtime.tools.begin(SYSTEM, shell.tenant_id) as work:
        work.emit("no_such_topic", {}, run_at=work.now + timedelta(hours=1))
    shell.behind("UPDATE outbox SET attempts = 29")  # the last try of thirty

    code, said = shell.call("clock", "advance", "1 day")

    file = shell.runtime.settings.data.logs / "clock.log"
    assert code == 0
    assert [line.split(" ", 1)[0] for line in said.splitlines()] == ["In", "Something"]
    assert str(file) in said
    assert '"level": "error"' in file.read_text()


@pytest.mark.parametrize(
    "words",
    [
        ("advance", "999999999999 days"),
        ("advance", "101 years"),
        ("set", "0001-01-01T00:00+10:00"),
        ("set", "99999-01-01"),
    ],
)
def test_what_no_clock_can_show_is_wrong_use(shell: Shell, words: tuple[str, ...]) -> None:
    code, said = shell.call("clock", *words)

    assert code == 2
    assert "Traceback" not in said


def test_what_becomes_due_happens_on_the_way(shell: Shell) -> None:
    with shell.runtime.tools.begin(SYSTEM, shell.tenant_id) as work:
        for days in (1, 2, 9):
            work.emit("no_such_topic", {}, run_at=work.now + timedelta(days=days))

    assert shell.call("clock", "advance", "3 days")[0] == 0

    tried = shell.behind("SELECT attempts FROM outbox ORDER BY run_at")
    assert tried == [(1,), (1,), (0,)]


def test_a_real_installations_clock_is_left_alone(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MENTOR_SCHOOL_SANDBOX", "no")
    keys = shell.runtime.settings.data
    monkeypatch.setenv("MENTOR_SCHOOL_SECRET_KEY", keys.secret("secret_key") or "")
    monkeypatch.setenv("MENTOR_SCHOOL_PEPPER", keys.secret("pepper") or "")
    monkeypatch.setenv("MENTOR_SCHOOL_MAIL_HOST", "mail.example.org")
    monkeypatch.setenv("MENTOR_SCHOOL_MAIL_FROM", "school@example.org")

    assert shell.call("clock", "advance", "1 day")[0] == 1


def append(shell: Shell, times: int = 1) -> UUID:
    """Events with a sealed part each; the person they are about."""
    with shell.runtime.tools.begin(SYSTEM, shell.tenant_id) as work:
        person = new_person(work, kind="guardian", locale="ru", name="Смирнова Ольга").id
    for _ in range(times):
        with shell.runtime.tools.begin(SYSTEM, shell.tenant_id) as work:
            evidence.append(
                work,
                type="child_said_no",
                subject_id=person,
                body={"request": new_id()},
                payloads=(Payload(person, {"name": "Смирнова Ольга"}),),
            )
    return person


def erase(shell: Shell, person: UUID) -> None:
    with shell.runtime.tools.begin(SYSTEM, shell.tenant_id) as work:
        work.session.delete(people.keys(work.session, people.EvidenceKey, [person])[person])


def test_an_untouched_chain_is_intact(shell: Shell) -> None:
    append(shell, 3)

    code, (found,) = shell.read("consent", "verify")

    assert code == 0
    assert (found["why"], found["events"], found["erased"]) == ("intact", 3, 0)


def test_nothing_written_yet_is_intact(shell: Shell) -> None:
    assert shell.call("consent", "verify")[0] == 0


def test_an_erased_person_is_counted_and_no_damage(shell: Shell) -> None:
    person = append(shell, 2)
    erase(shell, person)

    code, (found,) = shell.read("consent", "verify")

    assert (code, found["erased"]) == (0, 2)


@pytest.mark.parametrize(
    ("tampering", "exit_code", "first_bad"),
    [
        ("UPDATE evidence SET body = body || 'x' WHERE seq = 2", 1, 2),
        ("UPDATE evidence SET body = body || 'x', hash = sha256(body || 'x') WHERE seq = 2", 1, 2),
        ("DELETE FROM evidence WHERE seq = 2", 1, 3),
        ("UPDATE evidence_payload SET sealed = sealed || 'x' WHERE seq = 2", 1, 2),
        ("DELETE FROM evidence WHERE seq = 3", 2, 3),  # the head's own row remembers it
        ("DELETE FROM evidence_payload WHERE seq = 2", 3, 2),
    ],
)
def test_what_was_done_to_the_rows_is_found(
    shell: Shell, tampering: str, exit_code: int, first_bad: int
) -> None:
    append(shell, 3)
    shell.behind(tampering)

    code, (found,) = shell.read("consent", "verify")

    assert (code, found["first_bad"]) == (exit_code, first_bad)


CUT = (
    "DELETE FROM evidence WHERE seq = 3;"
    " UPDATE evidence_head SET seq = 2, hash = (SELECT hash FROM evidence WHERE seq = 2)"
)


def test_a_tail_cut_with_care_is_found_by_an_anchor_alone(shell: Shell, tmp_path: Path) -> None:
    append(shell, 3)
    anchor = tmp_path / "anchor"
    anchor.write_text(shell.call("consent", "anchor")[1])
    assert shell.call("consent", "verify", "--anchor", str(anchor))[0] == 0
    for statement in CUT.split(";"):
        shell.behind(statement)

    assert shell.call("consent", "verify")[0] == 0
    assert shell.call("consent", "verify", "--anchor", str(anchor))[0] == 2


def test_an_anchor_of_a_vanished_partner_is_missed(shell: Shell, tmp_path: Path) -> None:
    anchor = tmp_path / "anchor"
    anchor.write_text(f"{new_id()} 3 {'00' * 32}\n")

    assert shell.call("consent", "verify", "--anchor", str(anchor))[0] == 2


def test_what_cannot_be_looked_at_is_neither_intact_nor_broken(
    shell: Shell, tmp_path: Path
) -> None:
    scribble = tmp_path / "anchor"
    scribble.write_text("this is no anchor at all\n")

    assert shell.call("consent", "verify", "--partner", "nobody")[0] == 64
    assert shell.call("consent", "verify", "--anchor", str(scribble))[0] == 64


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--anchor", "{folder}/nowhere"), "cannot be read"),
        (("--anchor", "{folder}"), "cannot be read"),
        (("--anchor", "{folder}/bytes"), "line 1"),
        (("--anchor", "{folder}/empty"), "no anchor"),
        (("--anchor", "{folder}/zero"), "line 2"),
        (("--anchor", "{folder}/short"), "line 1"),
        (("--anchor",), "--anchor"),
        (("--partner", ""), "no partner"),
        (("--archive",), "--archive"),
        (("everything",), "everything"),
    ],
)
def test_bad_input_never_reads_as_a_finding_about_the_chain(
    shell: Shell, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "empty").write_text("# nothing kept yet\n\n")
    (tmp_path / "zero").write_text(f"# kept\n{shell.tenant_id} 0 {'00' * 32}\n")
    (tmp_path / "short").write_text(f"{shell.tenant_id} 3 abcd\n")

    typed = [word.format(folder=tmp_path) for word in words]
    code, told = shell.call("consent", "verify", *typed)

    assert code == 64
    assert said in told
    assert "Traceback" not in told


def test_a_database_that_is_away_is_no_broken_chain(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")

    code, told = shell.call("consent", "verify")

    assert code == 64
    assert "Traceback" not in told


def test_settings_that_are_wrong_are_no_broken_chain(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MENTOR_SCHOOL_PORT", "many")

    assert shell.call("consent", "verify")[0] == 64


@pytest.mark.parametrize(
    ("tampering", "why", "first_bad"),
    [
        (
            "UPDATE evidence_head SET seq = 2, hash = (SELECT hash FROM evidence WHERE seq = 2)",
            "beyond_head",
            3,
        ),
        ("DELETE FROM evidence_head", "head_missing", 1),
        ("UPDATE evidence SET body = body || 'x' WHERE seq = 3", "hash_differs", 3),
    ],
)
def test_rows_that_no_head_vouches_for_are_found_without_an_anchor(
    shell: Shell, tampering: str, why: str, first_bad: int
) -> None:
    append(shell, 3)
    shell.behind(tampering)

    code, (found,) = shell.read("consent", "verify")

    assert (code, found["why"], found["first_bad"]) == (1, why, first_bad)


def test_a_change_before_a_lowered_head_is_what_is_told(shell: Shell) -> None:
    append(shell, 3)
    shell.behind("UPDATE evidence SET body = body || 'x' WHERE seq = 1")
    shell.behind("UPDATE evidence_head SET seq = 2")

    code, (found,) = shell.read("consent", "verify")

    assert (code, found["why"], found["first_bad"]) == (1, "hash_differs", 1)


def test_an_anchor_does_not_stand_in_for_the_head(shell: Shell, tmp_path: Path) -> None:
    append(shell, 3)
    anchor = tmp_path / "anchor"
    anchor.write_text(shell.call("consent", "anchor")[1])
    shell.behind("UPDATE evidence_head SET hash = sha256('x')")

    assert shell.call("consent", "verify", "--anchor", str(anchor))[0] == 2


def test_one_partner_alone_may_be_verified(shell: Shell) -> None:
    append(shell)

    code, found = shell.read("consent", "verify", "--partner", "vektor")

    assert code == 0
    assert [one["partner"] for one in found] == ["vektor"]


def test_what_is_exported_verifies_without_the_server(shell: Shell) -> None:
    gone = append(shell, 2)
    append(shell, 1)
    erase(shell, gone)

    rows = shell.call("consent", "export", "--partner", "vektor")[1].splitlines()
    marks = shell.call("consent", "export", "--partner", "vektor", "--payloads")[1].splitlines()
    anchor = shell.call("consent", "anchor")[1]

    payloads = read_payloads(marks)
    report = offline(read_rows(rows), payloads.get, read_anchors(anchor))
    assert (report.exit_code, report.events, report.erased, report.anchors) == (0, 3, 2, 1)
    assert "Смирнова" not in "".join(rows + marks)
    shorter = offline(read_rows(rows[:-1]), payloads.get, read_anchors(anchor))
    assert shorter.exit_code == 2


def test_nothing_is_exported_of_a_partner_that_is_not_here(shell: Shell) -> None:
    assert shell.call("consent", "export", "--partner", "nobody")[0] == 64
    assert shell.call("consent", "export")[0] == 64
