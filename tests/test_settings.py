"""Settings: read once, all problems told at once, nothing secret shown."""

from __future__ import annotations

import base64

import pytest

from server import settings
from server.data_folder import DataFolder
from server.kernel.errors import SettingsRefused

STRONG = "k3J9-vQx7_wZ2mB8nLr5tYp1sHd6fGc4"


@pytest.fixture
def production(tmp_path):
    """The smallest environment that a real installation starts with."""
    keys = tmp_path / "keys"
    keys.mkdir()
    (keys / "0001.key").write_text(base64.b64encode(bytes(range(32))).decode())
    keys.chmod(0o700)
    return {
        "DATABASE_URL": "postgresql://school_app:pass@db/school",
        "MENTOR_SCHOOL_DATA": str(tmp_path / "data"),
        "MENTOR_SCHOOL_BASE_URL": "https://school.example.org",
        "MENTOR_SCHOOL_SECRET_KEY": STRONG,
        "MENTOR_SCHOOL_PEPPER": STRONG[::-1],
        "MENTOR_SCHOOL_MASTER_KEY_FILE": str(keys),
        "MENTOR_SCHOOL_MAIL_HOST": "mail.example.org",
        "MENTOR_SCHOOL_MAIL_FROM": "school@example.org",
    }


def problems(environ):
    with pytest.raises(SettingsRefused) as refused:
        settings.load(environ)
    return {(problem.at, problem.code) for problem in refused.value.problems}


def test_a_complete_environment_is_taken(production):
    read = settings.load(production)

    assert read.database_owner_url is None
    assert (read.port, read.locale, read.sandbox) == (8000, "ru", False)
    assert read.master_keys == {1: bytes(range(32))}
    assert read.mail is not None
    assert (read.mail.port, read.mail.security) == (587, "starttls")


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("DATABASE_URL", "mysql://db/school", "SETTING-URL"),
        ("DATABASE_URL", "postgresql://[", "SETTING-URL"),
        ("DATABASE_URL", "", "SETTING-DATABASE"),
        ("REDIS_URL", "localhost:6379", "SETTING-URL"),
        ("MENTOR_SCHOOL_PORT", "0", "SETTING-NUMBER"),
        ("MENTOR_SCHOOL_PORT", "70000", "SETTING-NUMBER"),
        ("MENTOR_SCHOOL_PORT", "٨٠٠٠", "SETTING-NUMBER"),  # digits, but not those of a port
        ("MENTOR_SCHOOL_LOCALE", "de", "SETTING-CHOICE"),
        ("MENTOR_SCHOOL_SANDBOX", "perhaps", "SETTING-CHOICE"),
        ("MENTOR_SCHOOL_BASE_URL", "http://school.example.org", "SETTING-HTTPS"),
        ("MENTOR_SCHOOL_BASE_URL", "school.example.org", "SETTING-URL"),
        ("MENTOR_SCHOOL_BASE_URL", "https://school.example.org/app", "SETTING-URL"),
        ("MENTOR_SCHOOL_SECRET_KEY", "", "SETTING-SECRET-MISSING"),
        ("MENTOR_SCHOOL_SECRET_KEY", "short", "SETTING-SECRET-SHORT"),
        ("MENTOR_SCHOOL_SECRET_KEY", "a" * 64, "SETTING-SECRET-SHORT"),
        ("MENTOR_SCHOOL_SECRET_KEY", "change-me-" * 5, "SETTING-SECRET-EXAMPLE"),
        ("MENTOR_SCHOOL_PEPPER", "", "SETTING-SECRET-MISSING"),
        ("MENTOR_SCHOOL_MASTER_KEY_FILE", "/nowhere", "SETTING-MASTER-KEY-MISSING"),
        ("MENTOR_SCHOOL_MAIL_FROM", "", "SETTING-TOGETHER"),
        ("MENTOR_SCHOOL_MAIL_SECURITY", "ssl", "SETTING-CHOICE"),
        ("MENTOR_SCHOOL_SMS_URL", "http://sms.example.org", "SETTING-URL"),
        ("MENTOR_SCHOOL_PREPARE_THRESHOLD", "never", "SETTING-NUMBER"),
        ("MENTOR_SCHOOL_BASEURL", "https://x.example.org", "SETTING-MISSPELT"),
        ("MENTOR_SCHOOL_WHATEVER_THIS_IS_FOR", "1", "SETTING-UNKNOWN"),
    ],
)
def test_a_bad_setting_is_refused_by_name(production, name, value, code):
    found = problems({**production, name: value})

    assert (name, code) in found


def test_all_problems_are_told_at_once(production):
    bad = {"MENTOR_SCHOOL_PORT": "x", "MENTOR_SCHOOL_PEPPER": "", "MENTOR_SCHOOL_LOCALE": "de"}

    assert {name for name, _ in problems({**production, **bad})} == set(bad)


@pytest.mark.parametrize(
    "real",
    [
        {"MENTOR_SCHOOL_BASE_URL": "https://school.example.org"},
        {"MENTOR_SCHOOL_MAIL_HOST": "mail.example.org", "MENTOR_SCHOOL_MAIL_FROM": "a@b.example"},
        {
            "MENTOR_SCHOOL_SMS_URL": "https://sms.example.org",
            "MENTOR_SCHOOL_SMS_TOKEN": "t",
            "MENTOR_SCHOOL_SMS_SENDER": "School",
        },
    ],
)
def test_a_sandbox_with_a_setting_of_production_is_refused(tmp_path, real):
    sandbox = {"MENTOR_SCHOOL_SANDBOX": "yes", "MENTOR_SCHOOL_DATA": str(tmp_path)}

    with pytest.raises(SettingsRefused) as refused:
        settings.load_or_create({**sandbox, **real})

    assert [(found.at, found.code) for found in refused.value.problems] == [
        (next(iter(real)), "SETTING-SANDBOX")
    ]


def test_without_mail_and_sms_and_sandbox_the_start_is_refused(production):
    del production["MENTOR_SCHOOL_MAIL_HOST"], production["MENTOR_SCHOOL_MAIL_FROM"]

    assert problems(production) == {("MENTOR_SCHOOL_MAIL_HOST", "SETTING-CHANNEL")}


def test_the_application_must_not_use_the_owner_s_role(production):
    production["DATABASE_OWNER_URL"] = "postgresql://school_app:other@db/school"

    assert problems(production) == {("DATABASE_URL", "SETTING-SAME-ROLE")}


def test_a_key_that_everybody_can_read_is_refused(production, tmp_path):
    (tmp_path / "keys").chmod(0o755)

    assert problems(production) == {("MENTOR_SCHOOL_MASTER_KEY_FILE", "SETTING-MASTER-KEY-OPEN")}


@pytest.mark.parametrize(
    "text", ["", "1", "not base64!", base64.b64encode(b"short").decode(), "A" * 44]
)
def test_what_is_no_key_is_refused(production, tmp_path, text):
    (tmp_path / "keys" / "0002.key").write_text(text)

    assert problems(production) == {("MENTOR_SCHOOL_MASTER_KEY_FILE", "SETTING-MASTER-KEY")}


def test_one_file_may_hold_several_epochs(tmp_path):
    keys = [bytes(range(start, start + 32)) for start in (0, 100)]
    file = tmp_path / "keys.txt"
    lines = (
        f"{number} {base64.urlsafe_b64encode(key).decode()}" for number, key in enumerate(keys, 7)
    )
    file.write_text("\n".join(lines))

    assert settings.read_master_keys(file) == {7: keys[0], 8: keys[1]}


def test_the_environment_wins_over_the_file(production, tmp_path):
    file = tmp_path / "school.conf"
    file.write_text("# the school\nMENTOR_SCHOOL_PORT = 9000\nMENTOR_SCHOOL_LOCALE='en'\n")
    production |= {"MENTOR_SCHOOL_CONFIG": str(file), "MENTOR_SCHOOL_PORT": "9001"}

    read = settings.load(production)

    assert (read.port, read.locale) == (9001, "en")


def test_a_file_is_refused_with_the_line_that_is_wrong(production, tmp_path):
    file = tmp_path / "school.conf"
    file.write_text("MENTOR_SCHOOL_PORT=9000\nwhat is this\n")

    with pytest.raises(SettingsRefused) as refused:
        settings.load({**production, "MENTOR_SCHOOL_CONFIG": str(file)})

    assert refused.value.problems[0].facts["line"] == 2


def test_a_first_start_makes_keys_that_only_their_owner_can_read(tmp_path):
    environ = {"MENTOR_SCHOOL_SANDBOX": "yes", "MENTOR_SCHOOL_DATA": str(tmp_path / "data")}

    first = settings.load_or_create(environ)
    again = settings.load_or_create(environ)

    assert again == first
    files = [file for file in first.data.keys.rglob("*") if file.is_file()]
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}


def test_keys_are_not_made_for_a_database_of_somebody_else_s(production):
    production["MENTOR_SCHOOL_MASTER_KEY_FILE"] = ""
    production["MENTOR_SCHOOL_PEPPER"] = ""

    with pytest.raises(SettingsRefused) as refused:
        settings.load_or_create(production)

    assert {problem.at for problem in refused.value.problems} == {
        "MENTOR_SCHOOL_PEPPER",
        "MENTOR_SCHOOL_MASTER_KEY_FILE",
    }


def test_nothing_secret_is_shown(production):
    shown = repr(settings.load({**production, "REDIS_URL": "redis://:hidden@host"}))

    assert not any(secret in shown for secret in (STRONG, STRONG[::-1], "pass@", "hidden"))


def test_a_long_path_gets_a_short_place_for_sockets(tmp_path):
    deep = DataFolder(tmp_path / ("deep" * 20) / "data")

    assert len(str(deep.sockets)) < 90
    assert deep.sockets == DataFolder(deep.path).sockets
