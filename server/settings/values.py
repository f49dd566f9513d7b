"""What a process is told when it starts, frozen; and the names of the database's roles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from server.data_folder import DataFolder

OWNER_ROLE = "school_owner"
APP_ROLE = "school_app"
RELAY_ROLE = "school_relay"


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
