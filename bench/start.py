"""What a start costs and what the processes hold: commands, a warm `up`, memory by smaps_rollup.

Commands are timed beside a Python that does nothing. `up --sandbox` runs on a data folder of its
own that was filled by a start before; it is timed until /readyz answers 200, migrations checked. A
further web worker is what three of them hold together beyond what one does, halved, after all of
them have answered pages; PSS counts shared memory once.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median

from bench.ground import Ground
from bench.results import Result
from bench.rounds import interleaved, timed
from server.kernel import places

PATIENCE = 120.0
PAGES = ("/sign-in", "/", "/livez", "/api/v1/openapi.json")
ASKED = 40  # requests for each page: enough for every worker to answer some of each
FURTHER = 2
SETTLED = 4.0  # seconds until worker and scheduler have read their code, too
# How a child of `up` is told by its command line.
CHILDREN = {
    "web": ("server.cli", "serve"),
    "worker": ("server.cli", "worker"),
    "scheduler": ("server.cli", "scheduler"),
    "PostgreSQL": ("postgres",),
    "Redis": ("redis-server",),
}


def measure(ground: Ground, *, rounds: int) -> list[Result]:
    """Commands, the start of everything, memory."""
    return [*_commands(rounds), *_everything(rounds), *_workers(ground)]


def _commands(rounds: int) -> list[Result]:
    wanted = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "mentor-school --version": [*_PROGRAM, "--version"],
        "defs check": [*_PROGRAM, "defs", "check", str(places.workflow_defs())],
    }
    found = interleaved(
        {name: timed(partial(_run, argv)) for name, argv in wanted.items()},
        rounds=rounds,
        each=1,
    )
    bare = "python -c pass"
    return [
        Result(
            "start", name, found.value(name) * 1e3, "ms", found.count,
            baseline=bare, ratio=found.ratio(name, bare),
        )
        for name in wanted
        if name != bare
    ]  # fmt: skip


def _everything(rounds: int) -> list[Result]:
    with tempfile.TemporaryDirectory(prefix="mentor-school-bench-") as folder:
        environ = {"MENTOR_SCHOOL_DATA": str(Path(folder) / "data")}
        with _up(environ) as first:
            cold = first.seconds
        warm: list[float] = []
        worked: list[float] = []
        for _ in range(rounds):
            with _up(environ) as started:
                warm.append(started.seconds)
                worked.append(sum(map(_cpu_seconds, _tree(started.pid))))
        with _up(environ) as started:
            time.sleep(SETTLED)
            held = _held_by_children(started.pid)
    return [
        Result("start", "up --sandbox, first time", cold, "s", 1),
        Result("start", "up --sandbox, warm, to /readyz", median(warm), "s", rounds, goal=3.0),
        Result("start", "the same, work of all cores", median(worked), "s CPU", rounds),
        *(Result("memory", name, size, "MiB PSS", 1) for name, size in held.items()),
    ]


def _workers(ground: Ground) -> list[Result]:
    """What a further web worker holds."""
    name = ground.database("start")
    settings = ground.settings(name)
    environ = {
        "DATABASE_URL": settings.database_url,
        "DATABASE_OWNER_URL": "",
        "REDIS_URL": "none",
        "MENTOR_SCHOOL_DATA": str(settings.data.path),
        "MENTOR_SCHOOL_SANDBOX": "yes",
    }
    sizes = []
    for workers in (1, 1 + FURTHER):
        more = {**environ, "MENTOR_SCHOOL_WEB_WORKERS": str(workers)}
        with _started(["serve"], more) as started:
            for _ in range(ASKED * workers):
                for path in PAGES:
                    _ask(started.port, path)
            sizes.append(sum(_pss(pid) for pid in _tree(started.pid)))
    further = (sizes[1] - sizes[0]) / FURTHER
    return [Result("memory", "a further web worker", further, "MiB PSS", 1, goal=30.0)]


class _Started:
    """A process that answers pages."""

    def __init__(self, pid: int, port: int, seconds: float) -> None:
        self.pid = pid
        self.port = port
        self.seconds = seconds


@contextmanager
def _up(environ: Mapping[str, str]) -> Iterator[_Started]:
    with _started(["up", "--sandbox"], environ) as started:
        yield started


@contextmanager
def _started(command: Sequence[str], environ: Mapping[str, str]) -> Iterator[_Started]:
    """A command that runs until it is asked to end, once its pages are ready.

    :raises RuntimeError: it ended, or its pages do not become ready.
    """
    port = _free_port()
    begun = time.perf_counter()
    with subprocess.Popen(
        [*_PROGRAM, *command],
        env={**_clean(), **environ, "MENTOR_SCHOOL_PORT": str(port)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        try:
            while not _ask(port, "/readyz"):
                if process.poll() is not None or time.perf_counter() - begun > PATIENCE:
                    raise RuntimeError(f"{' '.join(command)}: no page is ready")
                time.sleep(0.01)
            yield _Started(process.pid, port, time.perf_counter() - begun)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(PATIENCE)


def _held_by_children(pid: int) -> dict[str, float]:
    """The memory of each part of `up`, with all processes of it."""
    lines = {child: _command_line(child) for child in _tree(pid)}
    found: dict[str, float] = {}
    for name, marks in CHILDREN.items():
        mine = [child for child, line in lines.items() if all(mark in line for mark in marks)]
        if mine:
            found[name] = sum(map(_pss, mine))
    return found


def _tree(pid: int) -> list[int]:
    """A process and all that came from it."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            parents.setdefault(_parent(int(entry.name)), []).append(int(entry.name))
    found = [pid]
    for one in found:
        found += parents.get(one, [])
    return found


def _parent(pid: int) -> int:
    try:
        # The name, in brackets, may hold anything.
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def _cpu_seconds(pid: int) -> float:
    """What a process and its ended children have worked so far."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def _command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def _pss(pid: int) -> float:
    """MiB of a process, its part of what is shared included; nothing where we may not look."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def _ask(port: int, path: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://localhost:{port}{path}", timeout=10) as answer:
            return bool(answer.read()) and answer.status == 200
    except (urllib.error.URLError, OSError):
        return False


def _run(argv: Sequence[str]) -> None:
    subprocess.run(argv, env=_clean(), stdout=subprocess.DEVNULL, check=True)


def _clean() -> dict[str, str]:
    """Our environment without what tells the product where it runs: never the user's data."""
    told = ("MENTOR_SCHOOL_", "DATABASE_", "REDIS_")
    return {name: value for name, value in os.environ.items() if not name.startswith(told)}


def _free_port() -> int:
    with socket.socket() as line:
        line.bind(("localhost", 0))
        return int(line.getsockname()[1])


_PROGRAM = (sys.executable, "-m", "server.cli")
