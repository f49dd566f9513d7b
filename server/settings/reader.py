"""The values as they are written, by name, and every problem found in reading them."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from server.data_folder import DataFolder
from server.kernel.problems import Problem

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
# What the docs and example files print must never guard real data.
EXAMPLES = ("change-me", "changeme", "example", "secret-key", "your-secret")


class Reader:
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
        if value is not None and url_parts(value).scheme not in schemes:
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


def url_parts(url: str) -> SplitResult:
    """The parts of a URL; all of them empty where it is none."""
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")
