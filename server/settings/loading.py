"""Reading them: every setting with its default, its bounds and what it needs beside it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from server.kernel.errors import SettingsRefused
from server.settings.master_keys import read_master_keys
from server.settings.reader import Reader, url_parts
from server.settings.values import (
    APP_ROLE,
    OWNER_ROLE,
    MailSettings,
    Settings,
    SmsSettings,
)

LOOPBACK = ("localhost", "127.0.0.1", "::1")


def load(environ: Mapping[str, str]) -> Settings:
    """Read the settings of a process; the environment wins over the file.

    Beside a running `up` with its own database, what that `up` was told counts as said to us too,
    so that commands in another terminal find it.

    :raises SettingsRefused: with every problem found, each with its name and what is right.
    """
    reader = Reader(environ)
    if reader.embedded:
        reader = Reader({**_assignments_in(reader.data.running), **environ})
    return _settings(reader)


def load_or_create(environ: Mapping[str, str]) -> Settings:
    """Read the settings where one command runs everything: folder and missing keys are made.

    Keys are made for a sandbox or an embedded database only: a production with its own database
    must bring keys that somebody keeps.

    :raises SettingsRefused: as `load`.
    """
    reader = Reader(environ)
    try:
        reader.data.prepare()
        if reader.sandbox or reader.embedded:
            reader.data.make_keys()
    except OSError as error:
        path = error.filename or str(error)
        reader.problem("SETTING-FOLDER", "MENTOR_SCHOOL_DATA", path=path)
        raise SettingsRefused(problems=reader.problems) from error
    return _settings(reader)


def _assignments_in(file: Path) -> dict[str, str]:
    """What a running `up` wrote; nothing where none runs."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    return dict(line.split("=", 1) for line in lines if "=" in line)


def _settings(reader: Reader) -> Settings:
    port = reader.number("MENTOR_SCHOOL_PORT", 8000, 1, 65535)
    master_key_file, master_keys = _master_keys(reader)
    settings = Settings(
        data=reader.data,
        database_is_embedded=reader.embedded,
        redis_is_embedded=reader.text("REDIS_URL") is None,
        database_url=_database_url(reader),
        database_owner_url=_owner_url(reader),
        redis_url=_redis_url(reader),
        listen=reader.text("MENTOR_SCHOOL_LISTEN") or "127.0.0.1",
        port=port,
        base_url=_base_url(reader, port),
        secret_key=reader.secret("MENTOR_SCHOOL_SECRET_KEY", reader.data.secret("secret_key")),
        pepper=reader.secret("MENTOR_SCHOOL_PEPPER", reader.data.secret("pepper")),
        master_key_file=master_key_file,
        master_keys=master_keys,
        mail=_mail(reader),
        sms=_sms(reader),
        sandbox=reader.sandbox,
        locale=reader.choice("MENTOR_SCHOOL_LOCALE", ("ru", "en")),
        pool_size=reader.number("MENTOR_SCHOOL_POOL_SIZE", 8, 1, 200),
        prepare_threshold=_prepare_threshold(reader),
        web_workers=reader.number("MENTOR_SCHOOL_WEB_WORKERS", 2, 1, 64),
        web_threads=reader.number("MENTOR_SCHOOL_WEB_THREADS", 4, 1, 64),
        trusted_proxies=reader.number("MENTOR_SCHOOL_TRUSTED_PROXIES", 0, 0, 5),
        api_reads=reader.number("MENTOR_SCHOOL_API_READS", 1200, 1, 1_000_000),
        api_changes=reader.number("MENTOR_SCHOOL_API_CHANGES", 300, 1, 1_000_000),
    )
    _check_channels(reader, settings)
    if reader.problems:
        raise SettingsRefused(problems=reader.problems)
    return settings


def _database_url(reader: Reader) -> str:
    url = _postgres(reader, "DATABASE_URL", APP_ROLE)
    url = url or reader.data.database_url(APP_ROLE, "postgres_app")
    if url is None:
        reader.problem("SETTING-DATABASE", "DATABASE_URL", path=str(reader.data.path))
    return url or ""


def _owner_url(reader: Reader) -> str | None:
    url = _postgres(reader, "DATABASE_OWNER_URL", OWNER_ROLE)
    if url is None and reader.embedded:
        return reader.data.database_url(OWNER_ROLE, "postgres_owner")
    given = reader.text("DATABASE_URL")
    if url and given and url_parts(url).username == url_parts(given).username:
        reader.problem("SETTING-SAME-ROLE", "DATABASE_URL", beside="DATABASE_OWNER_URL")
    return url


def _postgres(reader: Reader, name: str, role: str) -> str | None:
    example = f"postgresql://{role}:password@db.example.org/mentor_school"
    return reader.url(name, ("postgresql", "postgres"), example)


def _redis_url(reader: Reader) -> str | None:
    given = reader.text("REDIS_URL")
    if given == "none":
        return None
    url = reader.url("REDIS_URL", ("redis", "rediss", "unix"), "redis://:password@host:6379/0")
    if url is None and reader.embedded and reader.data.redis_socket.exists():
        return f"unix://{reader.data.redis_socket}"
    return url


def _base_url(reader: Reader, port: int) -> str:
    name = "MENTOR_SCHOOL_BASE_URL"
    example = "https://school.example.org"
    url = reader.url(name, ("http", "https"), example) or f"http://localhost:{port}"
    parts = url_parts(url)
    if parts.path.strip("/") or parts.query or parts.fragment:
        reader.problem("SETTING-URL", name, example=example)
    elif parts.scheme == "https" and reader.sandbox:
        reader.problem("SETTING-SANDBOX", name)
    elif parts.scheme == "http" and parts.hostname not in LOOPBACK:
        reader.problem("SETTING-HTTPS", name, example=example)
    return url.rstrip("/")


def _master_keys(reader: Reader) -> tuple[Path, dict[int, bytes]]:
    name = "MENTOR_SCHOOL_MASTER_KEY_FILE"
    given = reader.text(name)
    path = Path(given).absolute() if given else reader.data.master_keys
    try:
        keys = read_master_keys(path)
    except ValueError:
        reader.problem("SETTING-MASTER-KEY", name, path=str(path))
        return path, {}
    except OSError:
        keys = {}
    if not keys:
        reader.problem("SETTING-MASTER-KEY-MISSING", name, path=str(path))
    elif path.stat().st_mode & 0o007:
        reader.problem("SETTING-MASTER-KEY-OPEN", name, path=str(path))
    return path, keys


def _mail(reader: Reader) -> MailSettings | None:
    name = "MENTOR_SCHOOL_MAIL_HOST"
    host = reader.text(name)
    security = reader.choice("MENTOR_SCHOOL_MAIL_SECURITY", ("starttls", "tls", "none"))
    port = reader.number("MENTOR_SCHOOL_MAIL_PORT", 465 if security == "tls" else 587, 1, 65535)
    if host is None:
        return None
    if reader.sandbox:
        reader.problem("SETTING-SANDBOX", name)
    user = reader.text("MENTOR_SCHOOL_MAIL_USER")
    return MailSettings(
        host=host,
        port=port,
        security=security,
        user=user,
        password=reader.required("MENTOR_SCHOOL_MAIL_PASSWORD", "MENTOR_SCHOOL_MAIL_USER")
        if user
        else None,
        sender=reader.required("MENTOR_SCHOOL_MAIL_FROM", name),
    )


def _sms(reader: Reader) -> SmsSettings | None:
    name = "MENTOR_SCHOOL_SMS_URL"
    url = reader.url(name, ("https",), "https://sms.example.org/send")
    if url is None:
        return None
    if reader.sandbox:
        reader.problem("SETTING-SANDBOX", name)
    return SmsSettings(
        url=url,
        token=reader.required("MENTOR_SCHOOL_SMS_TOKEN", name),
        sender=reader.required("MENTOR_SCHOOL_SMS_SENDER", name),
    )


def _prepare_threshold(reader: Reader) -> int | None:
    if reader.text("MENTOR_SCHOOL_PREPARE_THRESHOLD") == "none":
        return None
    return reader.number("MENTOR_SCHOOL_PREPARE_THRESHOLD", 5, 0, 1000)


def _check_channels(reader: Reader, settings: Settings) -> None:
    if not (settings.sandbox or settings.mail or settings.sms):
        reader.problem("SETTING-CHANNEL", "MENTOR_SCHOOL_MAIL_HOST", other="MENTOR_SCHOOL_SMS_URL")
