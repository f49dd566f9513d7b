"""What starts ends, whatever happens: `mentor-school up` for real."""

from __future__ import annotations

import json
import os
import signal
import socket

import pytest

from server.data_folder import DataFolder
from server.supervisor import lock
from server.supervisor.errors import StartRefused
from server.supervisor.processes import delay


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_asked_to_end_it_leaves_no_process(install, start, number):
    up = start(install(), "--sandbox")
    up.wait_until_running()
    assert up.answers()

    up.send(number)

    assert up.ended() == 0
    assert up.processes() == {}
    assert not (up.data.cluster / "postmaster.pid").exists()


def test_asked_to_end_while_it_starts_it_leaves_no_process(install, start):
    up = start(install(), "--sandbox")
    up.wait_until(lambda: len(up.processes()) > 2)

    up.send(signal.SIGTERM)

    assert up.ended() == 0
    assert up.processes() == {}


def test_killed_it_leaves_no_process_and_the_next_start_recovers(install, start):
    up = start(install(), "--sandbox")
    up.wait_until_running()

    up.send(signal.SIGKILL)
    up.ended()
    again = start(up.data, "--sandbox")
    again.wait_until_running()

    assert again.answers()
    again.send(signal.SIGTERM)
    again.ended()
    assert up.is_gone()


def test_killed_together_with_its_database_the_next_start_recovers(install, start):
    up = start(install(), "--sandbox")
    up.wait_until_running()

    [postmaster] = up.find("postgres -D")
    up.send(signal.SIGKILL)
    os.kill(postmaster, signal.SIGKILL)
    up.ended()
    again = start(up.data, "--sandbox")
    again.wait_until_running()

    assert again.answers()


@pytest.mark.parametrize(
    "victim", ["postgres -D", "redis-server|valkey-server", " serve( |$)", " worker", " scheduler"]
)
def test_whatever_is_killed_starts_again(install, start, victim):
    up = start(install(), "--sandbox")
    up.wait_until_running()
    before = set(up.find(victim))
    killed = min(before)

    os.kill(killed, signal.SIGKILL)
    up.wait_for("ended unexpectedly")

    up.wait_until(lambda: set(up.find(victim)) - before)
    up.wait_until(up.answers)


def test_a_second_start_is_refused_in_one_line(install, start):
    up = start(install(), "--sandbox")
    up.wait_until_running()

    second = start(up.data, "--sandbox")

    assert second.ended() == 1
    assert second.said.count("\n") == 1
    assert str(up.data.path) in second.said
    assert up.answers()


def test_a_taken_port_is_refused_by_number(install, start):
    data = install()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        up = start(data, "--sandbox", "--port", str(port))

        assert up.ended() == 1

    assert str(port) in up.said


def test_without_a_channel_and_a_sandbox_the_start_is_refused(install, start):
    up = start(install())

    assert up.ended() == 1
    assert "MENTOR_SCHOOL_MAIL_HOST" in up.said
    assert "MENTOR_SCHOOL_SMS_URL" in up.said
    assert "--sandbox" in up.said


def test_without_redis_it_says_so_and_runs(install, start):
    up = start(install(), "--sandbox", REDIS_URL="none")
    up.wait_until_running()

    assert "There is no Redis" in up.said
    assert not any(" worker" in command for command in up.processes().values())


def test_a_redis_that_does_not_answer_is_told_and_work_goes_on(tmp_path, start, app_url, owner_url):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    up = start(
        DataFolder(tmp_path / "data"),
        "--sandbox",
        DATABASE_URL=app_url,
        DATABASE_OWNER_URL=owner_url,
        REDIS_URL=f"redis://:top-secret@127.0.0.1:{port}/0",
    )
    up.wait_until_running()
    log = up.data.logs / "worker.log"
    up.wait_until(lambda: "redis_away" in log.read_text())

    assert f"Redis does not answer at redis://127.0.0.1:{port}/0" in up.said
    (line,) = [json.loads(one) for one in log.read_text().splitlines()]
    assert line["setting"] == "REDIS_URL"
    assert line["server"] == f"redis://127.0.0.1:{port}/0"
    assert "top-secret" not in up.said + log.read_text()
    assert "ended unexpectedly" not in up.said
    up.wait_until((up.data.path / "scheduler.alive").exists)

    up.send(signal.SIGTERM)

    assert up.ended() == 0


def test_addresses_replace_the_embedded_servers(tmp_path, start, app_url, owner_url, redis_url):
    up = start(
        DataFolder(tmp_path / "data"),
        "--sandbox",
        DATABASE_URL=app_url,
        DATABASE_OWNER_URL=owner_url,
        REDIS_URL=redis_url,
    )
    up.wait_until_running()

    assert not up.data.postgres.exists()
    assert not up.data.redis.exists()
    assert not any("postgres -D" in command for command in up.processes().values())


def test_a_stale_process_number_harms_nobody(install, start):
    data = install()
    # The number of a process that lives and has nothing to do with PostgreSQL: this one.
    (data.cluster / "postmaster.pid").write_text(f"{os.getpid()}\n{data.cluster}\n")

    up = start(data, "--sandbox")
    up.wait_until_running()

    assert up.answers()


def test_a_half_made_cluster_is_made_again(tmp_path, start):
    data = DataFolder(tmp_path / "data")
    (data.postgres / "new" / "base").mkdir(parents=True)

    up = start(data, "--sandbox")
    up.wait_until_running()

    assert up.answers()
    assert [part.name for part in data.postgres.iterdir()] == ["cluster"]


def test_data_of_another_version_is_refused(install, start):
    data = install()
    (data.cluster / "PG_VERSION").write_text("15\n")

    up = start(data, "--sandbox")

    assert up.ended() == 1
    assert "PostgreSQL 15" in up.said
    assert up.processes() == {}


def test_a_folder_is_held_by_one(tmp_path):
    data = DataFolder(tmp_path)

    with lock.hold(data) as after_crash:
        assert not after_crash
        with pytest.raises(StartRefused) as refused, lock.hold(data):
            pass

    assert refused.value.facts["pid"] == str(os.getpid())
    with lock.hold(data) as after_crash:
        assert not after_crash


def test_a_folder_of_a_killed_one_is_known_as_such(tmp_path):
    data = DataFolder(tmp_path)
    data.lock.write_text("4711")

    with lock.hold(data) as after_crash:
        assert after_crash


def test_the_wait_before_a_restart_doubles_up_to_half_a_minute():
    waits = [delay(failures) for failures in range(1, 12)]

    assert waits[:4] == [0.5, 1.0, 2.0, 4.0]
    assert max(waits) == 30.0
