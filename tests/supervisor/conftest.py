"""A real `mentor-school up` as a child of the test."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from server.data_folder import DataFolder
from server.kernel import places

PATIENCE = 90.0


class Up:
    """One `up` on one data folder."""

    def __init__(self, data: DataFolder, *arguments: str, **environ: str) -> None:
        self.data = data
        self.port = free_port()
        self._output = data.path.with_name(f"output-{self.port}")
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-P", "-m", "server.cli", "--lang", "en", "up"),
                *("--data", str(data.path), "--port", str(self.port), *arguments),
            ],
            env={**_clean(), "PYTHONPATH": str(places.code()), **environ},
            stdout=self._output.open("wb"),
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
        )

    @property
    def said(self) -> str:
        """Everything printed so far."""
        return self._output.read_text()

    def wait_for(self, text: str, times: int = 1) -> None:
        """Until it said so; it must not end meanwhile."""
        self.wait_until(lambda: self.said.count(text) >= times)

    def wait_until(self, claim: Callable[[], bool]) -> None:
        """Until the claim holds; it must not end meanwhile."""
        deadline = time.monotonic() + PATIENCE
        while not claim():
            assert self._process.poll() is None, self.said
            assert time.monotonic() < deadline, self.said
            time.sleep(0.05)

    def wait_until_running(self) -> None:
        self.wait_for("Stop with Ctrl-C")

    def ended(self) -> int:
        """The exit code, once it has ended."""
        return self._process.wait(timeout=PATIENCE)

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def answers(self) -> bool:
        """Whether /readyz is 200."""
        request = f"GET /readyz HTTP/1.0\r\nHost: localhost:{self.port}\r\n\r\n".encode()
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=10) as line:
                line.sendall(request)
                return b" 200 " in line.recv(64)
        except OSError:
            return False

    def processes(self) -> dict[int, str]:
        """Every living process of this data folder, by number."""
        mark = os.fsencode(self.data.path)
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ")
                about = command + (folder / "environ").read_bytes()
            except OSError:
                continue
            # A zombie has no command any more.
            if command and mark in about:
                found[int(folder.name)] = command.decode()
        return found

    def find(self, part: str) -> list[int]:
        """The processes whose command holds these words, the eldest first."""
        found = self.processes().items()
        return sorted(pid for pid, command in found if re.search(part, command))

    def is_gone(self) -> bool:
        """Whether nothing is left of it, in a moment or at once."""
        deadline = time.monotonic() + PATIENCE
        while self.processes() and time.monotonic() < deadline:
            time.sleep(0.05)
        return not self.processes()


@pytest.fixture
def start() -> Iterator[Callable[..., Up]]:
    """Starts `up`; whatever still runs when the test ends is ended."""
    running: list[Up] = []

    def begin(data: DataFolder, *arguments: str, **environ: str) -> Up:
        running.append(Up(data, *arguments, **environ))
        return running[-1]

    yield begin
    for up in running:
        up.send(signal.SIGTERM)
        up.ended()


def free_port() -> int:
    """A port outside the range from which the machine takes its own."""
    for port in range(20000 + os.getpid() % 5000, 32000):
        with socket.socket() as line:
            try:
                line.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no port is free")


def _clean() -> dict[str, str]:
    """The environment without settings of the developer's own."""
    ours = ("MENTOR_SCHOOL_", "DATABASE_", "REDIS_")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}
