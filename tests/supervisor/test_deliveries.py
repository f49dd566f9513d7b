"""Nothing that was accepted is lost, whatever is down meanwhile: a real `up`, real mail."""

from __future__ import annotations

import json
import os
import signal
import socket
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from email import message_from_bytes
from typing import Any, cast

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from server import runtime as root
from server.access.actors import SYSTEM
from server.data_folder import DataFolder
from server.runtime import Runtime
from server.services.accounts.tokens import issue_token
from server.settings import load
from tests.factories import School, a_colleague, a_school
from tests.supervisor.conftest import Up


class Postman:
    """A mail server that is there only while it is told to be; keeps who got which letter."""

    def __init__(self) -> None:
        # Bound and not listening: nobody else gets the port, and whoever calls is refused.
        self._place = socket.socket()
        self._place.bind(("127.0.0.1", 0))
        self.port = self._place.getsockname()[1]
        self.taken: list[tuple[str, str]] = []
        self._controller: Controller | None = None

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        letter = message_from_bytes(cast(bytes, envelope.content))
        self.taken.append((envelope.rcpt_tos[0], str(letter["Message-ID"])))
        return "250 OK"

    def come(self) -> None:
        self._place.close()
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self._controller.start()

    def go(self) -> None:
        self._place.close()
        if self._controller is not None:
            self._controller.stop()


@pytest.fixture
def postman() -> Iterator[Postman]:
    made = Postman()
    yield made
    made.go()


@pytest.fixture
def up(install: Callable[[], DataFolder], start: Callable[..., Up], postman: Postman) -> Up:
    """An installation whose mail goes to the postman."""
    begun = start(
        install(),
        MENTOR_SCHOOL_MAIL_HOST="127.0.0.1",
        MENTOR_SCHOOL_MAIL_PORT=str(postman.port),
        MENTOR_SCHOOL_MAIL_SECURITY="none",
        MENTOR_SCHOOL_MAIL_FROM="School <school@example.org>",
    )
    begun.wait_until_running()
    return begun


@pytest.fixture
def inside(up: Up) -> Iterator[Runtime]:
    """What a process of this installation is built of."""
    environ = {"MENTOR_SCHOOL_DATA": str(up.data.path), "MENTOR_SCHOOL_SANDBOX": "yes"}
    built = root.build(load(environ))
    yield built
    built.close()


class Program:
    """A program of the school's that invites families by the API."""

    def __init__(self, up: Up, inside: Runtime) -> None:
        self.school: School = a_school(inside.tools)
        coordinator = a_colleague(self.school)
        admin = a_colleague(self.school, role="partner_admin")
        self._address = f"http://localhost:{up.port}/api/v1/schools/{self.school.id}/invitations"
        self._token = self.school.do(
            admin.actor,
            issue_token,
            name="robot",
            scopes=["cases:write"],
            person_id=coordinator.person_id,
            school_id=self.school.id,
        )

    def invite(self, contact: str) -> int:
        """The status of the answer."""
        request = urllib.request.Request(
            self._address,
            data=json.dumps({"contact": contact}).encode(),
            headers={"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            return int(answer.status)

    def failures(self, inside: Runtime) -> set[str | None]:
        """Why letters that still wait were not taken."""

        def ask(work: Any) -> set[str | None]:
            query = "SELECT failure FROM outbox WHERE done_at IS NULL AND topic = 'letter'"
            return {row[0] for row in work.session.connection().exec_driver_sql(query)}

        with inside.tools.begin(SYSTEM, self.school.tenant_id) as work:
            return ask(work)


def test_letters_wait_for_a_mail_server_that_is_down_and_arrive_once(
    up: Up, inside: Runtime, postman: Postman
) -> None:
    program = Program(up, inside)
    families = {f"mum{number}@example.org" for number in range(4)}
    assert {program.invite(one) for one in families} == {201}
    up.wait_until(lambda: program.failures(inside) == {"no_answer"})

    postman.come()

    up.wait_until(lambda: {to for to, _ in postman.taken} >= families)
    up.wait_until(lambda: program.failures(inside) == set())
    assert len(postman.taken) == len(set(postman.taken)) == len(families)


def test_what_is_written_while_redis_and_the_worker_are_killed_arrives_once(
    up: Up, inside: Runtime, postman: Postman
) -> None:
    postman.come()
    program = Program(up, inside)
    families = [f"dad{number}@example.org" for number in range(30)]
    for number, family in enumerate(families):
        if number in (5, 15):
            _kill(up, " worker")
        if number in (10, 20):
            _kill(up, "redis-server|valkey-server")
        assert program.invite(family) == 201

    up.wait_until(lambda: {to for to, _ in postman.taken} >= set(families))
    up.wait_until(lambda: program.failures(inside) == set())
    # A worker killed between the server's word and our note repeats it, with the same number.
    assert len(set(postman.taken)) == len(families)


def _kill(up: Up, part: str) -> None:
    for pid in up.find(part):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
