"""The embedded PostgreSQL: its cluster, its start, its roles."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, LiteralString
from urllib.parse import urlsplit

from server.data_folder import DataFolder
from server.settings import APP_ROLE, OWNER_ROLE, RELAY_ROLE
from server.supervisor import identity
from server.supervisor.errors import StartRefused
from server.supervisor.processes import Child, Program, Waiting
from server.words.speech import N_, Say

if TYPE_CHECKING:
    # Imported where it is used, while the servers start: nobody has to wait for it.
    import psycopg

SUPERUSER = "postgres"
DATABASE = "mentor_school"
MAJOR = "18"
OLDEST_VERSION = 16

# A killed postmaster's children need a moment to notice, and until then the next start is refused.
PATIENCE_WITH_LEFTOVERS = 60.0
SILENCE_BEFORE_RECOVERY = 3.0
RECOVERY_REPORT = 15.0

OPTIONS: Mapping[str, str] = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "port": "5432",
    "max_connections": "100",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    # Queues churn: at the default a tenth of the table may be dead before anyone cleans.
    "autovacuum_vacuum_scale_factor": "0.02",
    "autovacuum_vacuum_insert_scale_factor": "0.05",
    "autovacuum_analyze_scale_factor": "0.02",
    "autovacuum_naptime": "20s",
    "max_wal_size": "1GB",
    "jit": "off",
    # A transaction left open would hold back the cleaning of every queue.
    "idle_in_transaction_session_timeout": "60s",
    # The log must not repeat what a statement carried: no statements, no details of rows.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length_on_error": "0",
}

ROLES_SQL: LiteralString = """\
do $$ begin
  if not exists (select from pg_roles where rolname = 'school_owner') then
    create role school_owner login nosuperuser nocreatedb nocreaterole nobypassrls;
  end if;
  if not exists (select from pg_roles where rolname = 'school_app') then
    create role school_app login noinherit nosuperuser nocreatedb nocreaterole nobypassrls;
  end if;
  if not exists (select from pg_roles where rolname = 'school_relay') then
    create role school_relay nologin nosuperuser nocreatedb nocreaterole nobypassrls;
  end if;
end $$;
grant school_relay to school_app with inherit false, set true;
"""

DATABASE_SQL: LiteralString = """\
create database mentor_school owner school_owner template template0 encoding 'UTF8'
  locale_provider builtin builtin_locale 'PG_UNICODE_FAST' locale 'C';
"""

LOOK_SQL: LiteralString = """\
select current_setting('server_version_num'), current_user,
  rolsuper or rolbypassrls or exists (
    select from pg_class where relnamespace = 'public'::regnamespace and relowner = pg_roles.oid),
  exists (select from pg_roles relay where relay.rolname = %(relay)s
          and pg_has_role(current_user, relay.oid, 'SET'))
from pg_roles where rolname = current_user
"""


# What the driver says before the cause; it repeats the address.
_DRIVERS_PREFIX = re.compile(
    r"^(connection (failed|is bad): )?(connection to server .*? failed: )?((FATAL|ERROR): +)?"
)


def roles_sql() -> str:
    """The statements that make the three roles; may be run again and again.

    `school_owner` owns the tables and is used by migrations alone. `school_app` is what the
    processes use: no superuser, no owner, bound by the walls between partners. `school_relay` is
    put on by `school_app` for the one transaction that claims outbox rows and timers.
    """
    return ROLES_SQL


class EmbeddedPostgres:
    """One cluster in a data folder, reached by a socket that other users cannot open."""

    def __init__(
        self,
        data: DataFolder,
        programs: Path,
        *,
        wakeups: Waiting,
        say: Say,
        options: Mapping[str, str] | None = None,
    ) -> None:
        self._data = data
        self._programs = programs
        self._wakeups = wakeups
        self._say = say
        self._identity = identity.for_postgres(data, programs)
        settings = {**OPTIONS, **(options or {}), "unix_socket_directories": str(data.sockets)}
        self.child = Child(
            Program(
                name="postgresql",
                argv=(
                    str(programs / "postgres"),
                    *("-D", str(data.cluster)),
                    *(
                        word
                        for name, value in settings.items()
                        for word in ("-c", f"{name}={value}")
                    ),
                ),
                environ=_environ(),
                log=data.logs / "postgresql.log",
                identity=self._identity,
                stop=signal.SIGINT,
                orphaned=signal.SIGINT,
                patience=60.0,
                folder=Path("/"),
            )
        )

    def start(self) -> None:
        """Make the cluster on the first start, and start the server; it may not answer yet.

        :raises StartRefused: the data is another version's, or the cluster cannot be made.
        """
        if not self._data.cluster.exists():
            self._make_cluster()
        self._refuse_other_version()
        self.clear_leftovers()
        self.child.start()

    def wait(self) -> None:
        """Wait until it takes connections, however long a recovery lasts, and say that it lasts.

        :raises StartRefused: it ended instead.
        """
        begun = time.monotonic()
        told = begun + SILENCE_BEFORE_RECOVERY - RECOVERY_REPORT
        while not self._ready():
            self._wakeups.pause(0.01)
            now = time.monotonic()
            if self.child.exit_code is not None:
                self._try_again_or_refuse(begun)
            elif now - told > RECOVERY_REPORT:
                told = now
                self._say(
                    N_(
                        "PostgreSQL puts its data in order after a sudden end. "
                        "This may take minutes; nothing is lost."
                    )
                )

    def clear_leftovers(self) -> None:
        """Remove what a killed server left; the lock on the data folder says nobody else is here.

        :raises StartRefused: a server of this folder runs on and does not end.
        """
        deadline = time.monotonic() + PATIENCE_WITH_LEFTOVERS
        while (pid := self._still_running()) is not None:
            if time.monotonic() > deadline:
                raise StartRefused(reason="busy", path=str(self._data.path), pid=pid)
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGINT)
            self._wakeups.pause(0.2)
        # A number in these files may meanwhile belong to any other process.
        (self._data.cluster / "postmaster.pid").unlink(missing_ok=True)
        for left in self._data.sockets.glob(".s.PGSQL.*"):
            left.unlink(missing_ok=True)

    def prepare(self) -> None:
        """Make the roles and the database where they are missing."""
        import psycopg

        with psycopg.connect(self.superuser_url("postgres"), autocommit=True) as connection:
            connection.execute(ROLES_SQL)
            query = "select from pg_database where datname = %s"
            if connection.execute(query, [DATABASE]).fetchone() is None:
                for role, secret in ((OWNER_ROLE, "postgres_owner"), (APP_ROLE, "postgres_app")):
                    set_password(connection, role, self._data.secret(secret) or "")
                connection.execute(DATABASE_SQL)

    def superuser_url(self, database: str) -> str:
        """The superuser's address; for the supervisor and the tests only."""
        return self._data.database_url(SUPERUSER, "postgres_superuser", database) or ""

    def _ready(self) -> bool:
        """What the server itself wrote about its state: connecting would fill its log."""
        try:
            lines = (self._data.cluster / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return len(lines) > 7 and lines[0] == str(self.child.pid) and lines[7].startswith("ready")

    def _try_again_or_refuse(self, begun: float) -> None:
        tail = self.child.last_words()
        leftovers = "shared memory block" in tail or "postmaster.pid" in tail
        if not leftovers or time.monotonic() - begun > PATIENCE_WITH_LEFTOVERS:
            raise StartRefused(reason="postgres_failed", log=str(self.child.program.log), tail=tail)
        self._wakeups.pause(0.3)
        self.clear_leftovers()
        self.child.start()

    def _still_running(self) -> int | None:
        """The number of a server that really serves this folder, not of whoever has it now."""
        try:
            pid = int((self._data.cluster / "postmaster.pid").read_text().splitlines()[0])
            command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except (OSError, ValueError, IndexError):
            return None
        ours = os.fsencode(self._data.cluster) in command
        return pid if ours and command[0].endswith(b"postgres") else None

    def _refuse_other_version(self) -> None:
        written = self._data.cluster / "PG_VERSION"
        found = written.read_text().strip() if written.exists() else "?"
        if found != MAJOR:
            path = str(self._data.cluster)
            raise StartRefused(reason="postgres_version", path=path, found=found, ours=MAJOR)

    def _make_cluster(self) -> None:
        """Make it beside its place and move it there whole, so that a kill leaves no half one."""
        self._data.postgres.mkdir(mode=0o700, exist_ok=True)
        fresh = self._data.postgres / "new"
        shutil.rmtree(fresh, ignore_errors=True)
        password = self._data.sockets / "password"
        password.write_text(self._data.secret("postgres_superuser") or "")
        password.chmod(0o600)
        if self._identity.uid is not None and self._identity.gid is not None:
            os.chown(password, self._identity.uid, self._identity.gid)
        try:
            self._initdb(fresh, password)
        finally:
            password.unlink()
        fresh.rename(self._data.cluster)

    def _initdb(self, fresh: Path, password: Path) -> None:
        log = self.child.program.log
        made = subprocess.run(
            [
                *self._identity.prefix,
                str(self._programs / "initdb"),
                *("-D", str(fresh), "-U", SUPERUSER, "-A", "scram-sha-256"),
                *("--pwfile", str(password), "-E", "UTF8", "--locale=C"),
                *("--locale-provider=builtin", "--builtin-locale=PG_UNICODE_FAST"),
                *("--no-instructions", "--data-checksums"),
            ],
            env=_environ(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            cwd="/",
            # Ctrl-C in a terminal reaches us, who then wait for it to end.
            start_new_session=True,
            check=False,
            user=self._identity.uid,
            group=self._identity.gid,
            extra_groups=self._identity.extra_groups,
        )
        with log.open("a") as file:
            file.write(made.stdout + made.stderr)
        if made.returncode != 0:
            raise StartRefused(reason="postgres_failed", log=str(log), tail=self.child.last_words())


def set_password(
    connection: psycopg.Connection[tuple[object, ...]], role: str, password: str
) -> None:
    """Give a role its password."""
    from psycopg import sql

    statement = sql.SQL("alter role {} password {}")
    connection.execute(statement.format(sql.Identifier(role), sql.Literal(password)))


def prepare_external(owner_url: str, app_url: str) -> None:
    """Make the roles in a database of somebody else's, where the owner may.

    :raises StartRefused: roles are missing and may not be made, with the SQL for an administrator;
        or the database does not answer.
    """
    import psycopg

    try:
        with psycopg.connect(owner_url, autocommit=True, connect_timeout=10) as connection:
            missing = _missing_roles(connection)
            if not missing:
                return
            if not _may_create_roles(connection):
                raise StartRefused(
                    reason="roles_missing", roles=", ".join(missing), sql=roles_sql()
                )
            connection.execute(ROLES_SQL)
            _set_app_password(connection, app_url)
    except psycopg.OperationalError as error:
        raise unreachable(error, "DATABASE_OWNER_URL") from error


def unreachable(error: psycopg.OperationalError, name: str) -> StartRefused:
    """The refusal that tells which address did not answer, without repeating it."""
    # The driver tells the cause first; what follows are questions and further attempts.
    first, *_ = str(error).strip().splitlines() or [type(error).__name__]
    detail = _DRIVERS_PREFIX.sub("", first).rstrip(" .?")
    return StartRefused(reason="no_connection", detail=detail, name=name)


def _set_app_password(connection: psycopg.Connection[tuple[object, ...]], app_url: str) -> None:
    parts = urlsplit(app_url)
    if parts.username == APP_ROLE and parts.password:
        set_password(connection, APP_ROLE, parts.password)


def _missing_roles(connection: psycopg.Connection[tuple[object, ...]]) -> list[str]:
    wanted = [OWNER_ROLE, APP_ROLE, RELAY_ROLE]
    rows = connection.execute("select rolname from pg_roles where rolname = any(%s)", [wanted])
    found = {row[0] for row in rows}
    return [role for role in wanted if role not in found]


def _may_create_roles(connection: psycopg.Connection[tuple[object, ...]]) -> bool:
    row = connection.execute(
        "select rolsuper or rolcreaterole from pg_roles where rolname = current_user"
    ).fetchone()
    return bool(row and row[0])


def _environ() -> dict[str, str]:
    """Nothing of ours: a PGDATA or PGHOST of the shell must not reach the embedded server."""
    kept = ("PATH", "HOME", "TMPDIR")
    return {name: os.environ[name] for name in kept if name in os.environ} | {"LC_ALL": "C"}


@dataclass(frozen=True, slots=True)
class Server:
    """A database server as one role finds it."""

    version: int
    role: str
    is_strong: bool
    may_relay: bool


def look_at(url: str) -> Server:
    """What stands behind an address.

    :raises psycopg.OperationalError: it does not answer.
    """
    import psycopg

    with psycopg.connect(url, connect_timeout=10) as connection:
        row = connection.execute(LOOK_SQL, {"relay": RELAY_ROLE}).fetchone()
    assert row is not None
    version, role, is_strong, may_relay = row
    return Server(int(version) // 10000, str(role), bool(is_strong), bool(may_relay))


def refuse_strong_role(server: Server) -> None:
    """The walls between partners bind neither a superuser nor, unforced, an owner.

    :raises StartRefused: the role of the application is one of those.
    """
    if server.is_strong:
        raise StartRefused(reason="role_too_strong", role=server.role)
