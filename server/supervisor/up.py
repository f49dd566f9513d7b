"""Everything of one installation: opened in order, kept running, closed in the other order."""

from __future__ import annotations

import os
import signal
import sys
import time

from server.kernel import lifeline, places
from server.kernel.addresses import without_password
from server.settings import Settings
from server.store import migrations
from server.supervisor import binaries, lock, port, redis
from server.supervisor.errors import StartRefused
from server.supervisor.postgres import EmbeddedPostgres, prepare_external, unreachable
from server.supervisor.processes import (
    Child,
    Program,
    StopRequested,
    Wakeups,
    reap_adopted,
    stop,
    sweep,
)
from server.words.speech import N_, Say

# Reading all code for the first time on a slow disk, beside a database that is being made.
PATIENCE_WITH_PAGES = 120.0
HOPELESS_AFTER = 10
DAMAGED_AFTER = 3


def run(settings: Settings, *, language: str, load_demo: bool, say: Say) -> None:
    """Run everything until somebody asks for the end; then nothing is left running.

    :raises StartRefused: something is in the way of a start, or a database cannot be kept up.
    """
    lifeline.adopt_orphans()
    with lock.hold(settings.data) as after_crash, Wakeups() as wakeups:
        installation = Installation(settings, language=language, wakeups=wakeups, say=say)
        try:
            patience = port.PATIENCE_AFTER_CRASH if after_crash else 0.0
            port.refuse_taken(settings, wakeups, patience=patience)
            installation.open(load_demo=load_demo)
            settings.data.running.write_text(installation.told())
            # Read only now: the catalogues would have kept the pages waiting.
            from server.supervisor import welcome

            welcome.say_all(settings, language=language, say=say)
            installation.keep()
        except StopRequested:
            say(N_("Stopping."))
        finally:
            installation.close()
            settings.data.running.unlink(missing_ok=True)


class Installation:
    """The processes of one data folder."""

    def __init__(self, settings: Settings, *, language: str, wakeups: Wakeups, say: Say) -> None:
        self._settings = settings
        self._language = language
        self._wakeups = wakeups
        self._say = say
        self._database = self._embedded_database()
        self._redis = self._embedded_redis()
        elsewhere = None if settings.redis_is_embedded else settings.redis_url
        self._redis_url = redis.url(settings.data) if self._redis else elsewhere
        self._web = self._ours("web", "serve", orphaned=signal.SIGINT)
        self._worker = self._ours("worker", "worker")
        self._scheduler = self._ours("scheduler", "scheduler")

    def open(self, *, load_demo: bool) -> None:
        """Start all, so that the pages read their code while the database starts.

        :raises StartRefused: one of them does not start.
        :raises StopRequested: somebody changed his mind.
        """
        if self._redis_url is None:
            self._say(
                N_("There is no Redis: the scheduler does the jobs itself, one after another.")
            )
        started, go = os.pipe()
        try:
            self._begin(started)
            self._open_database()
            changed = self._migrate()
            # The demo is written last and whole: where its file is, it is there.
            if load_demo and (changed or not self._settings.data.demo.exists()):
                self._say(N_("Filling the demo with invented people and schools."))
                self._run_once("demo", "load-demo")
            self._wait_for_redis()
            os.write(go, b"1")
        finally:
            os.close(started)
            os.close(go)
        self._wait_for_pages()
        if self._redis_url is not None:
            self._tell_of_missing_redis(self._redis_url)
            self._worker.start()
        self._scheduler.start()

    def keep(self) -> None:
        """Start again whatever ends, a little later each time.

        A database that was killed recovers by itself when started again: nobody else can hold its
        data, the lock on the data folder says so.

        :raises StartRefused: a server ends again and again.
        :raises StopRequested: the only other way out.
        """
        while True:
            self._wakeups.pause(self._seconds_to_next_start())
            reap_adopted(self._children())
            for child in self._children():
                due = child.due_in()
                if due is None and child.exit_code is not None:
                    self._note_end(child)
                elif due == 0:
                    self._start_again(child)

    def told(self) -> str:
        """What was decided for this run, as lines of a settings file."""
        names = (
            "REDIS_URL",
            "MENTOR_SCHOOL_PORT",
            "MENTOR_SCHOOL_BASE_URL",
            "MENTOR_SCHOOL_SANDBOX",
        )
        environ = self._web.program.environ
        return "".join(f"{name}={environ[name]}\n" for name in names)

    def close(self) -> None:
        """Stop all: first those who use the databases, then the databases."""
        stop([self._web, self._worker, self._scheduler], self._wakeups)
        stop([self._redis] if self._redis else [], self._wakeups)
        stop([self._database.child] if self._database else [], self._wakeups)
        sweep(self._wakeups)
        self._settings.data.redis_socket.unlink(missing_ok=True)

    def _begin(self, started: int) -> None:
        # Only this first time it waits for our word; restarted later, it need not.
        self._web.start("--start-fd", str(started), pass_fds=(started,))
        if self._redis:
            self._redis.start()
        if self._database:
            self._database.start()

    def _open_database(self) -> None:
        owner = self._settings.database_owner_url
        if self._database:
            self._database.wait()
            self._database.prepare()
        elif owner:
            prepare_external(owner, self._settings.database_url)

    def _migrate(self) -> bool:
        """Bring the schema up to date; True when it had to be changed."""
        import psycopg

        owner = self._settings.database_owner_url
        try:
            url = owner or self._settings.database_url
            shipped = f"shipped:{places.definitions_mark()}"
            if migrations.current(url) == migrations.head() and migrations.holds(url, shipped):
                return False
        except psycopg.OperationalError as error:
            name = "DATABASE_OWNER_URL" if owner else "DATABASE_URL"
            raise unreachable(error, name) from error
        if owner is None:
            raise StartRefused(reason="owner_missing")
        self._say(N_("Preparing the tables."))
        self._run_once("migrate", "migrate", owner_url=owner)
        return True

    def _run_once(self, name: str, command: str, *, owner_url: str = "") -> None:
        child = self._ours(name, command, owner_url=owner_url)
        try:
            child.start()
            while child.exit_code is None:
                self._wakeups.pause(1.0)
        finally:
            stop([child], self._wakeups)
        if child.exit_code != 0:
            raise self._failed(child)

    def _wait_for_redis(self) -> None:
        begun = time.monotonic()
        while self._redis and not redis.answers(self._settings.data):
            self._wakeups.pause(0.01)
            if self._redis.exit_code is not None:
                if time.monotonic() - begun > port.PATIENCE_AFTER_CRASH:
                    raise self._failed(self._redis)
                self._redis.plan_restart()
                self._wakeups.pause(0.2)
                self._start_again(self._redis)

    def _tell_of_missing_redis(self, url: str) -> None:
        if self._redis or redis.is_there(url):
            return
        self._say(
            N_(
                "Redis does not answer at %(address)s, which REDIS_URL names. Until it does, "
                "the scheduler does the jobs itself, one after another."
            ),
            address=without_password(url),
        )

    def _wait_for_pages(self) -> None:
        begun = time.monotonic()
        while not port.is_ready(self._settings):
            self._wakeups.pause(0.02)
            if self._web.exit_code is not None:
                raise self._failed(self._web)
            if time.monotonic() - begun > PATIENCE_WITH_PAGES:
                raise StartRefused(
                    reason="not_ready",
                    seconds=int(PATIENCE_WITH_PAGES),
                    log=str(self._web.program.log),
                )

    def _note_end(self, child: Child) -> None:
        code = child.exit_code
        wait = child.plan_restart()
        servers = (self._redis, self._database.child if self._database else None)
        if child in servers and child.failures >= HOPELESS_AFTER:
            raise self._failed(child, reason="child_hopeless", times=child.failures)
        self._say(
            N_(
                "%(child)s ended unexpectedly (code %(code)s) and starts again "
                "in %(seconds)s s. Log: %(log)s"
            ),
            child=child.name,
            code=code,
            seconds=wait,
            log=child.program.log,
        )

    def _start_again(self, child: Child) -> None:
        if self._database and child is self._database.child:
            self._database.clear_leftovers()
        if child is self._redis and child.failures == DAMAGED_AFTER:
            aside = redis.set_aside(self._settings.data)
            self._say(
                N_("Redis could not read its file, which now lies in %(path)s. No job is lost."),
                path=aside,
            )
        child.start()

    def _seconds_to_next_start(self) -> float:
        due = [child.due_in() for child in self._children()]
        return min((seconds for seconds in due if seconds is not None), default=3600.0)

    def _children(self) -> list[Child]:
        every = [
            self._database.child if self._database else None,
            self._redis,
            self._web,
            self._worker,
            self._scheduler,
        ]
        return [child for child in every if child is not None and child.started]

    def _failed(self, child: Child, reason: str = "child_failed", **facts: object) -> StartRefused:
        return StartRefused(
            reason=reason,
            child=child.name,
            log=str(child.program.log),
            tail=child.last_words(),
            **facts,
        )

    def _embedded_database(self) -> EmbeddedPostgres | None:
        if not self._settings.database_is_embedded:
            return None
        programs = binaries.postgres()
        if programs is None:
            raise StartRefused(reason="no_postgres")
        return EmbeddedPostgres(self._settings.data, programs, wakeups=self._wakeups, say=self._say)

    def _embedded_redis(self) -> Child | None:
        if not self._settings.redis_is_embedded:
            return None
        server = binaries.redis()
        return redis.child(self._settings.data, server) if server else None

    def _ours(
        self,
        name: str,
        command: str,
        *,
        orphaned: signal.Signals = signal.SIGTERM,
        owner_url: str = "",
    ) -> Child:
        settings = self._settings
        environ = {
            **os.environ,
            "DATABASE_URL": settings.database_url,
            # Empty, so that not even a settings file hands it to a process that must not have it.
            "DATABASE_OWNER_URL": owner_url,
            "REDIS_URL": self._redis_url or "none",
            "MENTOR_SCHOOL_DATA": str(settings.data.path),
            "MENTOR_SCHOOL_PORT": str(settings.port),
            "MENTOR_SCHOOL_BASE_URL": settings.base_url,
            "MENTOR_SCHOOL_SANDBOX": "yes" if settings.sandbox else "no",
            "PYTHONPATH": str(places.code()),
            "PYTHONUNBUFFERED": "1",
        }
        argv = (sys.executable, "-P", "-m", "server.cli", "--lang", self._language, command)
        log = settings.data.logs / f"{name}.log"
        return Child(Program(name=name, argv=argv, environ=environ, log=log, orphaned=orphaned))
