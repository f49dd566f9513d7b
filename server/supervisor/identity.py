"""As whom PostgreSQL runs: it refuses root, and root often has no other user at hand."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from server.data_folder import DataFolder
from server.supervisor.errors import StartRefused


@dataclass(frozen=True, slots=True)
class Identity:
    """A user for a child: words to put before its command, or a user id to change to."""

    prefix: tuple[str, ...] = ()
    uid: int | None = None
    gid: int | None = None

    @property
    def extra_groups(self) -> list[int] | None:
        """A changed user keeps none of root's groups; an unchanged one keeps his own."""
        return None if self.uid is None else []


def for_postgres(data: DataFolder, postgres: Path) -> Identity:
    """Who may run PostgreSQL on this data folder.

    Somebody who is not root: himself. Root: the same root under another number, in a user namespace
    of its own, so that no folder changes hands; where the machine forbids that, another user who
    can reach the folder and the program.

    :raises StartRefused: root, without a namespace and without such a user.
    """
    if os.getuid() != 0:
        return Identity()
    if (inside := _namespace()) is not None:
        return inside
    for user in _candidates(data):
        identity = Identity(uid=user.pw_uid, gid=user.pw_gid)
        if _hand_over(data, postgres, identity):
            return identity
    raise StartRefused(reason="root", path=str(data.path))


def _namespace() -> Identity | None:
    unshare = shutil.which("unshare")
    if unshare is None:
        return None
    # initdb looks its user up: the number inside must be one that has a name.
    user = next(user for user in pwd.getpwall() if user.pw_uid != 0)
    prefix = (unshare, "--user", f"--map-user={user.pw_uid}", f"--map-group={user.pw_gid}")
    tried = subprocess.run([*prefix, "true"], capture_output=True, check=False)
    return Identity(prefix=prefix) if tried.returncode == 0 else None


def _candidates(data: DataFolder) -> Iterator[pwd.struct_passwd]:
    """The owner of the data folder where that is not root, PostgreSQL's own user, nobody."""
    owner = data.path.stat().st_uid
    for user in sorted(pwd.getpwall(), key=lambda user: user.pw_uid != owner):
        if user.pw_uid == owner != 0 or user.pw_name in {"postgres", "nobody"}:
            yield user


def _hand_over(data: DataFolder, postgres: Path, identity: Identity) -> bool:
    """Give the user the folders of the database, and see whether it can reach them."""
    assert identity.uid is not None
    assert identity.gid is not None
    data.postgres.mkdir(mode=0o700, exist_ok=True)
    # Only our own folder is opened for passing through; nothing above it is touched.
    data.path.chmod(data.path.stat().st_mode | 0o011)
    for folder in (data.postgres, data.sockets):
        os.chown(folder, identity.uid, identity.gid)
    reach = subprocess.run(
        [
            *("/bin/sh", "-c", '"$0/postgres" --version && test -w "$1" && test -w "$2"'),
            *(str(postgres), str(data.postgres), str(data.sockets)),
        ],
        user=identity.uid,
        group=identity.gid,
        extra_groups=identity.extra_groups,
        cwd="/",
        capture_output=True,
        check=False,
    )
    return reach.returncode == 0
