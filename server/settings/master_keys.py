"""The file or folder that holds the epochs of the master key."""

from __future__ import annotations

import base64
import binascii
from pathlib import Path

MASTER_KEY_BYTES = 32


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
