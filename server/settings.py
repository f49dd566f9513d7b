"""What an operator decides: read once, from the environment over a file, and frozen."""

from __future__ import annotations

import base64
import binascii
import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from server.data_folder import DataFolder
from server.kernel.errors import SettingsRefused
from server.kernel.problems import Problem

OWNER_ROLE = "school_owner"
APP_ROLE = "school_app"
RELAY_ROLE = "school_relay"

NAMES = (
    "DATABASE_URL",
    "DATABASE_OWNER_URL",
    "REDIS_URL",
    "MENTOR_SCHOOL_CONFIG",
    "MENTOR_SCHOOL_DATA",
    "MENTOR_SCHOOL_LISTEN",
    "MENTOR_SCHOOL_PORT",
    "MENTOR_SCHOOL_BASE_URL",
    "MENTOR_SCHOOL_SECRET_KEY",
    "MENTOR_SCHOOL_PEPPER",
    "MENTOR_SCHOOL_MASTER_KEY_FILE",
    "MENTOR_SCHOOL_MAIL_HOST",
    "MENTOR_SCHOOL_MAIL_PORT",
    "MENTOR_SCHOOL_MAIL_SECURITY",
    "MENTOR_SCHOOL_MAIL_USER",
    "MENTOR_SCHOOL_MAIL_PASSWORD",
    "MENTOR_SCHOOL_MAIL_FROM",
    "MENTOR_SCHOOL_SMS_URL",
    "MENTOR_SCHOOL_SMS_TOKEN",
    "MENTOR_SCHOOL_SMS_SENDER",
    "MENTOR_SCHOOL_SANDBOX",
    "MENTOR_SCHOOL_LOCALE",
    "MENTOR_SCHOOL_POOL_SIZE",
    "MENTOR_SCHOOL_PREPARE_THRESHOLD",
    "MENTOR_SCHOOL_WEB_WORKERS",
    "MENTOR_SCHOOL_WEB_THREADS",
    "MENTOR_SCHOOL_TRUSTED_PROXIES",
    "MENTOR_SCHOOL_API_READS",
    "MENTOR_SCHOOL_API_CHANGES",
)

SHORTEST_SECRET = 32
MASTER_KEY_BYTES = 32
# What the docs and example files print must never guard real data.
EXAMPLES = ("change-me", "changeme", "example", "secret-key", "your-secret")
LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSettings:
    """An SMTP server that takes our mail; `security` is starttls, tls or none."""

    host: str
    port: int
    security: str
    user: str | None
    password: str | None = field(repr=False)
    sender: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsSettings:
    """An HTTP gateway that takes our messages."""

    url: str
    token: str = field(repr=False)
    sender: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything a process is told when it starts.

    `database_is_embedded` and `redis_is_embedded` say that no address was set, so that `up` starts
    these servers. `database_owner_url` is None in processes that must not change the schema.
    `redis_url` is None where no Redis runs: the scheduler then drains the outbox itself. `mail` and
    `sms` are None where that channel is not set. `prepare_threshold` is None behind a pooler that
    cannot keep prepared statements. `master_keys` maps an epoch's number to its 32 bytes.
    `trusted_proxies` is how many proxies stand in front: so many forwarded addresses are believed.
    `api_reads` and `api_changes` are what one token of the API may do in a minute.
    """

    data: DataFolder
    database_is_embedded: bool
    redis_is_embedded: bool
    database_url: str = field(repr=False)
    database_owner_url: str | None = field(repr=False)
    redis_url: str | None = field(repr=False)
    listen: str
    port: int
    base_url: str
    secret_key: str = field(repr=False)
    pepper: str = field(repr=False)
    master_key_file: Path
    master_keys: Mapping[int, bytes] = field(repr=False)
    mail: MailSettings | None
    sms: SmsSettings | None
    sandbox: bool
    locale: str
    pool_size: int
    prepare_threshold: int | None
    web_workers: int
    web_threads: int
    trusted_proxies: int
    api_reads: int
    api_changes: int


def load(environ: Mapping[str, str]) -> Settings:
    """Read the settings of a process; the environment wins over the file.

    Beside a running `up` with its own database, what that `up` was told counts as said to us too,
    so that commands in another terminal find it.

    :raises SettingsRefused: with every problem found, each with its name and what is right.
    """
    reader = _Reader(environ)
    if reader.embedded:
        reader = _Reader({**_assignments_in(reader.data.running), **environ})
    return _settings(reader)


def load_or_create(environ: Mapping[str, str]) -> Settings:
    """Read the settings where one command runs everything: folder and missing keys are made.

    Keys are made for a sandbox or an embedded database only: a production with its own database
    must bring keys that somebody keeps.

    :raises SettingsRefused: as `load`.
    """
    reader = _Reader(environ)
    try:
        reader.data.prepare()
        if reader.sandbox or reader.embedded:
            reader.data.make_keys()
    except OSError as error:
        path = error.filename or str(error)
        reader.problem("SETTING-FOLDER", "MENTOR_SCHOOL_DATA", path=path)
        raise SettingsRefused(problems=reader.problems) from error
    return _settings(reader)


def read_master_keys(path: Path) -> dict[int, bytes]:
    """The epochs of the master key: a folder of `<epoch>.key`, or a file of `<epoch> <key>` lines.

    :raises ValueError: what stands there is not 32 bytes in base64 under a number.
    :raises OSError: the place cannot be read.
    """
    if path.is_dir():
        lines = [(file.stem, file.read_text()) for file in sorted(path.glob("*.key"))]
    else:
        lines = [_epoch_line(line) for line in path.read_text().splitlines() if line.strip()]
    return {int(epoch): _master_key(text.strip()) for epoch, text in lines}


def _epoch_line(line: str) -> tuple[str, str]:
    epoch, _, key = line.strip().partition(" ")
    return epoch, key


def _master_key(text: str) -> bytes:
    try:
        key = base64.b64decode(text.translate({45: 43, 95: 47}), validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error
    if len(key) != MASTER_KEY_BYTES or len(set(key)) < 8:
        raise ValueError("not 32 random bytes")
    return key


def _assignments_in(file: Path) -> dict[str, str]:
    """What a running `up` wrote; nothing where none runs."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    return dict(line.split("=", 1) for line in lines if "=" in line)


class _Reader:
    """The values as written, and the problems found so far."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.problems: list[Problem] = []
        self._values = {**self._from_file(environ.get("MENTOR_SCHOOL_CONFIG")), **_ours(environ)}
        self._refuse_unknown_names()
        self.sandbox = self.flag("MENTOR_SCHOOL_SANDBOX")
        self.embedded = self.text("DATABASE_URL") is None
        self.data = DataFolder(Path(self.text("MENTOR_SCHOOL_DATA") or "var").absolute())

    def problem(self, code: str, name: str, **facts: object) -> None:
        """Note a problem; reading goes on, so that all are told at once."""
        self.problems.append(Problem(code=code, facts={"name": name, **facts}, at=name))

    def text(self, name: str) -> str | None:
        """The value, or None where it is missing or empty."""
        return self._values.get(name, "").strip() or None

    def flag(self, name: str) -> bool:
        value = (self.text(name) or "no").lower()
        if value not in {"1", "0", "yes", "no", "true", "false"}:
            self.problem("SETTING-CHOICE", name, value=value, choices="yes, no")
        return value in {"1", "yes", "true"}

    def choice(self, name: str, choices: tuple[str, ...]) -> str:
        """One of `choices`; the first is the default."""
        value = self.text(name) or choices[0]
        if value not in choices:
            self.problem("SETTING-CHOICE", name, value=value, choices=", ".join(choices))
        return value

    def number(self, name: str, default: int, low: int, high: int) -> int:
        value = self.text(name)
        if value is None:
            return default
        if not value.isascii() or not value.isdigit() or not low <= int(value) <= high:
            self.problem("SETTING-NUMBER", name, value=value, low=low, high=high)
            return default
        return int(value)

    def url(self, name: str, schemes: tuple[str, ...], example: str) -> str | None:
        """A URL of one of the schemes; the value is never repeated, it may hold a password."""
        value = self.text(name)
        if value is not None and _parts(value).scheme not in schemes:
            self.problem("SETTING-URL", name, example=example)
        return value

    def required(self, name: str, beside: str) -> str:
        """A value that another setting calls for."""
        value = self.text(name)
        if value is None:
            self.problem("SETTING-TOGETHER", name, beside=beside)
        return value or ""

    def secret(self, name: str, made: str | None) -> str:
        """A secret from the setting, else the one made on the first start."""
        value = self.text(name) or made
        if value is None:
            self.problem("SETTING-SECRET-MISSING", name, length=SHORTEST_SECRET)
            return ""
        if any(example in value.lower() for example in EXAMPLES):
            self.problem("SETTING-SECRET-EXAMPLE", name)
        elif len(value) < SHORTEST_SECRET or len(set(value)) < 8:
            self.problem("SETTING-SECRET-SHORT", name, length=SHORTEST_SECRET)
        return value

    def _from_file(self, name: str | None) -> dict[str, str]:
        if not name:
            return {}
        try:
            lines = Path(name).read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            self.problem("SETTING-FILE", "MENTOR_SCHOOL_CONFIG", path=name)
            return {}
        return dict(self._assignments(name, lines))

    def _assignments(self, file: str, lines: list[str]) -> Iterator[tuple[str, str]]:
        for number, line in enumerate(lines, start=1):
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            key, equals, value = line.partition("=")
            if not equals:
                self.problem("SETTING-LINE", "MENTOR_SCHOOL_CONFIG", path=file, line=number)
                continue
            yield key.strip(), value.strip().strip("\"'")

    def _refuse_unknown_names(self) -> None:
        # A misspelt name would leave its default in force and nobody would know.
        for name in self._values:
            if name not in NAMES:
                near = difflib.get_close_matches(name, NAMES, n=1, cutoff=0.85)
                code = "SETTING-MISSPELT" if near else "SETTING-UNKNOWN"
                self.problem(code, name, nearest="".join(near))


def _ours(environ: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value
        for name, value in environ.items()
        if name.startswith("MENTOR_SCHOOL_") or name in NAMES
    }


def _parts(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")


def _settings(reader: _Reader) -> Settings:
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


def _database_url(reader: _Reader) -> str:
    url = _postgres(reader, "DATABASE_URL", APP_ROLE)
    url = url or reader.data.database_url(APP_ROLE, "postgres_app")
    if url is None:
        reader.problem("SETTING-DATABASE", "DATABASE_URL", path=str(reader.data.path))
    return url or ""


def _owner_url(reader: _Reader) -> str | None:
    url = _postgres(reader, "DATABASE_OWNER_URL", OWNER_ROLE)
    if url is None and reader.embedded:
        return reader.data.database_url(OWNER_ROLE, "postgres_owner")
    given = reader.text("DATABASE_URL")
    if url and given and _parts(url).username == _parts(given).username:
        reader.problem("SETTING-SAME-ROLE", "DATABASE_URL", beside="DATABASE_OWNER_URL")
    return url


def _postgres(reader: _Reader, name: str, role: str) -> str | None:
    example = f"postgresql://{role}:password@db.example.org/mentor_school"
    return reader.url(name, ("postgresql", "postgres"), example)


def _redis_url(reader: _Reader) -> str | None:
    given = reader.text("REDIS_URL")
    if given == "none":
        return None
    url = reader.url("REDIS_URL", ("redis", "rediss", "unix"), "redis://:password@host:6379/0")
    if url is None and reader.embedded and reader.data.redis_socket.exists():
        return f"unix://{reader.data.redis_socket}"
    return url


def _base_url(reader: _Reader, port: int) -> str:
    name = "MENTOR_SCHOOL_BASE_URL"
    example = "https://school.example.org"
    url = reader.url(name, ("http", "https"), example) or f"http://localhost:{port}"
    parts = _parts(url)
    if parts.path.strip("/") or parts.query or parts.fragment:
        reader.problem("SETTING-URL", name, example=example)
    elif parts.scheme == "https" and reader.sandbox:
        reader.problem("SETTING-SANDBOX", name)
    elif parts.scheme == "http" and parts.hostname not in LOOPBACK:
        reader.problem("SETTING-HTTPS", name, example=example)
    return url.rstrip("/")


def _master_keys(reader: _Reader) -> tuple[Path, dict[int, bytes]]:
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


def _mail(reader: _Reader) -> MailSettings | None:
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


def _sms(reader: _Reader) -> SmsSettings | None:
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


def _prepare_threshold(reader: _Reader) -> int | None:
    if reader.text("MENTOR_SCHOOL_PREPARE_THRESHOLD") == "none":
        return None
    return reader.number("MENTOR_SCHOOL_PREPARE_THRESHOLD", 5, 0, 1000)


def _check_channels(reader: _Reader, settings: Settings) -> None:
    if not (settings.sandbox or settings.mail or settings.sms):
        reader.problem("SETTING-CHANNEL", "MENTOR_SCHOOL_MAIL_HOST", other="MENTOR_SCHOOL_SMS_URL")
