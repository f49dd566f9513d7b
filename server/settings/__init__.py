"""What an operator decides: read once, from the environment over a file, and frozen."""

from server.settings.loading import load, load_or_create
from server.settings.master_keys import read_master_keys
from server.settings.reader import NAMES
from server.settings.values import (
    APP_ROLE,
    OWNER_ROLE,
    RELAY_ROLE,
    MailSettings,
    Settings,
    SmsSettings,
)

__all__ = [
    "APP_ROLE",
    "NAMES",
    "OWNER_ROLE",
    "RELAY_ROLE",
    "MailSettings",
    "Settings",
    "SmsSettings",
    "load",
    "load_or_create",
    "read_master_keys",
]
