"""As whom PostgreSQL runs where the supervisor is root."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from server.data_folder import DataFolder
from server.supervisor import binaries, identity
from server.supervisor.errors import StartRefused

as_root = pytest.mark.skipif(os.getuid() != 0, reason="only root has to become somebody else")


@pytest.fixture
def no_namespace(monkeypatch):
    """A machine that forbids user namespaces, as containers often do."""
    monkeypatch.setenv("PATH", "/nowhere")


@pytest.fixture
def reachable():
    """A data folder where another user can come to it."""
    place = Path(tempfile.mkdtemp(prefix="ms-"))
    place.chmod(0o711)
    data = DataFolder(place / "data")
    data.prepare()
    yield data
    shutil.rmtree(place)


@as_root
def test_root_stays_root_under_another_number(reachable):
    found = identity.for_postgres(reachable, binaries.postgres())

    assert found.uid is None
    assert "--user" in found.prefix
    assert reachable.path.stat().st_uid == 0


@as_root
def test_without_a_namespace_another_user_gets_the_database_s_folders_only(reachable, no_namespace):
    above = reachable.path.parent.stat().st_mode

    found = identity.for_postgres(reachable, binaries.postgres())

    assert found.uid not in (None, 0)
    assert reachable.postgres.stat().st_uid == found.uid
    assert reachable.keys.stat().st_uid == 0
    assert reachable.path.parent.stat().st_mode == above


@as_root
def test_without_a_namespace_and_out_of_reach_the_folder_is_named(reachable, no_namespace):
    reachable.path.parent.chmod(0o700)

    with pytest.raises(StartRefused) as refused:
        identity.for_postgres(reachable, binaries.postgres())

    assert refused.value.facts == {"reason": "root", "path": str(reachable.path)}


@pytest.mark.skipif(os.getuid() == 0, reason="root is never himself here")
def test_anybody_else_is_himself(reachable):
    assert identity.for_postgres(reachable, binaries.postgres()) == identity.Identity()
